"""Remains: what is left of an erased person, counted where it lies. Nothing is once their erasure is done."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import msgspec

from application.projection import Connection
from projections.contacts import FAMILY


class ErasedContact(msgspec.Struct, frozen=True):
    """One contact, by its erasure. `has_key`: the key that sealed what they said is still there.

    `files` are those not purged, `tokens` those not revoked, `tracked` the pages and events reported of them.
    """

    contact_id: UUID
    at: datetime
    seq: int
    reason: str
    has_key: bool
    files: int
    tokens: int
    drafts: int
    tracked: int

    @property
    def is_gone(self) -> bool:
        return not (self.has_key or self.files or self.tokens or self.drafts or self.tracked)


# A key that was made after the erasure seals what was said after it, and opens nothing older.
_REMAINS = """
SELECT e.stream_id, e.at, e.tpos, convert_from(e.payload, 'UTF8')::jsonb ->> 'reason',
  EXISTS (SELECT FROM keys.subject k
    WHERE k.tenant_id = s.tenant_id AND k.subject_id = s.stream_id AND k.at < e.at),
  (SELECT count(*) FROM read.file f WHERE f.tenant_id = s.tenant_id AND NOT f.is_purged
    AND (f.contact_id = s.stream_id OR f.subject_id = s.stream_id)),
  (SELECT count(*) FROM access.visitor_token t
    WHERE t.tenant_id = s.tenant_id AND t.contact_id = s.stream_id AND t.revoked_at IS NULL),
  (SELECT count(*) FROM drafts.draft d WHERE d.tenant_id = s.tenant_id AND d.contact_id = s.stream_id),
  (SELECT count(*) FROM track.event v WHERE v.tenant_id = s.tenant_id AND v.visitor_id = s.stream_id)
FROM es.stream s JOIN es.event e ON e.stream_id = s.stream_id AND e.pos BETWEEN s.first_pos AND s.last_pos
WHERE s.tenant_id = %(tenant_id)s AND s.kind = 'contact' AND s.stream_id = ANY(%(ids)s)
  AND e.tenant_id = %(tenant_id)s AND e.type LIKE 'contact.erased.%%'
ORDER BY e.tpos, e.stream_id"""

_BEHIND = """
SELECT p.name FROM es.projection p
LEFT JOIN es.projection_tenant t ON t.name = p.name AND t.build = p.build AND t.tenant_id = %s
WHERE p.state = 'live' AND coalesce(t.tpos, 0) < %s ORDER BY p.name"""


async def read_family(connection: Connection, tenant_id: int, contact_id: UUID) -> tuple[UUID, ...]:
    """Whoever is one person with this contact, itself too; empty where this tenant has no such contact."""
    query = FAMILY + " SELECT contact_id FROM family ORDER BY contact_id"
    cursor = await connection.execute(query.encode(), {"tenant_id": tenant_id, "contact_id": contact_id})
    return tuple(row[0] for row in await cursor.fetchall())


async def read_remains(
    connection: Connection, tenant_id: int, contact_ids: Collection[UUID]
) -> tuple[ErasedContact, ...]:
    """Of those that are erased, in the order of their erasures; one query, asked of the log."""
    cursor = await connection.execute(_REMAINS.encode(), {"tenant_id": tenant_id, "ids": list(contact_ids)})
    return tuple(ErasedContact(*row) for row in await cursor.fetchall())


async def read_models_behind(connection: Connection, tenant_id: int, seq: int) -> tuple[str, ...]:
    """Names of the live read models that have not folded this seq of the tenant."""
    cursor = await connection.execute(_BEHIND, (tenant_id, seq))
    return tuple(row[0] for row in await cursor.fetchall())
