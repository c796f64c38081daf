"""Timers do what is due at its time, once, also what was due while nobody led; and nothing is searched for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

import pytest

from application.agent import InviteAgent
from application.availability import SetAvailability
from application.bus import CommandBus
from application.cache import AggregateCache
from application.call import StartCall
from application.due import Due, Holds
from application.handlers import HANDLERS
from application.handling import AcceptConversation, SnoozeConversation, TransferConversation
from application.policies.route_conversations import RouteConversations
from application.team import AddTeamMember, CreateTeam, RouteTeam
from domain.call import CallEnded
from domain.hours import Hours, Opening
from domain.team import Routing
from infrastructure.ending import end
from infrastructure.eventstore.store import EventStore, open_event_store
from infrastructure.projector.positions import ReadPositions
from infrastructure.projector.runner import Projector
from infrastructure.reactor import Reactor
from infrastructure.timers import Timers
from interfaces.workload import Workload
from projections.registry import PROJECTIONS
from tests.support.house import ADMIN, ANNA, BEN, TENANT, VISITING, VISITOR, House, agent

DAILY = Hours("UTC", tuple(Opening(day, "09:00", "17:00") for day in range(7)))


class Scene(House):
    """A house on the real log with its projector; the clock is the test's, also for the timers."""

    def __init__(self, store: EventStore) -> None:
        super().__init__(store)
        self.store = store
        self.projector = Projector(store.database, store.reader, PROJECTIONS)
        self.workload = Workload(store.database, ReadPositions(store.database))
        store.on_commit.append(lambda _: self.projector.wake())

    @asynccontextmanager
    async def reacting(self, holds: Holds | None = None) -> AsyncIterator[Reactor]:
        bus = CommandBus(self.store, HANDLERS, lambda: self.now, self.new_id, AggregateCache(0))
        timers = Timers(bus, self.store.reader, self.workload, lambda: self.now, holds)
        route = RouteConversations(self.store, bus, self.workload, lambda: self.now)
        reactor = Reactor(self.store.database, self.store.reader, [route, timers], beside=[timers.run])
        await reactor.register()
        self.timers = timers
        self.store.on_commit.append(lambda _: reactor.wake())
        running = asyncio.create_task(reactor.run())
        try:
            yield reactor
        finally:
            await end([running])

    async def settled(self, reactor: Reactor) -> None:
        reactor.wake()
        await reactor.reached(await self.store.reader.head())

    def pass_time(self, **span: float) -> None:
        self.later(**span)
        self.timers.wake()

    async def types(self, chat: UUID) -> list[str]:
        return [one.type.split(".")[1] for one in await self.store.reader.stream(TENANT, chat)]

    async def staff(self) -> None:
        for id in (ANNA, BEN):
            await self.do(ADMIN, InviteAgent(agent_id=id, name="A", email=f"{id.hex}@example.test"))
            await self.do(agent(id), SetAvailability(agent_id=id, availability="online"))

    async def transferred(self) -> UUID:
        chat = await self.chat(None, with_assistant=False)
        await self.do(agent(), TransferConversation(conversation_id=chat, agent_id=BEN))
        return chat


@pytest.fixture
async def scene(database_url: str) -> AsyncIterator[Scene]:
    async with open_event_store(database_url, b"k" * 32) as store:
        made = Scene(store)
        projecting = asyncio.create_task(made.projector.run())
        await made.staff()
        yield made
        await end([projecting])


