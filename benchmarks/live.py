"""Row 8: at 200 commands a second, how long after its commit an event reaches a follower, to the commit itself."""

from __future__ import annotations

import asyncio
import random
import statistics
import time
from collections.abc import Sequence
from uuid import uuid4

from application.actor import visitor
from application.bus import CommandBus
from application.conversation import PostMessage, StartConversation
from application.log import Recorded
from benchmarks.rounds import Demand, Rates, Suite
from benchmarks.servers import MASTER_KEY, Servers
from benchmarks.tenants import open_tenants
from infrastructure.ending import end
from infrastructure.eventstore.store import EventStore, open_event_store
from infrastructure.nats.connection import nats_connection
from infrastructure.nats.feed import Feed
from infrastructure.nats.relay import Relay
from infrastructure.nats.stream import Subjects

LIVE = "commit to follower p50 / commit p50, 200 a second"
TENANT = 7
RATE = 200.0
CONVERSATIONS = 64
DEADLINE = 30.0


async def _measure(servers: Servers, seconds: float) -> Rates:
    url, name = servers.migrated_database(), uuid4().hex[:8]
    subjects = Subjects(f"BENCH_{name}", f"ev_{name}", f"ep_{name}", f"wake_{name}")
    async with (
        open_event_store(url, MASTER_KEY) as store,
        nats_connection(servers.nats.url, "bench-relay") as publishing,
        nats_connection(servers.nats.url, "bench-edge") as following,
    ):
        relay = Relay(url, store.reader, publishing, subjects=subjects)
        store.on_commit.append(relay.offer)
        running = asyncio.create_task(relay.run())
        feed = Feed(following, store.reader, store.mapper, subjects=subjects)
        try:
            return {LIVE: await _ratio(store, relay, feed, seconds)}
        finally:
            await end([running])


async def _ratio(store: EventStore, relay: Relay, feed: Feed, seconds: float) -> float:
    arrived: dict[int, float] = {}

    def listen(recorded: Sequence[Recorded]) -> None:
        at = time.perf_counter()
        arrived.update({one.seq: at for one in recorded})

    async with feed.follow(TENANT, listen), asyncio.timeout(DEADLINE + seconds):
        while relay.state != "following":
            await asyncio.sleep(0.01)
        committed = await _offer_load(await open_tenants(store, TENANT), seconds)
        while not committed.keys() <= arrived.keys():
            await asyncio.sleep(0.01)
    commits = [done - begun for begun, done in committed.values()]
    after = [arrived[seq] - done for seq, (_, done) in committed.items()]
    return statistics.median(after) / statistics.median(commits)


async def _offer_load(bus: CommandBus, seconds: float) -> dict[int, tuple[float, float]]:
    """Open loop: arrivals do not wait for answers. Answers seq -> (begun, durable)."""
    actor = visitor(TENANT, uuid4())
    start = StartConversation(contact_id=actor.by.id)
    talks = [(await bus.execute(actor, start)).events[-1].originator_id for _ in range(CONVERSATIONS)]
    times: dict[int, tuple[float, float]] = {}

    async def post(number: int) -> None:
        begun = time.perf_counter()
        command = PostMessage(conversation_id=talks[number % CONVERSATIONS], text="x" * 420)
        receipt = await bus.execute(actor, command)
        times[receipt.seq] = (begun, time.perf_counter())

    arrivals, chance = time.perf_counter(), random.Random(1)
    until, tasks = arrivals + seconds, list[asyncio.Task[None]]()
    while arrivals < until:
        arrivals += chance.expovariate(RATE)
        await asyncio.sleep(max(0.0, arrivals - time.perf_counter()))
        tasks.append(asyncio.create_task(post(len(tasks))))
    await asyncio.gather(*tasks)
    return times


SUITE = Suite((Demand(LIVE, 0.6, at_least=False),), _measure)
