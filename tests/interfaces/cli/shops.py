"""Shops: tenants with something in their log, for commands that read it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar
from uuid import UUID, uuid4

from application.actor import visitor
from application.bus import CommandBus
from application.conversation import PostMessage, StartConversation
from application.handlers import HANDLERS
from domain.assistant import Persona
from domain.ids import tenant_wire
from domain.widget import Look
from infrastructure.clock import now, uuid7
from infrastructure.projector.runner import Projector
from infrastructure.settings import settings_from
from interfaces.tenancy import Login, NewTenant, TenantPlan, open_tenant
from interfaces.write_side import WriteSide, open_write_side
from projections.registry import PROJECTIONS
from tests.interfaces.cli.conftest import SECRET

T = TypeVar("T")
PASSWORD = "a password of some length"


def within(database_url: str, work: Callable[[WriteSide], Awaitable[T]]) -> T:
    """Do it with the write side of that database."""

    async def main() -> T:
        settings = settings_from({}, database_url=database_url, nats_url="nats://127.0.0.1:1", secret=SECRET)
        async with open_write_side(settings) as side:
            return await work(side)

    return asyncio.run(main())


def opened(database_url: str, number: int = 7) -> NewTenant:
    """Five events: the tenant, its assistant, widget and token, its owner."""
    owner = Login(f"owner@{tenant_wire(number)}.test", PASSWORD)
    plan = TenantPlan(number, "Shop", owner, Persona(name="Ada"), Look(name="Shop"))
    return within(database_url, lambda side: open_tenant(side, plan))


def chatted(database_url: str, number: int, *texts: str, clock: Callable[[], datetime] = now) -> UUID:
    """One conversation in which a visitor says all this, the clock read once for each; its id."""

    async def chat(side: WriteSide) -> UUID:
        bus, contact = CommandBus(side.store, HANDLERS, clock, uuid7), visitor(number, uuid4())
        start = StartConversation(contact_id=contact.by.id, text=texts[0])
        conversation_id = (await bus.execute(contact, start)).events[-1].originator_id
        for text in texts[1:]:
            await bus.execute(contact, PostMessage(conversation_id=conversation_id, text=text))
        return conversation_id

    return within(database_url, chat)


def folded(database_url: str) -> None:
    """Every read model is at the head of the log."""

    async def fold(side: WriteSide) -> None:
        await Projector(side.store.database, side.store.reader, PROJECTIONS).catch_up()

    within(database_url, fold)
