"""A conversation's values for the variables of canned responses, as one agent would say them."""

from __future__ import annotations

from uuid import UUID

import msgspec

from domain.attributes import AttributeValue
from domain.canned_rendering import CUSTOM
from domain.ids import wire
from domain.refusals import NotFound
from interfaces.http.audience import Caller
from interfaces.http.canned_body import Values
from interfaces.http.headers import Connection
from interfaces.http.parts import HttpParts
from interfaces.http.position import reached
from projections.canned_values import read_canned_values


async def values_for(request: Connection, parts: HttpParts, caller: Caller, conversation_id: UUID) -> Values:
    """By name of the variable. Raises NotFound where there is no such conversation."""
    await reached(parts, request, caller.tenant_id, "transcript")
    async with parts.database.tenant(caller.tenant_id) as connection:
        found = await read_canned_values(connection, caller.tenant_id, conversation_id, caller.agent.agent_id)
    if found is None:
        raise NotFound
    custom = {CUSTOM + name: _words(value) for name, value in found.attributes.items()}
    return custom | {
        "contact.name": found.contact_name,
        "contact.email": found.contact_email,
        "agent.name": found.agent_name,
        "conversation.id": wire("conversation", conversation_id),
    }


def _words(value: AttributeValue) -> str | None:
    """A text as it is, a number or a truth as JSON writes it."""
    if value is None or isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode()
