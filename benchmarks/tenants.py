"""Tenants as the product has them: open. One that was never opened is looked for in the log by every command."""

from __future__ import annotations

import asyncio

from application.actor import system
from application.bus import CommandBus
from application.handlers import HANDLERS
from application.tenant import OpenTenant
from infrastructure.clock import now, uuid7
from infrastructure.eventstore.store import EventStore


async def open_tenants(store: EventStore, count: int = 1) -> CommandBus:
    """A bus on the store, once the tenants 1 to `count` are open."""
    bus = CommandBus(store, HANDLERS, now, uuid7)
    names = ((number, OpenTenant(name=f"Shop {number}")) for number in range(1, count + 1))
    await asyncio.gather(*[bus.execute(system(number), command) for number, command in names])
    return bus
