"""Kin: the contacts that are one visitor: their own, and those a signed identity joined with it.

What an agent merged is no kin (see application/joining.py): the agent may be wrong.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from uuid import UUID

import psycopg
from psycopg_pool import PoolTimeout

from domain.refusals import Unavailable
from infrastructure.postgres import Database

DEADLINE = 5.0
"""Seconds a look-up may take."""

_EVENTS = """
FROM es.stream s JOIN es.event e ON e.stream_id = s.stream_id AND e.pos BETWEEN s.first_pos AND s.last_pos
WHERE s.tenant_id = %(tenant_id)s AND s.kind = 'contact' AND e.tenant_id = %(tenant_id)s"""

_INTO = "(convert_from(e.payload, 'UTF8')::jsonb ->> 'into_id')::uuid"

# A contact's last word on whose it is: linked into somebody, merged by an agent, or taken apart again.
_LINKED = f"""
SELECT stream_id FROM (
  SELECT DISTINCT ON (s.stream_id) s.stream_id, e.type, {_INTO} AS into_id {_EVENTS}
    AND s.stream_id = ANY(%(ids)s)
    AND e.type LIKE ANY ('{{contact.linked.%%,contact.merged.%%,contact.unmerged.%%}}')
  ORDER BY s.stream_id, e.version DESC) last
WHERE type LIKE 'contact.linked.%%' AND into_id = %(known_id)s"""

_ABSORBED = f"""
SELECT DISTINCT (convert_from(e.payload, 'UTF8')::jsonb ->> 'contact_id')::uuid {_EVENTS}
  AND s.stream_id = %(known_id)s AND e.type LIKE 'contact.absorbed.%%'"""


class Kin:
    """Asked of the log, so it is never older than the question."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, tenant_id: int, contact_id: UUID) -> frozenset[UUID]:
        """This contact, and all that are linked into it now. Raises Unavailable."""
        absorbed = await self._ask(_ABSORBED, tenant_id, contact_id, ())
        linked = await self._ask(_LINKED, tenant_id, contact_id, absorbed) if absorbed else []
        return frozenset([contact_id, *linked])

    async def is_one(self, tenant_id: int, contact_id: UUID, known_id: UUID) -> bool:
        """Whether who came as `known_id` speaks for `contact_id`. Raises Unavailable."""
        if contact_id == known_id:
            return True
        return bool(await self._ask(_LINKED, tenant_id, known_id, [contact_id]))

    async def _ask(self, query: str, tenant_id: int, known_id: UUID, ids: Collection[UUID]) -> list[UUID]:
        facts = {"tenant_id": tenant_id, "known_id": known_id, "ids": list(ids)}
        try:
            async with asyncio.timeout(DEADLINE), self._database.tenant(tenant_id) as connection:
                cursor = await connection.execute(query.encode(), facts)
                return [row[0] for row in await cursor.fetchall()]
        except (psycopg.Error, PoolTimeout, TimeoutError) as error:
            raise Unavailable from error
