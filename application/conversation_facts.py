"""What the conditions of automations look at, gathered for one conversation; what others have is looked up."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from uuid import UUID

from application.widget_rules import settings_of
from application.work import Work
from domain.automation_conditions import Condition, ContactIsVerified, ConversationFacts, IsOpen
from domain.contact import Contact
from domain.conversation import Conversation
from domain.ids import parse, wire
from domain.refusals import NotFound
from domain.team import Team


async def facts_of(
    work: Work, conversation: Conversation, conditions: Sequence[Condition], text: str | None
) -> ConversationFacts:
    """As things stand now; only what these conditions ask for is looked up. `text`: the message that counts."""
    handling = conversation.handling
    hours = [one for one in conditions if isinstance(one, IsOpen)]
    asks_who = any(isinstance(one, ContactIsVerified) for one in conditions)
    return ConversationFacts(
        text=text,
        channel=conversation.channel,
        widget=_maybe_wire("widget", conversation.widget_id),
        labels=conversation.labels,
        priority=conversation.priority,
        team=_maybe_wire("team", handling.team_id),
        assignee=_maybe_wire("agent", handling.assignee_id),
        status=handling.status,
        handled_by=handling.handled_by,
        attributes=conversation.attributes,
        is_verified=asks_who and await _is_verified(work, conversation),
        is_open=not hours or await _is_open_here(work, conversation),
        open_teams=frozenset([one.team for one in hours if one.team and await _is_open(work, one.team)]),
    )


async def _is_verified(work: Work, conversation: Conversation) -> bool:
    with suppress(NotFound):  # a contact whom nobody introduced is nobody known
        return (await work.look_up(Contact, conversation.contact_id)).is_verified
    return False


async def _is_open_here(work: Work, conversation: Conversation) -> bool:
    team_id = conversation.handling.team_id
    if team_id is not None:
        return await _is_open(work, wire("team", team_id))
    return not (await settings_of(work, conversation.widget_id)).is_closed(work.stamp.at)


async def _is_open(work: Work, team: str) -> bool:
    """A team that is gone is never open."""
    with suppress(NotFound):
        found = await work.look_up(Team, parse("team", team))
        return not found.is_removed and found.routing.is_open(work.stamp.at)
    return False


def _maybe_wire(noun: str, id: UUID | None) -> str | None:
    return None if id is None else wire(noun, id)
