"""Drafts: what an agent has typed and not sent, sealed under the key of the person it is about.

Not events: nobody has said anything yet. Destroying the person's key deletes them (a foreign key sees to it), and
whoever has not touched one for 30 days has none any more.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from psycopg.errors import ForeignKeyViolation

from domain.personal import readable
from domain.refusals import NotFound
from infrastructure.eventstore.keyring import Keyring
from infrastructure.eventstore.sealing import place
from infrastructure.postgres import Connection, Database

KEPT = timedelta(days=30)


class Draft(msgspec.Struct, frozen=True):
    text: str
    at: datetime


class DraftOwner(msgspec.Struct, frozen=True):
    """Each agent has one draft in a conversation, and sees no other's."""

    tenant_id: int
    conversation_id: UUID
    agent_id: UUID

    @property
    def place(self) -> bytes:
        """What its sealed text is bound to."""
        return place(self.tenant_id, self.conversation_id, 0, f"draft/{self.agent_id.hex}")


class Drafts:
    def __init__(self, database: Database, keyring: Keyring) -> None:
        self._database = database
        self._keyring = keyring

    async def write(self, owner: DraftOwner, text: str) -> Draft:
        """In place of the one before. Raises NotFound where the tenant has no such conversation."""
        contact_id = await self._contact(owner)
        await self._keyring.ensure([(owner.tenant_id, contact_id)])
        try:
            return await self._store(owner, contact_id, text)
        except ForeignKeyViolation:
            # Erased by another process less than a minute ago: the key we still knew is destroyed.
            self._keyring.forget(owner.tenant_id, contact_id)
            raise NotFound from None

    async def read(self, owner: DraftOwner) -> Draft:
        """Raises NotFound where there is none that can be read."""
        async with self._database.tenant(owner.tenant_id) as connection:
            cursor = await connection.execute(
                f"SELECT contact_id, sealed, at FROM drafts.draft WHERE {_OWNED}", msgspec.structs.asdict(owner)
            )
            found = await cursor.fetchone()
        if found is None:
            raise NotFound
        contact_id, sealed, at = found
        await self._keyring.load([(owner.tenant_id, contact_id)])
        key = self._keyring.find(owner.tenant_id, contact_id)
        text = None if key is None else readable(key.open(sealed, owner.place))
        if text is None:
            raise NotFound
        return Draft(text, at)

    async def discard(self, owner: DraftOwner) -> None:
        """Discarding twice changes nothing. Raises NotFound where the tenant has no such conversation."""
        await self._contact(owner)
        async with self._database.tenant(owner.tenant_id) as connection:
            await connection.execute(f"DELETE FROM drafts.draft WHERE {_OWNED}", msgspec.structs.asdict(owner))

    async def sweep(self) -> int:
        """Delete what nobody touched for KEPT; how many. It was never said, and by now it never will be."""
        async with self._database.worker() as connection:
            cursor = await connection.execute("DELETE FROM drafts.draft WHERE at < now() - %s", (KEPT,))
            return cursor.rowcount

    async def _store(self, owner: DraftOwner, contact_id: UUID, text: str) -> Draft:
        key = self._keyring.find(owner.tenant_id, contact_id)
        if key is None:
            raise NotFound
        values = msgspec.structs.asdict(owner)
        values |= {"contact_id": contact_id, "sealed": key.seal(text, owner.place)}
        async with self._database.tenant(owner.tenant_id) as connection:
            cursor = await connection.execute(_UPSERT, values)
            found = await cursor.fetchone()
        assert found is not None
        return Draft(text, found[0])

    async def _contact(self, owner: DraftOwner) -> UUID:
        async with self._database.tenant(owner.tenant_id) as connection:
            contact_id = await _contact_of(connection, owner)
        if contact_id is None:
            raise NotFound
        return contact_id


async def _contact_of(connection: Connection, owner: DraftOwner) -> UUID | None:
    """Whom the conversation is with, by its first event: one look-up, and no read model to wait for."""
    cursor = await connection.execute(
        "SELECT (convert_from(e.payload, 'UTF8')::jsonb ->> 'contact_id')::uuid FROM es.stream s "
        "JOIN es.event e ON e.pos = s.first_pos "
        "WHERE s.stream_id = %s AND s.tenant_id = %s AND s.kind = 'conversation'",
        (owner.conversation_id, owner.tenant_id),
    )
    found = await cursor.fetchone()
    return found[0] if found else None


_OWNED = "tenant_id = %(tenant_id)s AND conversation_id = %(conversation_id)s AND agent_id = %(agent_id)s"
_UPSERT = """
INSERT INTO drafts.draft (tenant_id, conversation_id, agent_id, contact_id, sealed)
VALUES (%(tenant_id)s, %(conversation_id)s, %(agent_id)s, %(contact_id)s, %(sealed)s)
ON CONFLICT (tenant_id, conversation_id, agent_id)
  DO UPDATE SET contact_id = EXCLUDED.contact_id, sealed = EXCLUDED.sealed, at = now()
RETURNING at"""
