"""Row 7: what the relay carries into JetStream per second to what a writer with 256 in flight appends."""

from __future__ import annotations

import asyncio
import time
from uuid import uuid4

from benchmarks.append import append_rate
from benchmarks.rounds import Demand, Rates, Suite
from benchmarks.servers import MASTER_KEY, Servers
from infrastructure.ending import end
from infrastructure.eventstore.store import open_event_store
from infrastructure.nats.connection import nats_connection
from infrastructure.nats.relay import Relay
from infrastructure.nats.stream import Subjects

RELAYED = "relay / append, 256 in flight"
DEADLINE = 120.0


async def _measure(servers: Servers, seconds: float) -> Rates:
    url = servers.migrated_database()
    appended, _ = await append_rate(url, 256, seconds)
    return {RELAYED: await relay_rate(servers, url) / appended}


async def relay_rate(servers: Servers, url: str) -> float:
    """Events per second from the table to the acknowledgement, over the whole log of `url`."""
    name = uuid4().hex[:8]
    subjects = Subjects(f"BENCH_{name}", f"ev_{name}", f"ep_{name}", f"wake_{name}")
    async with (
        open_event_store(url, MASTER_KEY) as store,
        nats_connection(servers.nats.url, "bench") as nats,
        asyncio.timeout(DEADLINE),
    ):
        head = await store.reader.head()
        relay = Relay(url, store.reader, nats, subjects=subjects, refill=head)
        begin = time.perf_counter()
        running = asyncio.create_task(relay.run())
        while relay.position < head:
            await asyncio.sleep(0.005)
        took = time.perf_counter() - begin
        await end([running])
    return head / took


SUITE = Suite((Demand(RELAYED, 1.2),), _measure)
