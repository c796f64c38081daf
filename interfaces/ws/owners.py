"""Owners: which contact a conversation belongs to, remembered from the events that went by."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterable
from uuid import UUID

import psycopg

from domain.refusals import Unavailable
from infrastructure.postgres import Database

DEADLINE = 5.0
"""Seconds a look-up may take."""

QUERY = """
SELECT s.stream_id, (convert_from(e.payload, 'UTF8')::jsonb ->> 'contact_id')::uuid
FROM es.stream s JOIN es.event e ON e.pos = s.first_pos
WHERE s.tenant_id = %s AND s.kind = 'conversation' AND s.stream_id = ANY(%s)
"""


class Owners:
    """At most `size` conversations of all tenants; the least recently used is looked up again."""

    def __init__(self, database: Database, size: int) -> None:
        self._database = database
        self._size = size
        self._contacts: OrderedDict[tuple[int, UUID], UUID] = OrderedDict()

    def remember(self, tenant_id: int, conversation_id: UUID, contact_id: UUID) -> None:
        key = (tenant_id, conversation_id)
        self._contacts[key] = contact_id
        self._contacts.move_to_end(key)
        if len(self._contacts) > self._size:
            self._contacts.popitem(last=False)

    def find(self, tenant_id: int, conversation_id: UUID) -> UUID | None:
        """The contact, if it is remembered."""
        return self._contacts.get((tenant_id, conversation_id))

    async def learn(self, tenant_id: int, conversation_ids: Iterable[UUID]) -> None:
        """Looks up those that are not remembered, in one query. Raises Unavailable."""
        missing = [one for one in set(conversation_ids) if (tenant_id, one) not in self._contacts]
        if not missing:
            return
        for conversation_id, contact_id in await self._look_up(tenant_id, missing):
            self.remember(tenant_id, conversation_id, contact_id)

    async def of(self, tenant_id: int, conversation_id: UUID) -> UUID | None:
        """The contact, None where the tenant has no such conversation. Raises Unavailable."""
        await self.learn(tenant_id, [conversation_id])
        return self.find(tenant_id, conversation_id)

    async def _look_up(self, tenant_id: int, conversation_ids: list[UUID]) -> list[tuple[UUID, UUID]]:
        try:
            async with asyncio.timeout(DEADLINE), self._database.tenant(tenant_id) as connection:
                cursor = await connection.execute(QUERY, (tenant_id, conversation_ids))
                return [(row[0], row[1]) for row in await cursor.fetchall()]
        except (psycopg.Error, TimeoutError) as error:
            raise Unavailable from error
