"""Row 6: the relay's fenced publishing to nats-py's `publish`, awaited one by one."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from uuid import uuid4

from benchmarks.append import META, PAYLOAD, TYPE
from benchmarks.rounds import Demand, Rates, Suite
from benchmarks.servers import Servers
from infrastructure.eventstore.rows import StoredRow, encode_row
from infrastructure.nats.connection import NatsConnection, nats_connection
from infrastructure.nats.publisher import open_publisher
from infrastructure.nats.stream import EventStream, Subjects

FENCED = "fenced publish / publish one by one"
PAGE = 1000


def rows(first: int, count: int) -> list[StoredRow]:
    """Events as the log would hold them, at these positions."""
    at, stream_id = datetime.now(UTC), uuid4()
    return [
        StoredRow(pos, pos, 1, stream_id, pos, TYPE, at, PAYLOAD, META, pos.to_bytes(32))
        for pos in range(first, first + count)
    ]


async def _measure(servers: Servers, seconds: float) -> Rates:
    async with nats_connection(servers.nats.url, "bench") as nats:
        one_by_one = await _one_by_one(nats, seconds)
        fenced = await _fenced(nats, seconds)
    return {FENCED: fenced / one_by_one}


async def _fenced(nats: NatsConnection, seconds: float) -> float:
    subjects = await new_stream(nats)
    done, begin = 0, time.perf_counter()
    async with open_publisher(nats, subjects) as publisher:
        while time.perf_counter() < begin + seconds:
            done = await publisher.publish(rows(done + 1, PAGE))
    return done / (time.perf_counter() - begin)


async def _one_by_one(nats: NatsConnection, seconds: float) -> float:
    subjects = await new_stream(nats)
    stream, page = nats.jetstream(), rows(1, PAGE)
    done, begin = 0, time.perf_counter()
    while time.perf_counter() < begin + seconds:
        row = page[done % PAGE]
        done = (await stream.publish(subjects.event(row), encode_row(row))).seq
    return done / (time.perf_counter() - begin)


async def new_stream(nats: NatsConnection) -> Subjects:
    """An empty stream of its own names."""
    name = uuid4().hex[:8]
    subjects = Subjects(f"BENCH_{name}", f"ev_{name}", f"ep_{name}", f"wake_{name}")
    await EventStream(nats, subjects).create(1, 1)
    return subjects


SUITE = Suite((Demand(FENCED, 6.0),), _measure)
