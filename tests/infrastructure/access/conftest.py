"""A log that knows an agent and a widget, and the door in front of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import msgspec
import pytest

from application.actor import system
from application.agent import InviteAgent
from application.bus import CommandBus
from application.handlers import HANDLERS
from application.widget import InstallWidget
from domain.agent import Role
from domain.widget import Look
from infrastructure.access.access import Access, open_access
from infrastructure.clock import now, uuid7
from infrastructure.eventstore.store import EventStore, open_event_store

SECRET = b"s" * 32
PASSWORD = "correct horse battery"


class Door(msgspec.Struct, frozen=True):
    """Access, and the bus that feeds the log it asks."""

    access: Access
    bus: CommandBus
    store: EventStore

    async def invite(self, tenant_id: int, email: str, role: Role = "agent") -> UUID:
        agent_id = uuid4()
        command = InviteAgent(agent_id=agent_id, name="Anna", email=email, role=role)
        await self.bus.execute(system(tenant_id), command)
        await self.access.set_password(tenant_id, agent_id, email, PASSWORD)
        return agent_id

    async def install(self, tenant_id: int, *origins: str) -> UUID:
        widget_id = uuid4()
        look = Look(name="Shop", origins=origins)
        await self.bus.execute(system(tenant_id), InstallWidget(widget_id=widget_id, look=look))
        return widget_id

    async def another_process(self) -> Access:
        """The same credentials, nothing remembered."""
        return await open_access(self.store.database, SECRET)


@pytest.fixture
async def door(database_url: str) -> AsyncIterator[Door]:
    async with open_event_store(database_url, SECRET) as store:
        access = await open_access(store.database, SECRET)
        yield Door(access, CommandBus(store, HANDLERS, now, uuid7), store)
