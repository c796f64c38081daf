"""Partitions: the next one is there before the current one is full, and nobody waits for it."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import psycopg
import pytest

from infrastructure.eventstore.partitions import Fill, keep_partitions, make_partitions, read_fill
from infrastructure.eventstore.store import EventStore
from infrastructure.eventstore.verify import verify_log
from infrastructure.postgres import Database
from tests.support.appends import append_of, plain


@pytest.fixture
def narrow(owner: psycopg.Connection) -> psycopg.Connection:
    """A log whose partitions hold twenty events."""
    owner.execute("DROP TABLE es.event_1")
    owner.execute("SELECT es.make_partitions(20)")
    return owner


def partitions(owner: psycopg.Connection) -> list[str]:
    rows = owner.execute(
        "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'es.event'::regclass ORDER BY inhrelid"
    )
    return [row[0] for row in rows.fetchall()]


async def test_the_next_partition_is_made_when_the_current_one_is_half_full(
    store: EventStore, narrow: psycopg.Connection
) -> None:
    await store.append(append_of(7, plain(uuid4(), count=9)))
    assert narrow.execute("SELECT es.make_partitions(20)").fetchone() == (0,)
    await store.append(append_of(7, plain(uuid4())))
    assert narrow.execute("SELECT es.make_partitions(20)").fetchone() == (1,)
    assert partitions(narrow) == ["es.event_1", "es.event_21"]


async def test_streams_and_positions_cross_the_border(store: EventStore, narrow: psycopg.Connection) -> None:
    stream, head = uuid4(), b""
    for before in range(0, 60, 4):
        narrow.execute("SELECT es.make_partitions(20)")
        head = (await store.append(append_of(7, plain(stream, before, head, count=4)))).heads[0]
    assert partitions(narrow) == ["es.event_1", "es.event_21", "es.event_41", "es.event_61"]
    assert [one.version for one in await store.reader.stream(7, stream)] == list(range(1, 61))
    assert [row.pos for row in await store.reader.raw_page(15, 10)] == list(range(16, 26))
    assert (await verify_log(store.database)).is_sound


async def test_without_a_partition_nothing_is_stored_and_with_one_all_goes_on(
    store: EventStore, narrow: psycopg.Connection
) -> None:
    await store.append(append_of(7, plain(uuid4(), count=19)))
    with pytest.raises(psycopg.errors.CheckViolation):
        await store.append(append_of(7, plain(uuid4(), count=2)))
    assert await store.reader.head() == 19
    narrow.execute("SELECT es.make_partitions(20)")
    assert (await store.append(append_of(7, plain(uuid4(), count=2)))).last_position == 21


async def test_a_new_partition_is_guarded_like_the_others(store: EventStore, narrow: psycopg.Connection) -> None:
    await store.append(append_of(7, plain(uuid4(), count=15)))
    narrow.execute("SELECT es.make_partitions(20)")
    await store.append(append_of(7, plain(uuid4(), count=15)))
    for change in ("UPDATE es.event_21 SET type = type", "DELETE FROM es.event_21", "TRUNCATE es.event_21"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
            narrow.execute(change)
    with pytest.raises(psycopg.errors.UniqueViolation):
        narrow.execute(
            "INSERT INTO es.event SELECT 40, tpos, tenant_id, stream_id, version, type, at, xid, payload, meta, "
            "hash FROM es.event WHERE pos = 30"
        )


async def test_a_partition_is_made_beside_a_long_reader_and_a_writer(
    store: EventStore, narrow: psycopg.Connection, database_url: str
) -> None:
    """A dump that reads for an hour must not keep the log from growing, nor appends waiting."""
    await store.append(append_of(7, plain(uuid4(), count=15)))
    with psycopg.connect(database_url) as reader:
        reader.execute("SELECT count(*) FROM es.event")
        narrow.execute("SET lock_timeout = '1s'")
        assert narrow.execute("SELECT es.make_partitions(20)").fetchone() == (1,)
        await asyncio.wait_for(store.append(append_of(7, plain(uuid4(), count=10))), 2)


async def test_the_fill_says_how_much_room_is_left(database: Database, narrow: psycopg.Connection) -> None:
    assert await read_fill(database) == Fill(0, 20, 20)
    assert not Fill(15, 20, 20).is_short
    assert Fill(17, 20, 20).is_short
    assert Fill(17, 20, 20).room == 3


async def test_keeping_partitions_makes_what_is_missing_and_survives_a_failure(
    database: Database, owner: psycopg.Connection
) -> None:
    owner.execute("DROP TABLE es.event_1")
    owner.execute("SELECT pg_advisory_lock(7002)")
    keeping = asyncio.create_task(keep_partitions(database, every=0.01))
    await asyncio.sleep(0)
    owner.execute("SELECT pg_advisory_unlock(7002)")
    while not partitions(owner):
        assert not keeping.done()
        await asyncio.sleep(0.01)
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    assert await make_partitions(database) == 0
