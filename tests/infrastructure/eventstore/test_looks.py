"""Looks: commands that begin together ask the log once, and none answers for another."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import UUID, uuid4

import psycopg
import pytest

from application.log import Appended
from infrastructure.eventstore.looks import Looks
from infrastructure.eventstore.mapper import UnknownEventType
from infrastructure.eventstore.reader import EventReader
from infrastructure.eventstore.rows import StoredRow
from infrastructure.eventstore.store import EventStore
from tests.support.appends import append_of, plain


class CountingReader(EventReader):
    looks = 0

    async def raw_streams(self, tenant_id: int, stream_ids: Sequence[UUID]) -> dict[UUID, list[StoredRow]]:
        self.looks += 1
        return await super().raw_streams(tenant_id, stream_ids)


@pytest.fixture
def reader(store: EventStore) -> CountingReader:
    return CountingReader(store.database, store.mapper)


async def test_a_hundred_streams_of_a_tenant_are_one_query(store: EventStore, reader: CountingReader) -> None:
    pieces = [plain(uuid4(), count=number % 3 + 1) for number in range(100)]
    await asyncio.gather(*[store.append(append_of(7, piece)) for piece in pieces])
    looks = Looks(store.database, reader)
    loaded = await asyncio.gather(*[looks.load(7, piece.stream_id) for piece in pieces])
    assert [stream.events for stream in loaded] == [piece.events for piece in pieces]
    assert reader.looks == 1


async def test_each_tenant_sees_its_own(store: EventStore, reader: CountingReader) -> None:
    stream = uuid4()
    await store.append(append_of(7, plain(stream)))
    looks = Looks(store.database, reader)
    mine, foreign, absent = await asyncio.gather(
        *[looks.load(7, stream), looks.load(8, stream), looks.load(7, uuid4())]
    )
    assert (len(mine.events), foreign.events, absent.events) == (1, (), ())
    assert reader.looks == 2


async def test_a_stream_that_cannot_be_read_spoils_no_other(
    store: EventStore, reader: CountingReader, owner: psycopg.Connection
) -> None:
    good, bad = uuid4(), uuid4()
    for stream in (good, bad):
        await store.append(append_of(7, plain(stream)))
    owner.execute("SET session_replication_role = replica")  # the log's own guard refuses changes
    owner.execute("UPDATE es.event SET type = 'tenant.unheard_of.1' WHERE stream_id = %s", (bad,))
    looks = Looks(store.database, reader)
    read, unread = await asyncio.gather(*[looks.load(7, good), looks.load(7, bad)], return_exceptions=True)
    assert not isinstance(read, BaseException)
    assert isinstance(unread, UnknownEventType)


async def test_commands_are_found_together_each_its_own(store: EventStore) -> None:
    commands = [uuid4() for _ in range(3)]
    for command in commands[:2]:
        await store.append(append_of(7, plain(uuid4()), command_id=command))
    found = await asyncio.gather(*[store.find_command(7, command, b"same") for command in commands])
    assert found == [Appended(1, 1, 1, replayed=True), Appended(2, 2, 2, replayed=True), None]
    assert await store.find_command(8, commands[0], b"same") is None
