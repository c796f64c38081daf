"""Reads stay flat: p95 of the inbox page, a conversation page and a search in a tenant of 200,000 conversations
and 2 million messages, to the same tenant with 2,000.

The first 2,000 are real: commands, folded. The rest are copies of their rows under other ids, positions and times,
made in SQL, since folding two million events would take longer than anybody would wait for a benchmark. Both sizes
are read in turn, each read in both, so that they meet the same noise.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from uuid import UUID, uuid4

import psycopg

from application.actor import Actor, visitor
from application.bus import CommandBus
from application.conversation import PostMessage, StartConversation
from application.projection import Connection
from benchmarks.rounds import Demand, Rates, Suite
from benchmarks.servers import MASTER_KEY, Servers
from benchmarks.tenants import open_tenants
from domain.kernel import By
from infrastructure.eventstore.store import EventStore, open_event_store
from infrastructure.projector.runner import Projector
from projections.inbox import read_inbox
from projections.inbox_filter import InboxFilter
from projections.registry import PROJECTIONS
from projections.search import SearchFilter, search
from projections.transcript import read_conversation, read_messages

TENANT = 1
SMALL, LARGE, MESSAGES = 2_000, 200_000, 10
WARM, READS = 20, 400
COMMON = (
    "invoice",
    "refund",
    "parcel",
    "printer",
    "password",
    "address",
    "battery",
    "delivery",
    "order",
    "cancel",
)
WORDS = (*COMMON * 30, *(f"article{number}" for number in range(1000)))
"""Three words in ten of a text are common ones."""
NAMES = ("inbox page", "unassigned, oldest first", "conversation page", "search")
DEMANDS = tuple(Demand(f"{name}, p95 at {LARGE} conversations / {SMALL}", 1.5, at_least=False) for name in NAMES)
_SHELVE = """
INSERT INTO read.search_shelf SELECT tenant_id, read.shelf(seq), min(at), max(at)
FROM read.search_message GROUP BY 1, 2
ON CONFLICT (tenant_id, shelf) DO UPDATE SET first_at = EXCLUDED.first_at, last_at = EXCLUDED.last_at"""
_INDEXES = """
SELECT x.indexrelid::regclass::text, pg_get_indexdef(x.indexrelid) FROM pg_index x
WHERE x.indrelid = ('read.' || %s)::regclass AND NOT x.indisprimary"""
_IDS = ("conversation_id", "message_id", "contact_id")

Read = Callable[[Connection], Awaitable[object]]


async def _measure(servers: Servers, seconds: float) -> Rates:
    url = servers.migrated_database()
    async with open_event_store(url, MASTER_KEY) as store:
        await _talk(store)
        await Projector(store.database, store.reader, PROJECTIONS).catch_up()
    grown = servers.copied_database(url)
    await asyncio.to_thread(_multiply, grown, LARGE // SMALL)
    await asyncio.to_thread(_analyze, url)
    async with open_event_store(url, MASTER_KEY) as small, open_event_store(grown, MASTER_KEY) as large:
        times = await _timed((small, large))
    ratios: list[float] = []
    for name, (one, other) in zip(NAMES, times, strict=True):
        sys.stderr.write(f"  {name}: p95 {one * 1e3:.2f} ms, then {other * 1e3:.2f} ms\n")
        ratios.append(other / one)
    return {demand.name: ratio for demand, ratio in zip(DEMANDS, ratios, strict=True)}


async def _talk(store: EventStore) -> None:
    """2,000 conversations of ten messages, 64 at a time."""
    bus, chance, waiting = await open_tenants(store), random.Random(1), list(range(SMALL))

    async def client() -> None:
        while waiting:
            waiting.pop()
            actor = visitor(TENANT, uuid4())
            await _one_talk(bus, actor, chance)

    await asyncio.gather(*[client() for _ in range(64)])


async def _one_talk(bus: CommandBus, actor: Actor, chance: random.Random) -> None:
    started = await bus.execute(actor, StartConversation(contact_id=actor.by.id, name=chance.choice(WORDS)))
    conversation_id = started.events[-1].originator_id
    agent = Actor(TENANT, By("agent", UUID(int=chance.randint(1, 20))), "agent")
    for number in range(MESSAGES):
        text = " ".join(chance.choices(WORDS, k=20))
        who = agent if number % 2 and chance.random() < 0.5 else actor
        await bus.execute(who, PostMessage(conversation_id=conversation_id, text=text))


async def _timed(stores: Sequence[EventStore]) -> list[list[float]]:
    """For each kind of read its p95 in seconds in each store."""
    async with AsyncExitStack() as stack:
        connections = [await stack.enter_async_context(store.database.tenant(TENANT)) for store in stores]
        ids = [await _some_ids(connection) for connection in connections]
        kinds = [_reads(known, random.Random(2)) for known in ids]
        return [await _in_turn(connections, reads) for reads in zip(*kinds, strict=True)]


async def _some_ids(connection: Connection) -> list[UUID]:
    cursor = await connection.execute("SELECT conversation_id FROM read.conversation ORDER BY 1 LIMIT 5000")
    return [row[0] for row in await cursor.fetchall()]


def _reads(ids: Sequence[UUID], chance: random.Random) -> tuple[Read, ...]:
    me = UUID(int=1)

    async def inbox(connection: Connection) -> None:
        await read_inbox(connection, TENANT, InboxFilter(status="open"), me)

    async def oldest(connection: Connection) -> None:
        await read_inbox(connection, TENANT, InboxFilter(assignee="none", sort="oldest"), me)

    async def conversation(connection: Connection) -> None:
        id = chance.choice(ids)
        await read_conversation(connection, TENANT, id)
        await read_messages(connection, TENANT, id, include_private=True)

    async def found(connection: Connection) -> None:
        await search(connection, TENANT, SearchFilter(q=f"{chance.choice(COMMON)} {chance.choice(WORDS)}"))

    return inbox, oldest, conversation, found


async def _in_turn(connections: Sequence[Connection], reads: Sequence[Read]) -> list[float]:
    times: list[list[float]] = [[] for _ in connections]
    for number in range(WARM + READS):
        for connection, read, taken in zip(connections, reads, times, strict=True):
            begin = time.perf_counter()
            await read(connection)
            if number >= WARM:
                taken.append(time.perf_counter() - begin)
    return [statistics.quantiles(taken, n=20)[-1] for taken in times]


def _multiply(url: str, times: int) -> None:
    """Every row of the read models, under `times - 1` other ids each, an hour apart, later in the log."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET synchronous_commit = off")
        connection.execute("SET synchronize_seqscans = off")  # the first rows are the real ones
        connection.execute("SET maintenance_work_mem = '512MB'")
        head = connection.execute("SELECT max(seq) FROM read.search_message").fetchone()
        assert head is not None
        for (table,) in connection.execute(
            "SELECT table_name FROM information_schema.tables "
            "WHERE table_schema = 'read' AND table_type = 'BASE TABLE' ORDER BY 1"
        ).fetchall():
            columns = connection.execute(
                "SELECT column_name, data_type FROM information_schema.columns "
                "WHERE table_schema = 'read' AND table_name = %s AND is_generated = 'NEVER' ORDER BY 1",
                (table,),
            ).fetchall()
            if any(name in _IDS for name, _ in columns):
                _copy(connection, table, columns, times, head[0])
        connection.execute(_SHELVE)
    _analyze(url)


