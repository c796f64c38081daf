"""Continuity over the real log and a real mail server: at its second, not while they are here, after a restart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from application.bus import CommandBus
from application.cache import AggregateCache
from application.conversation import StartConversation
from application.handlers import HANDLERS
from application.policies.notify_absent_visitors import NotifyAbsentVisitors
from application.receipts import MarkRead
from application.tracking import Beacon, TrackedEvent
from application.widget import ConfigureWidget
from application.widget_change import WidgetChange
from domain.continuity import continuity_of
from domain.continuity_rule import ContinuityRule
from infrastructure.ending import end
from infrastructure.eventstore.store import EventStore, open_event_store
from infrastructure.notices.server import mail_server
from infrastructure.notices.smtp import SmtpNotices
from infrastructure.projector.positions import ReadPositions
from infrastructure.projector.runner import Projector
from infrastructure.reactor import Reactor
from infrastructure.timers import HELD, Timers
from infrastructure.track.ingest import Ingest
from infrastructure.track.online import Here
from interfaces.continuity import ContinuedReading, SitePresence
from interfaces.workload import Workload
from projections.registry import PROJECTIONS
from tests.support.house import ADMIN, TENANT, VISITING, VISITOR, WIDGET, House, agent
from tests.support.mail_receiver import MailReceiver, mail_receiver

SECRET = b"k" * 32


class CountedPresence(SitePresence):
    """`asked`: how often it was answered whether somebody is here."""

    asked = 0

    async def is_here(self, tenant_id: int, contact_id: UUID) -> bool:
        found = await super().is_here(tenant_id, contact_id)
        self.asked += 1
        return found


class Scene(House):
    """A house on the real log with its projector; the clock is the test's, also for the timers."""

    def __init__(self, store: EventStore, receiver: MailReceiver) -> None:
        super().__init__(store)
        self.store = store
        self.receiver = receiver
        self.presence = CountedPresence(store.database)
        self.projector = Projector(store.database, store.reader, PROJECTIONS)
        store.on_commit.append(lambda _: self.projector.wake())

    @asynccontextmanager
    async def reacting(self) -> AsyncIterator[Reactor]:
        bus = CommandBus(self.store, HANDLERS, lambda: self.now, self.new_id, AggregateCache(0))
        positions = ReadPositions(self.store.database)
        notices = SmtpNotices(mail_server(self.receiver.url), "chat@shop.test", 5.0)
        absent = NotifyAbsentVisitors(
            bus, ContinuedReading(self.store.database, positions), self.presence, notices
        )
        workload = Workload(self.store.database, positions)
        timers = Timers(bus, self.store.reader, workload, lambda: self.now, absent.holds)
        reactor = Reactor(self.store.database, self.store.reader, [absent, timers], beside=[timers.run])
        await reactor.register()
        self.timers = timers
        self.store.on_commit.append(lambda _: reactor.wake())
        running = asyncio.create_task(reactor.run())
        try:
            yield reactor
        finally:
            await end([running])

    async def begin(self) -> UUID:
        await self.open()
        change = WidgetChange(continuity=ContinuityRule(enabled=True))
        await self.do(ADMIN, ConfigureWidget(widget_id=WIDGET, change=change))
        command = StartConversation(contact_id=VISITOR, widget_id=WIDGET, text="Hello?", email="vera@visitor.test")
        return (await self.do(VISITING, command)).events[-1].originator_id

    async def read(self, chat: UUID) -> None:
        up_to = len(await self.store.reader.stream(TENANT, chat))
        await self.do(VISITING, MarkRead(conversation_id=chat, up_to=up_to))

    async def settled(self, reactor: Reactor) -> None:
        """Everything is reacted to, and so is what that brought."""
        head = -1
        while head < (head := await self.store.reader.head()):
            reactor.wake()
            await reactor.reached(head)

    async def turn(self, reactor: Reactor, **span: float) -> None:
        """So much later, everything done."""
        await self.settled(reactor)
        self.later(**span)
        self.timers.wake()
        await self.settled(reactor)

    async def steps(self, chat: UUID) -> list[str]:
        return [one.type.split(".")[1] for one in await self.store.reader.stream(TENANT, continuity_of(chat))]

    async def come_to(self, chat: UUID, *steps: str) -> None:
        await until(lambda: self._says(chat, list(steps)))

    async def _says(self, chat: UUID, steps: list[str]) -> bool:
        return await self.steps(chat) == steps


@pytest.fixture
async def scene(database_url: str) -> AsyncIterator[Scene]:
    async with open_event_store(database_url, SECRET) as store, mail_receiver() as receiver:
        made = Scene(store, receiver)
        projecting = asyncio.create_task(made.projector.run())
        yield made
        await end([projecting])