async def until(is_so: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(10):
        while not await is_so():
            await asyncio.sleep(0.02)


async def ends_with(scene: Scene, chat: UUID, type: str) -> None:
    async def is_so() -> bool:
        return (await scene.types(chat))[-1] == type

    await until(is_so)


async def test_a_transfer_that_nobody_accepts_comes_back_at_its_time_and_not_before(scene: Scene) -> None:
    async with scene.reacting() as reactor:
        chat = await scene.transferred()
        await scene.settled(reactor)
        scene.pass_time(seconds=59)
        await scene.settled(reactor)
        assert await scene.types(chat) == ["started", "transferred"]
        scene.pass_time(seconds=1)
        await ends_with(scene, chat, "returned")
        [*_, last] = await scene.store.reader.stream(TENANT, chat)
        assert (last.event.by.kind, last.event.cause.policy) == ("system", "timers")
        assert last.event.cause.position is not None


async def test_what_was_accepted_in_time_stays(scene: Scene) -> None:
    async with scene.reacting() as reactor:
        chat = await scene.transferred()
        await scene.do(agent(BEN), AcceptConversation(conversation_id=chat))
        other = await scene.transferred()
        await scene.settled(reactor)
        assert scene.timers.outstanding == 1
        scene.pass_time(seconds=61)
        await ends_with(scene, other, "returned")
        assert await scene.types(chat) == ["started", "transferred", "accepted"]


async def test_a_call_and_its_conversation_each_have_a_clock(scene: Scene) -> None:
    chat = UUID(int=0xCA11)
    call = StartCall(
        conversation_id=chat, contact_id=VISITOR, phone_number="+14165550101", provider="pool", longest=60
    )
    async with scene.reacting() as reactor:
        await scene.do(VISITING, call)
        await scene.do(agent(), TransferConversation(conversation_id=chat, agent_id=BEN))
        await scene.settled(reactor)
        assert scene.timers.outstanding == 2
    async with scene.reacting() as reactor:  # another leader reads both out of the read model
        await until(lambda: _is(scene.timers.outstanding == 2))
        await scene.settled(reactor)
        scene.pass_time(seconds=60)
        await ends_with(scene, chat, "returned")
        scene.pass_time(seconds=60)
        await ends_with(scene, chat, "call_ended")
        [*_, last] = await scene.store.reader.stream(TENANT, chat)
        assert isinstance(last.event, CallEnded)
        assert (last.event.reason, last.event.by.kind) == ("missed", "system")


async def test_who_snoozed_is_woken_at_the_last_time_that_was_said(scene: Scene) -> None:
    async with scene.reacting() as reactor:
        chat = await scene.chat(None, with_assistant=False)
        for hours in (1, 3):
            until_then = scene.now + timedelta(hours=hours)
            await scene.do(agent(), SnoozeConversation(conversation_id=chat, until=until_then))
        await scene.settled(reactor)
        scene.pass_time(hours=2)
        await scene.settled(reactor)
        assert (await scene.types(chat))[-1] == "snoozed"
        scene.pass_time(hours=1)
        await ends_with(scene, chat, "awakened")


async def test_what_was_due_while_nobody_led_is_done_at_once(scene: Scene) -> None:
    async with scene.reacting() as reactor:
        chat = await scene.transferred()
        await scene.settled(reactor)
    unseen = await scene.transferred()
    scene.later(days=3)
    async with scene.reacting():
        await ends_with(scene, chat, "returned")
        await ends_with(scene, unseen, "returned")


async def test_what_is_read_at_the_start_and_heard_of_too_is_looked_at_once(scene: Scene) -> None:
    looked_at: list[Due] = []

    async def holds(due: Due) -> bool:
        looked_at.append(due)
        return False

    async with scene.reacting() as reactor:
        await scene.settled(reactor)
    chat = await scene.transferred()
    async with scene.reacting(holds) as reactor:
        await scene.settled(reactor)
        scene.pass_time(seconds=60)
        await ends_with(scene, chat, "returned")
        await scene.settled(reactor)
    assert [due.stream_id for due in looked_at] == [chat]


async def test_two_leaders_at_once_and_one_that_begins_anew_do_it_once(scene: Scene) -> None:
    async with scene.reacting() as reactor:
        chat = await scene.transferred()
        await scene.settled(reactor)
        rival_bus = CommandBus(scene.store, HANDLERS, lambda: scene.now, scene.new_id, AggregateCache(0))
        rival = Timers(rival_bus, scene.store.reader, scene.workload, lambda: scene.now)
        running = asyncio.create_task(rival.run())
        await until(lambda: _is(rival.outstanding == 1))
        scene.later(seconds=60)
        scene.timers.wake()
        rival.wake()
        await until(lambda: _is(rival.outstanding == scene.timers.outstanding == 0))
        await end([running])
    async with scene.reacting() as reactor:
        await scene.settled(reactor)
    assert await scene.types(chat) == ["started", "transferred", "returned"]


async def test_the_night_shift_ends_when_the_hours_begin_and_again_the_next_day(scene: Scene) -> None:
    """Routing hears of the opening as of any other event."""
    team_id = (await scene.do(ADMIN, CreateTeam(name="Support"))).events[0].originator_id
    await scene.do(ADMIN, AddTeamMember(team_id=team_id, agent_id=BEN))
    async with scene.reacting() as reactor:
        await scene.do(ADMIN, RouteTeam(team_id=team_id, routing=Routing("round_robin", hours=DAILY)))
        for hours in (9, 14):  # midnight, then seven in the evening
            chat = await scene.chat(None, with_assistant=False)
            await scene.settled(reactor)
            assert await scene.types(chat) == ["started"]
            scene.pass_time(hours=hours)
            await ends_with(scene, chat, "assigned")
            await scene.settled(reactor)
            scene.pass_time(hours=10)
    assert (await scene.types(team_id)).count("hours_began") == 2


async def _is(so: bool) -> bool:
    return so
