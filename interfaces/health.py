"""Health: each part of a process by name, and how many events it is behind the log."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import psycopg
from psycopg_pool import PoolTimeout

from infrastructure.eventstore.reader import EventReader
from infrastructure.nats.connection import NatsConnection
from infrastructure.nats.relay import Relay
from infrastructure.postgres import Database
from infrastructure.projector.builds import read_standings
from infrastructure.reactor import Reactor
from infrastructure.webhooks.courier import Courier
from interfaces.http.parts import HealthReport, PartHealth

DEADLINE = 3.0
CRITICAL = frozenset(["log"])
"""Without these a process must not be sent requests; every other part may be away while the house stands."""

Probe = Callable[[], Awaitable[PartHealth]]


class Health:
    """Asks all probes at once; one that fails or takes 3 s is not ok."""

    def __init__(self, *probes: Probe) -> None:
        self._probes = list(probes)

    def add(self, probe: Probe) -> None:
        self._probes.append(probe)

    async def report(self) -> HealthReport:
        parts = tuple(await asyncio.gather(*[_ask(probe) for probe in self._probes]))
        return HealthReport(all(part.ok for part in parts if part.name in CRITICAL), parts)


def log_probe(reader: EventReader) -> Probe:
    async def log() -> PartHealth:
        return PartHealth("log", ok=True, detail=f"position {await reader.head()}")

    return log


def nats_probe(nats: NatsConnection) -> Probe:
    async def nats_server() -> PartHealth:
        return PartHealth("nats", ok=nats.is_connected, detail=None if nats.is_connected else "not connected")

    return nats_server


def relay_probe(relay: Relay, reader: EventReader) -> Probe:
    """A standby is well: another process relays."""

    async def relay_part() -> PartHealth:
        if relay.state != "following":
            return PartHealth("relay", ok=relay.state == "standby", detail=relay.state)
        behind = max(0, await reader.head() - relay.position)
        return PartHealth("relay", ok=True, behind=behind, detail=relay.state)

    return relay_part


def projection_probe(database: Database, reader: EventReader) -> Probe:
    """The live read model that is furthest behind."""

    async def projections() -> PartHealth:
        head = await reader.head()
        async with database.worker() as connection:
            live = [one for one in await read_standings(connection) if one.state == "live"]
        if not live:
            return PartHealth("projections", ok=False, behind=head, detail="no read model yet")
        slowest = min(live, key=lambda one: one.position)
        halted = [f"{one.name} halted: {one.halted}" for one in live if one.halted]
        detail = "; ".join(halted) or f"{slowest.name} at {slowest.position}"
        return PartHealth("projections", ok=not halted, behind=max(0, head - slowest.position), detail=detail)

    return projections


def reactor_probe(reactor: Reactor, reader: EventReader) -> Probe:
    async def reactor_part() -> PartHealth:
        state = reactor.state
        if not state.is_leading:
            return PartHealth("reactor", ok=True, detail="standby")
        behind = max(0, await reader.head() - min(position for _, position in state.positions))
        return PartHealth("reactor", ok=True, behind=behind, detail="leading")

    return reactor_part


def courier_probe(courier: Courier, reader: EventReader) -> Probe:
    """How far the log is handed to the webhooks' lanes; how each of them does, its delivery log says."""

    async def webhooks() -> PartHealth:
        state = courier.state
        if not state.is_leading:
            return PartHealth("webhooks", ok=True, detail="standby")
        behind = max(0, await reader.head() - state.position)
        return PartHealth("webhooks", ok=True, behind=behind, detail=f"leading, {state.webhooks} webhooks")

    return webhooks


async def _ask(probe: Probe) -> PartHealth:
    try:
        async with asyncio.timeout(DEADLINE):
            return await probe()
    except (TimeoutError, psycopg.Error, PoolTimeout) as error:
        return PartHealth(_name(probe), ok=False, detail=type(error).__name__)


def _name(probe: Probe) -> str:
    return getattr(probe, "__name__", "part").removesuffix("_part").removesuffix("_server")
