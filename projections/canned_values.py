"""What the variables of a canned response stand for, in one conversation and for one agent."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import msgspec

from application.projection import Connection
from domain.attributes import AttributeValue
from projections.thread import stored_attributes


class CannedValues(msgspec.Struct, frozen=True):
    """Names and e-mail are None where never given, or erased; `attributes` are the conversation's."""

    contact_name: str | None
    contact_email: str | None
    agent_name: str | None
    attributes: Mapping[str, AttributeValue]


_VALUES = """
SELECT p.name, p.email, a.name, c.attributes FROM read.conversation c
LEFT JOIN read.person p ON p.tenant_id = c.tenant_id AND p.contact_id = c.contact_id
LEFT JOIN read.agent a ON a.tenant_id = c.tenant_id AND a.agent_id = %s
WHERE c.tenant_id = %s AND c.conversation_id = %s"""


async def read_canned_values(
    connection: Connection, tenant_id: int, conversation_id: UUID, agent_id: UUID
) -> CannedValues | None:
    """None where this tenant has no such conversation."""
    cursor = await connection.execute(_VALUES, (agent_id, tenant_id, conversation_id))
    found = await cursor.fetchone()
    if found is None:
        return None
    contact_name, contact_email, agent_name, attributes = found
    return CannedValues(contact_name, contact_email, agent_name, stored_attributes(attributes))
