"""Audience: the tenant's contacts as a segment asks about them, page by page in order of their ids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from application.campaign_ports import Member
from application.projection import Connection
from domain.attributes import AttributeValue
from domain.campaign_rules import Person, Segment
from projections.contacts import FAMILY

_BEFORE_ALL = UUID(int=0)

_LABELS = """ARRAY(SELECT DISTINCT l.label FROM read.inbox i
  JOIN read.inbox_label l ON l.tenant_id = i.tenant_id AND l.conversation_id = i.conversation_id
  WHERE i.tenant_id = c.tenant_id AND i.contact_id = c.contact_id)"""

_PERSON = " SELECT c.contact_id, c.is_verified, c.attributes, c.last_at, {labels} FROM read.contact c "

_PAGE = """WHERE c.tenant_id = %(tenant_id)s AND c.contact_id > %(after)s AND c.merged_into IS NULL
  AND NOT c.is_erased AND c.version > 0 ORDER BY c.contact_id LIMIT %(limit)s"""

_ONE = """JOIN up ON up.contact_id = c.contact_id
WHERE c.tenant_id = %(tenant_id)s AND c.merged_into IS NULL AND NOT c.is_erased"""


async def read_members(
    connection: Connection, tenant_id: int, segment: Segment, after: UUID | None, limit: int
) -> Sequence[Member]:
    """Nobody who is part of somebody else, or erased. Their labels only where the segment asks for one."""
    values = {"tenant_id": tenant_id, "after": after or _BEFORE_ALL, "limit": limit}
    found = await connection.execute((_select(segment) + _PAGE).encode(), values)
    return [_member(row) for row in await found.fetchall()]


async def read_person(connection: Connection, tenant_id: int, contact_id: UUID) -> Person | None:
    """Of everybody who is one with them the one that stands; None for somebody whom the tenant has not met."""
    values = {"tenant_id": tenant_id, "contact_id": contact_id}
    query = FAMILY + _PERSON.format(labels=_LABELS) + _ONE
    row = await (await connection.execute(query.encode(), values)).fetchone()
    return None if row is None else _member(row).person


def _select(segment: Segment) -> str:
    return _PERSON.format(labels=_LABELS if segment.label is not None else "'{}'::text[]")


def _member(row: tuple[Any, ...]) -> Member:
    contact_id, is_verified, attributes, last_at, labels = row
    known = msgspec.convert(attributes, dict[str, AttributeValue])
    return Member(contact_id, Person(is_verified, known, frozenset(labels), last_at))