def _copy(
    connection: psycopg.Connection, table: str, columns: Sequence[tuple[str, str]], times: int, head: int
) -> None:
    indexes = connection.execute(_INDEXES, (table,)).fetchall()
    for name, _ in indexes:
        connection.execute(f"DROP INDEX {name}".encode())  # one built at the end costs a fifth
    names = ", ".join(name for name, _ in columns)
    values = ", ".join(_value(name, kind) for name, kind in columns)
    copy = f"INSERT INTO read.{table} ({names}) SELECT {values} FROM (SELECT * FROM read.{table} LIMIT %(rows)s) t"
    rows = connection.execute(f"SELECT count(*) FROM read.{table}".encode()).fetchone()
    for number in range(1, times):  # one after the other, so that they lie as if they had been said so
        given = {"number": number, "shift": number * head, "rows": rows and rows[0]}
        connection.execute(f"{copy} ON CONFLICT DO NOTHING".encode(), given)
    for _, definition in indexes:
        connection.execute(definition.encode())


def _value(name: str, kind: str) -> str:
    if name in _IDS:
        return f"md5(t.{name}::text || %(number)s)::uuid"
    if name == "seq":
        return "t.seq + %(shift)s"
    if kind.startswith("timestamp"):  # the year 9999 stands for never
        return (
            f"CASE WHEN t.{name} < '9999-01-01' THEN t.{name} + %(number)s * interval '1 hour' ELSE t.{name} END"
        )
    return f"t.{name}"


def _analyze(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE)")


SUITE = Suite(DEMANDS, _measure, most_rounds=1)
