"""es.append: the quick way for batches that go in whole and the general way leave the same log behind."""

from __future__ import annotations

import random
from collections.abc import Sequence
from uuid import UUID, uuid4

import psycopg
import pytest

from infrastructure.eventstore.append_call import connect_append
from infrastructure.eventstore.batch import append_batch
from infrastructure.eventstore.hashing import event_hash
from infrastructure.eventstore.pending import Pending, SealedEvent, SealedSlice
from infrastructure.eventstore.verify import verify_log
from infrastructure.postgres import Database
from infrastructure.standing import StandingPipeline
from tests.support.appends import META, NOON

TYPE = "tenant.renamed.1"
TABLES = {
    "es.event": "pos, tpos, tenant_id, stream_id, version, type, at, payload, meta, hash",
    "es.stream": "stream_id, tenant_id, kind, version, first_pos, last_pos, last_hash",
    "es.command": "tenant_id, command_id, fingerprint, first_pos, last_pos, tpos",
    "es.tenant_batch": "tenant_id, batch, first_tpos, tpos, chain",
    "es.batch": "batch, first_pos, last_pos, root, chain",
}

Heads = dict[UUID, tuple[int, int, bytes]]
"""stream -> (tenant, version, last hash)"""


def command(heads: Heads, tenant_id: int, streams: Sequence[UUID], chance: random.Random) -> Pending:
    """One command over these streams, with one to three events in each."""
    slices = []
    for stream_id in streams:
        _, version, head = heads.get(stream_id, (tenant_id, 0, b""))
        events, before = list[SealedEvent](), version
        for _ in range(chance.randint(1, 3)):
            version += 1
            head = event_hash(head, tenant_id, stream_id, version, TYPE, NOON, b"{}", META)
            events.append(SealedEvent(TYPE, NOON, b"{}", META, head))
        slices.append(SealedSlice(stream_id, "tenant", before, tuple(events)))
        heads[stream_id] = (tenant_id, version, head)
    numbers = tuple([piece.stream_id.int for piece in slices])
    return Pending(tenant_id, uuid4(), b"print", slices, numbers, [])


def batches(seed: int) -> list[list[Pending]]:
    """Ten batches of one to eight commands of four tenants; a stream appears once in a batch."""
    chance, heads, made = random.Random(seed), Heads(), list[list[Pending]]()
    for _ in range(10):
        used, batch = set[UUID](), list[Pending]()
        for _ in range(chance.randint(1, 8)):
            tenant_id = chance.randint(1, 4)
            known = [one for one, (owner, _, _) in heads.items() if owner == tenant_id and one not in used]
            streams = [*chance.sample(known, min(len(known), chance.randint(0, 2))), uuid4()]
            used.update(streams)
            batch.append(command(heads, tenant_id, streams, chance))
        made.append(batch)
    return made


def alone(seed: int) -> list[list[Pending]]:
    """Forty batches of one command of one stream, new or known, of four tenants."""
    chance, heads, made = random.Random(seed), Heads(), list[list[Pending]]()
    for _ in range(40):
        tenant_id = chance.randint(1, 4)
        known = [one for one, (owner, _, _) in heads.items() if owner == tenant_id]
        stream_id = chance.choice([*known, uuid4()])
        made.append([command(heads, tenant_id, [stream_id], chance)])
    return made


def contents(owner: psycopg.Connection) -> dict[str, list[tuple[object, ...]]]:
    return {
        table: owner.execute(f"SELECT {columns} FROM {table} ORDER BY {columns}").fetchall()
        for table, columns in TABLES.items()
    }


@pytest.mark.parametrize("made", [batches(seed=1), alone(seed=4)], ids=["together", "alone"])
async def test_both_ways_leave_the_same_log(
    database_url: str, owner: psycopg.Connection, made: list[list[Pending]]
) -> None:
    """A repeated command beside the others sends a batch the general way, and adds nothing itself."""
    session = StandingPipeline(lambda: connect_append(database_url))
    await session.open()
    for batch in made:
        outcomes = await session.run(lambda pipeline, batch=batch: append_batch(pipeline, batch))
        assert all(one.status == 0 for ways in outcomes for one in ways)
    quick = contents(owner)

    owner.execute("SET session_replication_role = replica")
    owner.execute(f"TRUNCATE {', '.join(TABLES)}")
    repeated: list[Pending] = []
    for batch in made:
        mixed = [*repeated, *batch]
        outcomes = await session.run(lambda pipeline, mixed=mixed: append_batch(pipeline, mixed))
        assert [one.status for ways in outcomes[: len(repeated)] for one in ways] == [2] * sum(
            len(one.slices) for one in repeated
        )
        assert all(one.status == 0 for ways in outcomes[len(repeated) :] for one in ways)
        repeated = batch[:1]
    session.close()
    assert contents(owner) == quick


async def test_the_chains_hold_whichever_way_a_batch_went(database: Database) -> None:
    session = StandingPipeline(lambda: connect_append(database.url))
    await session.open()
    repeated: list[Pending] = []
    for number, batch in enumerate(batches(seed=2)):
        mixed = [*(repeated if number % 2 else []), *batch]
        await session.run(lambda pipeline, mixed=mixed: append_batch(pipeline, mixed))
        repeated = batch[-1:]
    session.close()
    verdict = await verify_log(database)
    assert verdict.is_sound, verdict.fault
    assert verdict.batches == 10


async def test_a_conflict_keeps_its_whole_command_out_and_nothing_else(
    database_url: str, owner: psycopg.Connection
) -> None:
    heads, chance = Heads(), random.Random(3)
    first = command(heads, 1, [uuid4()], chance)
    stale = dict(heads)
    second = command(heads, 1, [*heads], chance)
    late = command(stale, 1, [*stale, uuid4()], chance)
    beside = command(heads, 2, [uuid4()], chance)
    session = StandingPipeline(lambda: connect_append(database_url))
    await session.open()
    for batch in ([first], [second]):
        await session.run(lambda pipeline, batch=batch: append_batch(pipeline, batch))
    outcomes = await session.run(lambda pipeline: append_batch(pipeline, [late, beside]))
    session.close()
    assert [[one.status for one in ways] for ways in outcomes] == [[1, 1], [0]]
    stored = owner.execute("SELECT count(*) FROM es.command").fetchone()
    assert stored == (3,)


async def test_what_comes_alone_and_late_leaves_nothing_behind(
    database_url: str, owner: psycopg.Connection
) -> None:
    """A stream that moved on, one that has begun already, one of another tenant, a command that was stored."""
    heads, chance = Heads(), random.Random(5)
    stream_id = uuid4()
    first = command(heads, 1, [stream_id], chance)
    stale = dict(heads)
    second = command(heads, 1, [stream_id], chance)
    session = StandingPipeline(lambda: connect_append(database_url))
    await session.open()
    for one in (first, second):
        await session.run(lambda pipeline, one=one: append_batch(pipeline, [one]))
    stored = contents(owner)
    late = [
        command(dict(stale), 1, [stream_id], chance),
        command(Heads(), 1, [stream_id], chance),
        command(dict(heads), 2, [stream_id], chance),
        first,
    ]
    outcomes = [await session.run(lambda pipeline, one=one: append_batch(pipeline, [one])) for one in late]
    session.close()
    assert [way.status for ((way,),) in outcomes] == [1, 1, 1, 2]
    assert contents(owner) == stored
