"""EventStore: the application's event log on PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

from application.log import Append, Appended, LoadedStream, Recorded
from infrastructure.eventstore.keyring import Keyring
from infrastructure.eventstore.looks import Looks
from infrastructure.eventstore.mapper import EventMapper
from infrastructure.eventstore.reader import EventReader
from infrastructure.eventstore.rows import StoredRow
from infrastructure.eventstore.writer import GroupWriter
from infrastructure.postgres import Database

Committed = Callable[[Sequence[StoredRow]], None]


class EventStore:
    """Implements `application.log.EventLog`. `on_commit` is called in position order, and must not block."""

    def __init__(self, database: Database, master_key: bytes) -> None:
        self.database = database
        self.keyring = Keyring(database, master_key)
        self.mapper = EventMapper(self.keyring)
        self.reader = EventReader(database, self.mapper)
        self.on_commit: list[Committed] = []
        self._looks = Looks(database, self.reader)
        self._writer = GroupWriter(database.url, self._announce, lambda: bool(self.on_commit))

    async def start(self) -> None:
        await self._writer.start()

    async def stop(self) -> None:
        """Waits for what is under way."""
        await self._writer.stop()

    async def load(self, tenant_id: int, stream_id: UUID) -> LoadedStream:
        return await self._looks.load(tenant_id, stream_id)

    async def append(self, append: Append) -> Appended:
        slices = await self.mapper.seal(append)
        return await self._writer.append(
            append.tenant_id, append.meta.command_id, append.fingerprint, slices, append.charges, append.seats
        )

    async def find_command(self, tenant_id: int, command_id: UUID, fingerprint: bytes) -> Appended | None:
        return await self._looks.find_command(tenant_id, command_id, fingerprint)

    async def read(self, tenant_id: int, first_position: int, last_position: int) -> Sequence[Recorded]:
        return await self.reader.between(tenant_id, first_position, last_position)

    async def head(self, tenant_id: int) -> int:
        return await self._looks.head(tenant_id)

    def _announce(self, rows: Sequence[StoredRow]) -> None:
        for listener in self.on_commit:
            try:
                listener(rows)
            except Exception as error:  # whoever listens must not stop the writer: what it has is durable
                complaint = {"message": f"{listener} failed after a commit", "exception": error}
                asyncio.get_running_loop().call_exception_handler(complaint)


@asynccontextmanager
async def open_event_store(url: str, master_key: bytes) -> AsyncGenerator[EventStore]:
    """A started store with its own pools. Raises psycopg.OperationalError."""
    database = Database(url)
    await database.open()
    store = EventStore(database, master_key)
    try:
        await store.start()
        yield store
    finally:
        await store.stop()
        await database.close()
