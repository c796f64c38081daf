"""Row 1: the append alone, every guarantee on, to pgbench's one insert per transaction."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from uuid import uuid4

from benchmarks.pgbench import floor
from benchmarks.rounds import Demand, Rates, Suite
from benchmarks.servers import Servers
from infrastructure.eventstore.hashing import event_hash
from infrastructure.eventstore.pending import SealedEvent, SealedSlice
from infrastructure.eventstore.writer import GroupWriter

PAYLOAD = b'{"text":"' + b"x" * 480 + b'","author":"agent-7","k":[1,2,3]}'
META = b'{"actor":"u-123","corr":"c-456","cause":"e-789"}'
TYPE = "conversation.message_posted.1"
EVENTS_PER_STREAM = 20
TENANTS = 50

FEW, SOME, MANY = "append, 16 in flight / pgbench 16", "append, 64 / pgbench 64", "append, 256 / pgbench 64"


async def append_rate(url: str, in_flight: int, seconds: float) -> tuple[float, float]:
    """(events per second, p50 of one append in seconds) of a closed loop."""
    writer = GroupWriter(url, lambda rows: None)
    await writer.start()
    latencies: list[float] = []
    stop = time.perf_counter() + seconds

    async def client(number: int) -> None:
        stream_id, version, head, tenant_id = uuid4(), 0, b"", number % TENANTS + 1
        while (begin := time.perf_counter()) < stop:
            if version == EVENTS_PER_STREAM:
                stream_id, version, head = uuid4(), 0, b""
            at = datetime.now(UTC)
            head = event_hash(head, tenant_id, stream_id, version + 1, TYPE, at, PAYLOAD, META)
            piece = SealedSlice(stream_id, "conversation", version, (SealedEvent(TYPE, at, PAYLOAD, META, head),))
            await writer.append(tenant_id, uuid4(), b"fingerprint", [piece])
            version += 1
            latencies.append(time.perf_counter() - begin)

    begin = time.perf_counter()
    await asyncio.gather(*[client(number) for number in range(in_flight)])
    took = time.perf_counter() - begin
    await writer.stop()
    return len(latencies) / took, sorted(latencies)[len(latencies) // 2]


async def _measure(servers: Servers, seconds: float) -> Rates:
    url = servers.migrated_database()
    floor_few = (await floor(servers, 16, seconds)).rate
    few, _ = await append_rate(url, 16, seconds)
    floor_some = (await floor(servers, 64, seconds)).rate
    some, _ = await append_rate(url, 64, seconds)
    many, _ = await append_rate(url, 256, seconds)
    return {FEW: few / floor_few, SOME: some / floor_some, MANY: many / floor_some}


SUITE = Suite((Demand(FEW, 0.55), Demand(SOME, 0.9), Demand(MANY, 1.1)), _measure)
