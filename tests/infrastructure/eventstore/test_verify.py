"""verify_log: a sound log passes; whatever somebody with all rights changes is found where it is."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import psycopg
import pytest

from infrastructure.eventstore import links
from infrastructure.eventstore.hashing import chain, root, row_hash
from infrastructure.eventstore.rows import COLUMNS, StoredRow
from infrastructure.eventstore.store import EventStore
from infrastructure.eventstore.verify import Verdict, verify_log
from tests.support.appends import Talk, append_of, plain


@contextmanager
def unguarded(owner: psycopg.Connection) -> Iterator[psycopg.Connection]:
    """What only a superuser can do: triggers are off."""
    owner.execute("SET session_replication_role = replica")
    yield owner
    owner.execute("RESET session_replication_role")


async def written(store: EventStore) -> list[Talk]:
    """Six conversations of two tenants, eight messages each, in batches of six events: positions 1 to 54."""
    talks = [Talk(store, tenant_id) for tenant_id in (7, 7, 7, 8, 8, 8)]
    await asyncio.gather(*[talk.start("Ann") for talk in talks])
    for number in range(8):
        await asyncio.gather(*[talk.post(f"message {number}") for talk in talks])
    return talks


async def test_an_empty_log_is_sound(store: EventStore) -> None:
    verdict = await verify_log(store.database)
    assert verdict == Verdict(1, 0, 0, 0, b"")


async def test_a_log_as_it_was_written_is_sound(store: EventStore, monkeypatch: pytest.MonkeyPatch) -> None:
    await written(store)
    seen: list[int] = []
    monkeypatch.setattr(links, "PAGE", 13)
    verdict = await verify_log(store.database, on_progress=seen.append)
    assert (verdict.fault, verdict.events, verdict.last) == (None, 54, 54)
    assert seen == sorted(seen)
    assert len(seen) >= 5


async def test_a_part_is_checked_in_whole_batches_after_what_is_before_it(store: EventStore) -> None:
    await written(store)
    whole = await verify_log(store.database)
    part = await verify_log(store.database, first=30, last=31)
    assert part.is_sound
    assert part.first <= 30
    assert 31 <= part.last < 54
    assert (await verify_log(store.database, first=30)).chain == whole.chain
    assert whole.chain != part.chain


async def test_more_streams_than_are_remembered_are_looked_up_again(
    store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await written(store)
    monkeypatch.setattr(links, "PAGE", 7)
    monkeypatch.setattr("infrastructure.eventstore.verify.REMEMBERED", 6)
    assert (await verify_log(store.database)).is_sound


async def test_a_position_that_no_batch_holds_is_a_fault(store: EventStore) -> None:
    await written(store)
    fault = (await verify_log(store.database, last=60)).fault
    assert fault is not None
    assert (fault.position, fault.chain) == (55, "batch")


TABLES = ("event", "batch", "tenant_batch")

SWAP = """
UPDATE es.event SET {column} = {column} + {spare} WHERE pos = 20;
UPDATE es.event SET {column} = {column} - 1 WHERE pos = 21;
UPDATE es.event SET {column} = {column} - {spare} + 1 WHERE {column} >= {spare};
"""

CHANGES: dict[str, tuple[str, int | None, str]] = {
    "a payload": ("UPDATE es.event SET payload = payload || ' ' WHERE pos = 20", 20, "stream"),
    "who asked": ("UPDATE es.event SET meta = meta || ' ' WHERE pos = 20", 20, "stream"),
    "a time": ("UPDATE es.event SET at = at + interval '1 microsecond' WHERE pos = 20", 20, "stream"),
    "a type": ("UPDATE es.event SET type = 'conversation.note_added.1' WHERE pos = 20", 20, "stream"),
    "a tenant": ("UPDATE es.event SET tenant_id = 9 WHERE pos = 20", 20, "stream"),
    "a hash": ("UPDATE es.event SET hash = sha256('x') WHERE pos = 20", 20, "stream"),
    "an event that is gone": ("DELETE FROM es.event WHERE pos = 20", 20, "batch"),
    "the last event, gone": ("DELETE FROM es.event WHERE pos = 54", 54, "batch"),
    "a batch that is gone": ("DELETE FROM es.batch WHERE batch = 5", None, "batch"),
    "a tenant's link that is gone": (
        "DELETE FROM es.tenant_batch WHERE tenant_id = 8 AND batch = 5",
        None,
        "tenant",
    ),
    "a tenant's link": (
        "UPDATE es.tenant_batch SET chain = sha256('x') WHERE tenant_id = 8 AND batch = 5",
        None,
        "tenant",
    ),
    "a seq": ("UPDATE es.event SET tpos = tpos + 1000 WHERE pos = 20", None, "tenant"),
    "a root": ("UPDATE es.batch SET root = sha256('x') WHERE batch = 5", None, "batch"),
    "a chain": ("UPDATE es.batch SET chain = sha256('x') WHERE batch = 5", None, "batch"),
    "two events that changed places": (SWAP.format(column="pos", spare=1_000_000), None, "batch"),
    "two seqs that changed places": (SWAP.format(column="tpos", spare=1_000_000), None, "tenant"),
}


async def test_every_change_is_found_in_its_place_and_chain(store: EventStore, owner: psycopg.Connection) -> None:
    await written(store)
    for table in TABLES:
        owner.execute(f"CREATE TABLE kept_{table} AS TABLE es.{table}")
    for name, (change, position, kind) in CHANGES.items():
        with unguarded(owner):
            owner.execute(change)
        fault = (await verify_log(store.database)).fault
        assert fault is not None, name
        assert fault.chain == kind, (name, fault)
        assert position in (None, fault.position), (name, fault)
        with unguarded(owner):
            for table in TABLES:
                owner.execute(f"DELETE FROM es.{table}")
                owner.execute(f"INSERT INTO es.{table} SELECT * FROM kept_{table}")
    assert (await verify_log(store.database)).is_sound


async def test_an_event_rewritten_with_all_its_hashes_breaks_the_batch(
    store: EventStore, owner: psycopg.Connection
) -> None:
    """Whoever recomputes the stream to its end still cannot make the batches fit."""
    talk = (await written(store))[0]
    rows = await store.reader.raw_stream(7, talk.stream_id)
    head = rows[3].hash
    with unguarded(owner):
        for row in rows[4:]:
            owner.execute("UPDATE es.event SET payload = payload || ' ' WHERE pos = %s", (row.pos,))
            found = owner.execute(f"SELECT {COLUMNS} FROM es.event WHERE pos = %s", (row.pos,)).fetchone()
            assert found is not None
            head = row_hash(head, StoredRow(*found))
            owner.execute("UPDATE es.event SET hash = %s WHERE pos = %s", (head, row.pos))
    fault = (await verify_log(store.database)).fault
    assert fault is not None
    assert fault.chain == "batch"
    assert rows[3].pos < fault.position <= rows[4].pos


async def test_batches_that_changed_places_are_found(store: EventStore, owner: psycopg.Connection) -> None:
    await written(store)
    with unguarded(owner):
        owner.execute("UPDATE es.batch SET batch = CASE batch WHEN 4 THEN -5 ELSE -4 END WHERE batch IN (4, 5)")
        owner.execute("UPDATE es.batch SET batch = -batch WHERE batch < 0")
    fault = (await verify_log(store.database)).fault
    assert fault is not None
    assert fault.chain == "batch"


async def test_a_stream_of_the_library_that_begins_at_version_0_is_sound(store: EventStore) -> None:
    stream = uuid4()
    first = await store.append(append_of(7, plain(stream, -1)))
    for before in range(3):
        first = await store.append(append_of(7, plain(stream, before, first.heads[0])))
    assert (await verify_log(store.database)).is_sound
    assert (await verify_log(store.database, first=2)).is_sound


def test_the_chains_are_what_the_documentation_says() -> None:
    assert root([b"a", b"b"]).hex() == "fb8e20fc2e4c3f248c60c39bd652f3c1347298bb977b8b4d5903b85055620603"
    assert chain(b"", 1, b"r") != chain(b"", 2, b"r") != chain(b"x", 2, b"r")
