"""The write side: what gives commands, enough for the command line."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import msgspec

from application.allowance import Allowance
from application.bus import CommandBus
from application.seats import Seats
from infrastructure.access.access import Access, open_access
from infrastructure.egress import Egress
from infrastructure.eventstore.store import EventStore, open_event_store
from infrastructure.projector.positions import ReadPositions
from infrastructure.projector.progress import Progress
from infrastructure.settings import Settings
from interfaces.routing import open_seats, seated_bus
from interfaces.usage import open_allowance
from projections.registry import PROJECTIONS


class WriteSide(msgspec.Struct, frozen=True):
    """What gives commands: enough for the command line."""

    store: EventStore
    bus: CommandBus
    access: Access
    seats: Seats
    allowance: Allowance


@asynccontextmanager
async def open_write_side(settings: Settings) -> AsyncGenerator[WriteSide]:
    """Event store, commands and credentials. Raises psycopg.OperationalError."""
    async with open_event_store(settings.database_url, settings.master_key) as store:
        egress = Egress(allow_private=settings.private_issuers)
        access = await open_access(store.database, settings.master_key, egress)
        seats = open_seats(store)
        allowance = open_allowance(store)
        yield WriteSide(store, seated_bus(store, seats, allowance=allowance), access, seats, allowance)


async def caught_up(side: WriteSide, tenant_id: int, seconds: float, progress: Progress | None = None) -> None:
    """Wait until every read model holds what the tenant has in the log now. Raises ProjectionBehind."""
    seq = await side.store.head(tenant_id)
    positions = ReadPositions(side.store.database, progress)
    for projection in PROJECTIONS:
        await positions.wait(tenant_id, projection.name, seq, seconds)
