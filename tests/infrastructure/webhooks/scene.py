"""Scene: a tenant on the real log, its read model, and a courier whose schedule is the test's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

from application.bus import Request
from application.conversation import PostMessage
from application.webhook import AboutWebhook, CreateWebhook
from domain.webhook import Subscription, WebhookCreated
from infrastructure.egress import Egress
from infrastructure.ending import end
from infrastructure.eventstore.store import EventStore
from infrastructure.projector.builds import install_builds
from infrastructure.projector.runner import Projector
from infrastructure.reactor import Reactor
from infrastructure.webhooks.courier import Courier
from infrastructure.webhooks.delivery import Attempt, Delivery
from infrastructure.webhooks.schedule import Schedule
from interfaces.webhooks import webhook_courier, webhook_parts
from projections.webhooks import Webhooks
from tests.support.house import ADMIN, TENANT, House

SECRET = b"k" * 32
QUICK = Schedule(delays=(0.01,) * 9, spread=lambda: 1.0)


class Scene(House):
    def __init__(self, store: EventStore) -> None:
        super().__init__(store)
        self.store = store
        self.parts = webhook_parts(store.database, SECRET, Egress(allow_private=True))
        self.projector = Projector(store.database, store.reader, [Webhooks()])
        self.attempts: list[Attempt] = []
        self._secrets: dict[UUID, UUID] = {}
        store.on_commit.append(lambda _: self.projector.wake())

    async def webhook(self, url: str, *events: str, actor: Any = ADMIN, **more: Any) -> UUID:
        wanted = Subscription(url, events or ("message:new",), **more)
        created = (await self.do(actor, CreateWebhook(subscription=wanted))).events[0]
        assert isinstance(created, WebhookCreated)
        self._secrets[created.originator_id] = created.secret_id
        return created.originator_id

    async def ask(self, command: AboutWebhook, key: str | None = None) -> list[Any]:
        receipt = await self.bus.execute(ADMIN, command, Request(key))
        return list(receipt.events)

    async def chats(self, count: int) -> None:
        """So many conversations, their messages numbered from 0; begun a hundred at a time."""
        for first in range(0, count, 100):
            numbers = range(first, min(first + 100, count))
            await asyncio.gather(*(self.chat(str(number), with_assistant=False) for number in numbers))

    async def note(self, chat: UUID, text: str) -> None:
        await self.do(ADMIN, PostMessage(conversation_id=chat, text=text, private=True))

    async def secret(self, webhook_id: UUID) -> str:
        return await self.parts.secrets.issue(TENANT, webhook_id, self._secrets[webhook_id])

    async def log_of(self, webhook_id: UUID) -> list[Delivery]:
        """Oldest first."""
        return list(reversed(await self.parts.deliveries.page(TENANT, webhook_id, None, 5_000)))

    async def standing(self, webhook_id: UUID) -> int:
        found = await self.parts.deliveries.standings(TENANT, [webhook_id])
        return found[webhook_id].seq if found else 0

    async def types_of(self, webhook_id: UUID) -> list[str]:
        return [one.type for one in await self.store.reader.stream(TENANT, webhook_id)]

    @asynccontextmanager
    async def carrying(self, schedule: Schedule = QUICK, deadline: float = 1.0) -> AsyncGenerator[Courier]:
        """A process that delivers; it leaves as if it was killed: nothing more is noted."""
        courier, requests = webhook_courier(
            self.store, self.new_bus(), self.parts, self.attempts.append, schedule, deadline
        )
        reactor = Reactor(self.store.database, self.store.reader, [requests])
        await reactor.register()
        async with self.store.database.worker() as connection:
            await install_builds(connection, [Webhooks()])  # as a process does at its start
        wakes = (lambda _: courier.wake(), lambda _: reactor.wake())
        self.store.on_commit.extend(wakes)
        running = [asyncio.create_task(work) for work in (courier.run(), reactor.run(), self.projector.run())]
        try:
            await until(lambda: courier.state.is_leading)
            yield courier
        finally:
            await end(running)
            for wake in wakes:
                self.store.on_commit.remove(wake)


def quick(**changes: Any) -> Schedule:
    return Schedule(**{"delays": (0.01,) * 9, "spread": lambda: 1.0, "failing_for": timedelta(days=5)} | changes)


async def until(is_so: Any, seconds: float = 15.0) -> None:
    """Wait until it is so: a function, or one that is to be awaited."""
    async with asyncio.timeout(seconds):
        while True:
            found = is_so()
            if await found if asyncio.iscoroutine(found) else found:
                return
            await asyncio.sleep(0.01)
