"""Promises over the real log: the policy hears, the timers ring at the second, a restart loses nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from uuid import UUID

import pytest

from application.bus import CommandBus
from application.cache import AggregateCache
from application.handlers import HANDLERS
from application.policies.keep_sla import KeepSlaClocks
from application.sla_policy import CreateSlaPolicy
from domain.sla_clock import clock_of
from domain.sla_policy import SlaDefinition, SlaTargets, WarnBefore
from infrastructure.ending import end
from infrastructure.eventstore.store import EventStore, open_event_store
from infrastructure.projector.positions import ReadPositions
from infrastructure.projector.runner import Projector
from infrastructure.reactor import Reactor
from infrastructure.timers import Timers
from interfaces.sla import SlaReading
from interfaces.workload import Workload
from projections.registry import PROJECTIONS
from tests.support.house import ADMIN, TENANT, House, agent

FAST = SlaDefinition("Fast", SlaTargets(first_response=60), warn_before=WarnBefore(seconds=20))


class Scene(House):
    """A house on the real log with its projector; the clock is the test's, also for the timers."""

    def __init__(self, store: EventStore) -> None:
        super().__init__(store)
        self.store = store
        self.projector = Projector(store.database, store.reader, PROJECTIONS)
        store.on_commit.append(lambda _: self.projector.wake())

    @asynccontextmanager
    async def reacting(self) -> AsyncIterator[Reactor]:
        bus = CommandBus(self.store, HANDLERS, lambda: self.now, self.new_id, AggregateCache(0))
        positions = ReadPositions(self.store.database)
        timers = Timers(bus, self.store.reader, Workload(self.store.database, positions), lambda: self.now)
        keep = KeepSlaClocks(self.store, bus, SlaReading(self.store.database, positions))
        reactor = Reactor(self.store.database, self.store.reader, [keep, timers], beside=[timers.run])
        await reactor.register()
        self.timers = timers
        self.store.on_commit.append(lambda _: reactor.wake())
        running = asyncio.create_task(reactor.run())
        try:
            yield reactor
        finally:
            await end([running])

    async def settled(self, reactor: Reactor) -> None:
        """Everything is reacted to, and so is what that brought."""
        head = -1
        while head < (head := await self.store.reader.head()):
            reactor.wake()
            await reactor.reached(head)

    async def told(self, chat: UUID) -> list[str]:
        return [one.type.split(".")[1] for one in await self.store.reader.stream(TENANT, clock_of(chat))]

    async def says(self, chat: UUID, *types: str) -> None:
        await until(lambda: self._says(chat, list(types)))

    async def _says(self, chat: UUID, types: list[str]) -> bool:
        return await self.told(chat) == types


@pytest.fixture
async def scene(database_url: str) -> AsyncIterator[Scene]:
    async with open_event_store(database_url, b"k" * 32) as store:
        made = Scene(store)
        projecting = asyncio.create_task(made.projector.run())
        await made.do(ADMIN, CreateSlaPolicy(definition=FAST))
        yield made
        await end([projecting])


async def until(is_so: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(10):
        while not await is_so():
            await asyncio.sleep(0.02)


async def test_a_promise_is_warned_of_and_missed_at_its_second_and_not_before(scene: Scene) -> None:
    async with scene.reacting() as reactor:
        chat = await scene.chat(with_assistant=False)
        await scene.says(chat, "applied", "started")
        await scene.settled(reactor)
        scene.later(seconds=39)
        scene.timers.wake()
        await scene.settled(reactor)
        assert await scene.told(chat) == ["applied", "started"]
        scene.later(seconds=1)
        scene.timers.wake()
        await scene.says(chat, "applied", "started", "warned")
        await scene.settled(reactor)
        scene.later(seconds=20)
        scene.timers.wake()
        await scene.says(chat, "applied", "started", "warned", "breached")
        [*_, last] = await scene.store.reader.stream(TENANT, clock_of(chat))
        assert (last.event.by.kind, last.event.cause.policy, last.event.at) == ("system", "timers", scene.now)


async def test_what_was_due_while_nobody_led_is_told_at_once_and_what_was_answered_is_not(scene: Scene) -> None:
    async with scene.reacting() as reactor:
        missed, met = await scene.chat(with_assistant=False), await scene.chat(with_assistant=False)
        for chat in (missed, met):
            await scene.says(chat, "applied", "started")
        await scene.settled(reactor)
    scene.later(seconds=30)
    await scene.say(met, "Here I am", agent())
    scene.later(seconds=31)
    async with scene.reacting() as reactor:
        await scene.says(missed, "applied", "started", "breached")
        await scene.says(met, "applied", "started", "met")
        await scene.settled(reactor)
        assert scene.timers.outstanding == 0
