"""A conversation's values for the variables in the texts of automations and macros: those of canned responses."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from uuid import UUID

import msgspec

from application.work import Work
from domain.agent import Agent
from domain.attributes import AttributeValue
from domain.canned_rendering import CUSTOM
from domain.contact import Contact
from domain.conversation import Conversation
from domain.ids import wire
from domain.personal import readable
from domain.refusals import NotFound


async def values_of(work: Work, conversation: Conversation) -> Mapping[str, str | None]:
    """`agent.name` is who acts, else who has the conversation. What is unknown or erased is None."""
    custom = {CUSTOM + name: _words(value) for name, value in conversation.attributes.items()}
    name, email = await _contact(work, conversation.contact_id)
    acting = work.actor.by.id if work.actor.by.kind == "agent" else conversation.handling.assignee_id
    return custom | {
        "contact.name": name,
        "contact.email": email,
        "agent.name": None if acting is None else await _agent(work, acting),
        "conversation.id": wire("conversation", conversation.id),
    }


async def _contact(work: Work, contact_id: UUID) -> tuple[str | None, str | None]:
    with suppress(NotFound):
        contact = await work.look_up(Contact, contact_id)
        return readable(contact.name), readable(contact.email)
    return None, None


async def _agent(work: Work, agent_id: UUID) -> str | None:
    with suppress(NotFound):
        return readable((await work.look_up(Agent, agent_id)).name)
    return None


def _words(value: AttributeValue) -> str | None:
    """A text as it is, a number or a truth as JSON writes it."""
    if value is None or isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode()
