"""Row 7: events through tracking's own ingestion, to commands through the log, each 64 in flight."""

from __future__ import annotations

import asyncio
import sys
import time
from uuid import uuid4

from application.tracking import PAGE_VIEW, Beacon, TrackedEvent
from benchmarks.full_command import TENANTS, command_rate
from benchmarks.rounds import Demand, Rates, Suite
from benchmarks.servers import MASTER_KEY, Servers
from infrastructure.clock import now
from infrastructure.postgres import Database
from infrastructure.track.ingest import Ingest

IN_FLIGHT, FULL = 64, 50
MANY, ONE = (
    "tracked events, 50 a body / commands, 64 in flight",
    "tracked events, 1 a body / commands, 64 in flight",
)


async def track_rate(url: str, events: int, seconds: float) -> float:
    """Events per second of a closed loop: each client sends bodies of so many, every event with its own id."""
    database = Database(url)
    await database.open()
    ingest = Ingest(database, MASTER_KEY)
    stop, done = time.perf_counter() + seconds, 0

    async def client(number: int) -> None:
        nonlocal done
        visitor_id, widget_id, sent = uuid4(), uuid4(), 0
        while time.perf_counter() < stop:
            body = _pages(number, sent, events)
            await ingest.accept(
                Beacon(
                    tenant_id=number % TENANTS + 1,
                    widget_id=widget_id,
                    session_id="visit",
                    visitor_id=visitor_id,
                    is_proven=True,
                    events=body,
                )
            )
            sent += events
        done += sent

    begin = time.perf_counter()
    await asyncio.gather(*[client(number) for number in range(IN_FLIGHT)])
    rate = done / (time.perf_counter() - begin)
    await ingest.close()
    await database.close()
    return rate


def _pages(client: int, sent: int, count: int) -> tuple[TrackedEvent, ...]:
    at, props = now(), {"source": "search"}
    return tuple(
        TrackedEvent(
            name=PAGE_VIEW,
            event_id=f"{client}-{number}",
            at=at,
            url=f"https://shop.test/goods/{client}-{number}",
            title="Fir check, lambswool",
            props=props,
        )
        for number in range(sent, sent + count)
    )


async def _measure(servers: Servers, seconds: float) -> Rates:
    commands = await command_rate(servers.migrated_database(), IN_FLIGHT, seconds)
    many = await track_rate(servers.migrated_database(), FULL, seconds)
    one = await track_rate(servers.migrated_database(), 1, seconds)
    print(f"commands/s {commands:.0f}, events/s {many:.0f}, single {one:.0f}", file=sys.stderr)
    return {MANY: many / commands, ONE: one / commands}


SUITE = Suite((Demand(MANY, 10.0), Demand(ONE, 1.0)), _measure)