async def until(is_so: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(10):
        while not await is_so():
            await asyncio.sleep(0.02)


async def test_a_mail_goes_out_at_its_second_and_not_before(scene: Scene) -> None:
    chat = await scene.begin()
    async with scene.reacting() as reactor:
        await scene.say(chat, "Yes, in blue.", agent())
        await scene.come_to(chat, "reply_awaited")
        await scene.turn(reactor, seconds=599)
        assert await scene.steps(chat) == ["reply_awaited"]
        await scene.turn(reactor, seconds=1)
        (mail,) = await scene.receiver.received()
        assert mail.recipients == ("vera@visitor.test",)
        assert "Yes, in blue." in mail.message.get_content()
        await scene.come_to(chat, "reply_awaited", "notice_due", "notice_sent")
        [*_, due, _] = await scene.store.reader.stream(TENANT, continuity_of(chat))
        assert (due.event.cause.policy, due.event.at) == ("timers", scene.now)


async def test_what_was_due_while_nobody_led_is_told_once_and_what_was_read_is_not(scene: Scene) -> None:
    chat = await scene.begin()
    async with scene.reacting() as reactor:
        await scene.say(chat, "Yes, in blue.", agent())
        await scene.come_to(chat, "reply_awaited")
        await scene.settled(reactor)
    scene.later(minutes=30)
    async with scene.reacting() as reactor:
        await scene.come_to(chat, "reply_awaited", "notice_due", "notice_sent")
        await scene.settled(reactor)
    await scene.read(chat)
    await scene.say(chat, "Anything else?", agent())
    async with scene.reacting() as reactor:
        await scene.come_to(chat, "reply_awaited", "notice_due", "notice_sent", "reply_awaited")
        await scene.settled(reactor)
    await scene.read(chat)
    scene.later(minutes=30)
    async with scene.reacting() as reactor:
        await scene.come_to(chat, "reply_awaited", "notice_due", "notice_sent", "reply_awaited", "wait_ended")
        await scene.settled(reactor)
        assert scene.timers.outstanding == 0
    assert len(scene.receiver.mails) == 1


async def test_nobody_is_written_to_while_a_socket_of_theirs_is_open_anywhere(scene: Scene) -> None:
    chat = await scene.begin()
    elsewhere = Ingest(scene.store.database, SECRET)
    await elsewhere.see([Here(TENANT, VISITOR)])
    async with scene.reacting() as reactor:
        await scene.say(chat, "Yes, in blue.", agent())
        await scene.come_to(chat, "reply_awaited")
        await scene.turn(reactor, minutes=10)
        await until(lambda: _is(scene.presence.asked == 1))
        assert await scene.steps(chat) == ["reply_awaited"]
        await _leave(scene)
        await scene.turn(reactor, seconds=HELD)
        await scene.come_to(chat, "reply_awaited", "notice_due", "notice_sent")
    await elsewhere.close()


async def test_a_server_that_is_full_is_asked_again_after_a_minute(scene: Scene) -> None:
    chat = await scene.begin()
    scene.receiver.answers["RCPT"] = "452 full"
    async with scene.reacting() as reactor:
        await scene.say(chat, "Yes, in blue.", agent())
        await scene.come_to(chat, "reply_awaited")
        await scene.turn(reactor, minutes=10)
        await scene.come_to(chat, "reply_awaited", "notice_due", "notice_failed")
        scene.receiver.answers.clear()
        await scene.turn(reactor, seconds=59)
        assert scene.receiver.mails == []
        await scene.turn(reactor, seconds=1)
        await scene.come_to(chat, "reply_awaited", *["notice_due", "notice_failed"], "notice_due", "notice_sent")
    assert len(scene.receiver.mails) == 1


async def test_where_they_are_is_known_from_pages_and_sockets(scene: Scene) -> None:
    await scene.begin()
    await scene.projector.catch_up()
    presence, ingest, now = scene.presence, Ingest(scene.store.database, SECRET), datetime.now(UTC)
    assert not await presence.is_here(TENANT, VISITOR)
    assert not await presence.came_since(TENANT, VISITOR, now - timedelta(hours=1))
    assert await presence.last_page(TENANT, VISITOR) is None
    page = TrackedEvent(name="page_view", url="https://shop.test/blue")
    beacon = Beacon(
        tenant_id=TENANT, widget_id=WIDGET, session_id="s", visitor_id=VISITOR, is_proven=True, events=(page,)
    )
    await ingest.accept(beacon)
    assert await presence.is_here(TENANT, VISITOR)
    assert not await presence.is_here(TENANT + 1, VISITOR)
    await _leave(scene)
    assert not await presence.is_here(TENANT, VISITOR)
    assert await presence.came_since(TENANT, VISITOR, now - timedelta(hours=1))
    assert not await presence.came_since(TENANT, VISITOR, now + timedelta(hours=1))
    assert await presence.last_page(TENANT, VISITOR) == "https://shop.test/blue"
    await ingest.close()


async def _leave(scene: Scene) -> None:
    async with scene.store.database.worker() as connection:
        await connection.execute("DELETE FROM track.online")


async def _is(so: bool) -> bool:
    return so
