"""Reads stay flat: p95 of the inbox page, a conversation page and a search in a tenant of 200,000 conversations
and 2 million messages, to the same tenant with 2,000.

The first 2,000 are real: commands, folded. The rest are copies of their rows under other ids and other times, made
in SQL, since folding two million events would take longer than anybody would wait for a benchmark.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID, uuid4

import psycopg

from application.actor import Actor, visitor
from application.bus import CommandBus
from application.conversation import PostMessage, StartConversation
from application.handlers import HANDLERS
from application.projection import Connection
from benchmarks.rounds import Demand, Rates, Suite
from benchmarks.servers import MASTER_KEY, Servers
from domain.kernel import By
from infrastructure.clock import now, uuid7
from infrastructure.eventstore.store import EventStore, open_event_store
from infrastructure.projector.runner import Projector
from projections.inbox import read_inbox
from projections.inbox_filter import InboxFilter
from projections.registry import PROJECTIONS
from projections.search import SearchFilter, search
from projections.transcript import read_conversation, read_messages

TENANT = 1
SMALL, LARGE, MESSAGES = 2_000, 200_000, 10
READS = 200
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
_IDS = ("conversation_id", "message_id", "contact_id")

Read = Callable[[Connection], Awaitable[object]]


async def _measure(servers: Servers, seconds: float) -> Rates:
    url = servers.migrated_database()
    async with open_event_store(url, MASTER_KEY) as store:
        await _talk(store)
        await Projector(store.database, store.reader, PROJECTIONS).catch_up()
        await asyncio.to_thread(_analyze, url)
        small = await _percentiles(store)
        await asyncio.to_thread(_multiply, url, LARGE // SMALL)
        large = await _percentiles(store)
    for name, one, other in zip(NAMES, small, large, strict=True):
        sys.stderr.write(f"  {name}: {one * 1e3:.2f} ms, then {other * 1e3:.2f} ms\n")
    return {demand.name: other / one for demand, one, other in zip(DEMANDS, small, large, strict=True)}


async def _talk(store: EventStore) -> None:
    """2,000 conversations of ten messages, 64 at a time."""
    bus, chance, waiting = CommandBus(store, HANDLERS, now, uuid7), random.Random(1), list(range(SMALL))

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


async def _percentiles(store: EventStore) -> list[float]:
    """p95 in seconds of each kind of read."""
    async with store.database.tenant(TENANT) as connection:
        cursor = await connection.execute("SELECT conversation_id FROM read.conversation LIMIT 5000")
        ids = [row[0] for row in await cursor.fetchall()]
    chance = random.Random(2)
    return [await _p95(store, read) for read in _reads(ids, chance)]


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


async def _p95(store: EventStore, read: Read) -> float:
    times: list[float] = []
    async with store.database.tenant(TENANT) as connection:
        for _ in range(READS):
            begin = time.perf_counter()
            await read(connection)
            times.append(time.perf_counter() - begin)
    return statistics.quantiles(times, n=20)[-1]


def _multiply(url: str, times: int) -> None:
    """Every row of the read models, under `times - 1` other ids each, an hour apart."""
    with psycopg.connect(url, autocommit=True) as connection:
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
                _copy(connection, table, columns, times)
    _analyze(url)


def _copy(connection: psycopg.Connection, table: str, columns: Sequence[tuple[str, str]], times: int) -> None:
    names = ", ".join(name for name, _ in columns)
    values = ", ".join(_value(name, kind) for name, kind in columns)
    connection.execute(
        f"INSERT INTO read.{table} ({names}) SELECT {values} "
        f"FROM read.{table} t, generate_series(1, {times - 1}) g ON CONFLICT DO NOTHING".encode()
    )


def _value(name: str, kind: str) -> str:
    if name in _IDS:
        return f"md5(t.{name}::text || g)::uuid"
    return f"t.{name} - g * interval '1 hour'" if kind.startswith("timestamp") else f"t.{name}"


def _analyze(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE)")


SUITE = Suite(DEMANDS, _measure)
