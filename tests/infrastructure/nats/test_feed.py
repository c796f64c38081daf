"""A follower gets every event of its tenant once and in order, whatever NATS loses, doubles or forges."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

import msgspec
import pytest

from application.log import Recorded
from infrastructure.eventstore.rows import StoredRow, encode_row
from infrastructure.eventstore.store import EventStore
from infrastructure.nats.connection import NatsConnection
from infrastructure.nats.feed import Feed
from infrastructure.nats.follower import FollowEnded
from infrastructure.nats.relay import Relay
from infrastructure.nats.stream import SUBJECTS
from infrastructure.nats.tenant_feed import SeqRewound
from tests.infrastructure.nats.broker import Broker, every_row, running, set_back_log, until
from tests.infrastructure.nats.chats import TENANT, chats

OTHER = 8


class Screen:
    """A listener that keeps what it hears."""

    def __init__(self) -> None:
        self.events: list[Recorded] = []
        self.typing: list[bytes] = []

    def show(self, batch: Sequence[Recorded]) -> None:
        self.events += batch

    @property
    def seqs(self) -> list[int]:
        return [one.seq for one in self.events]


@pytest.fixture
def feed(store: EventStore, nats: NatsConnection) -> Feed:
    return Feed(nats, store.reader, store.mapper)


@pytest.fixture
def without_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    """What arrives came by NATS or by a hole that NATS showed."""
    monkeypatch.setattr("infrastructure.nats.feed.COMPARE_EVERY", 600)


async def announce(nats: NatsConnection, rows: Iterable[StoredRow]) -> None:
    """As core NATS delivers: to whoever listens now, with no stream behind it."""
    for row in rows:
        await nats.publish(SUBJECTS.event(row), encode_row(row))


@pytest.mark.usefixtures("without_timer")
async def test_events_arrive_opened_and_only_the_tenants_own(
    store: EventStore, nats: NatsConnection, feed: Feed
) -> None:
    await chats(store, 3)
    mine, theirs = Screen(), Screen()
    async with (
        running(Relay(store.database.url, store.reader, nats)),
        feed.follow(TENANT, mine.show) as since,
        feed.follow(OTHER, theirs.show) as theirs_since,
    ):
        assert (since, theirs_since) == (6, 0)
        await asyncio.gather(chats(store, 10), chats(store, 5, OTHER))
        await until(lambda: len(mine.events) == 20 and len(theirs.events) == 10)
    assert mine.seqs == list(range(7, 27))
    assert theirs.seqs == list(range(1, 11))
    assert mine.events == await store.reader.tenant_page(TENANT, 6)


@pytest.mark.usefixtures("without_timer")
async def test_a_hole_is_filled_from_the_log(store: EventStore, nats: NatsConnection, feed: Feed) -> None:
    screen = Screen()
    async with feed.follow(TENANT, screen.show):
        await chats(store, 5)
        rows = await every_row(store.reader)
        await announce(nats, [rows[0], rows[1], rows[6]])
        await until(lambda: len(screen.events) == 10)
    assert screen.seqs == list(range(1, 11))


@pytest.mark.usefixtures("without_timer")
async def test_what_comes_twice_or_late_is_dropped(store: EventStore, nats: NatsConnection, feed: Feed) -> None:
    screen = Screen()
    async with feed.follow(TENANT, screen.show):
        await chats(store, 5)
        rows = await every_row(store.reader)
        await announce(nats, [*rows[:4], *rows[:4], *rows[2:8], rows[3], *rows])
        await until(lambda: len(screen.events) >= 10)
        await announce(nats, rows)
    assert screen.seqs == list(range(1, 11))


async def test_a_message_that_was_lost_is_only_late(store: EventStore, feed: Feed) -> None:
    screen = Screen()
    async with feed.follow(TENANT, screen.show):
        await chats(store, 2)  # no relay, so nobody announces it
        await until(lambda: screen.seqs == [1, 2, 3, 4])


async def test_screens_stay_live_while_nats_is_away(store: EventStore, broker: Broker, feed: Feed) -> None:
    before, during = Screen(), Screen()
    async with feed.follow(TENANT, before.show):
        broker.kill()
        await chats(store, 2)
        await until(lambda: before.seqs == [1, 2, 3, 4])
        async with feed.follow(TENANT, during.show) as since, feed.follow(OTHER, during.show):
            assert since == 4
            await chats(store, 1)
            await until(lambda: during.seqs == [5, 6])


async def test_every_event_once_and_in_order_while_nats_dies_and_returns(
    store: EventStore, broker: Broker, nats: NatsConnection, feed: Feed
) -> None:
    screen = Screen()
    relay = Relay(store.database.url, store.reader, nats)
    store.on_commit.append(relay.offer)
    async with running(relay), feed.follow(TENANT, screen.show):
        for _ in range(3):
            await asyncio.gather(*(chats(store, 20) for _ in range(5)))
            broker.kill()
            await chats(store, 20)
            broker.start()
        await until(lambda: len(screen.events) >= 720)
        await until(lambda: relay.position == 720)
    assert screen.seqs == list(range(1, 721))


async def test_tenants_share_a_subscription_that_goes_with_the_last_follower(broker: Broker, feed: Feed) -> None:
    screen = Screen()

    def listening() -> list[str]:
        return [subject for subject in broker.subscriptions() if subject.startswith(("ev.", "ep."))]

    async with feed.follow(TENANT, screen.show):
        async with feed.follow(TENANT, screen.show), feed.follow(OTHER, screen.show):
            assert listening() == ["ep.7", "ep.8", "ev.7.>", "ev.8.>"]
        await until(lambda: listening() == ["ep.7", "ev.7.>"])
    await until(lambda: listening() == [])


async def test_a_cancelled_follower_leaves_no_subscription(broker: Broker, feed: Feed) -> None:
    inside = asyncio.Event()

    async def follow() -> None:
        async with feed.follow(TENANT, Screen().show):
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(follow())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: "ev.7.>" not in broker.subscriptions())


async def test_a_listener_that_raises_is_cut_off_alone(
    store: EventStore, nats: NatsConnection, feed: Feed
) -> None:
    screen = Screen()

    def broken(batch: Sequence[Recorded]) -> None:
        raise ZeroDivisionError(len(batch))

    async def follow_broken() -> None:
        async with feed.follow(TENANT, broken):
            await chats(store, 1)
            await announce(nats, await every_row(store.reader))
            await asyncio.Event().wait()

    async with feed.follow(TENANT, screen.show):
        with pytest.raises(FollowEnded) as ended:
            await follow_broken()
        assert isinstance(ended.value.__cause__, ZeroDivisionError)
        await until(lambda: screen.seqs == [1, 2])
        await chats(store, 1)
        await announce(nats, await every_row(store.reader))
        await until(lambda: screen.seqs == [1, 2, 3, 4])


@pytest.mark.usefixtures("without_timer")
async def test_rows_of_another_tenant_and_rubbish_are_refused(
    store: EventStore, nats: NatsConnection, feed: Feed
) -> None:
    screen = Screen()
    await chats(store, 1, OTHER)
    foreign = await every_row(store.reader)
    async with feed.follow(TENANT, screen.show):
        subject = f"ev.{TENANT}.conversation.{foreign[0].stream_id.hex}"
        await nats.publish(subject, b"rubbish")
        for row in foreign:
            await nats.publish(subject, encode_row(row))
        await chats(store, 1)
        await announce(nats, (await every_row(store.reader))[2:])
        await until(lambda: screen.seqs == [1, 2])
    assert {one.tenant_id for one in screen.events} == {TENANT}


@pytest.mark.usefixtures("without_timer")
async def test_announcing_what_never_happened_delivers_nothing_and_stops_nothing(
    store: EventStore, nats: NatsConnection, feed: Feed
) -> None:
    screen = Screen()
    await chats(store, 1)
    rows = await every_row(store.reader)
    async with feed.follow(TENANT, screen.show):
        await announce(nats, [msgspec.structs.replace(rows[0], tpos=10**9)])
        await chats(store, 1)
        await announce(nats, (await every_row(store.reader))[2:])
        await until(lambda: screen.seqs == [3, 4])


async def test_typing_reaches_the_tenant_and_nobody_else(feed: Feed) -> None:
    mine, theirs = Screen(), Screen()
    async with (
        feed.follow(TENANT, mine.show, mine.typing.append),
        feed.follow(OTHER, theirs.show, theirs.typing.append),
    ):
        await feed.ephemeral(OTHER, b"not for you")
        await feed.ephemeral(TENANT, b"typing")
        await until(lambda: mine.typing == [b"typing"])
        await until(lambda: theirs.typing == [b"not for you"])


async def test_a_log_that_was_set_back_ends_the_followers(
    store: EventStore, database_url: str, feed: Feed
) -> None:
    screen = Screen()
    await chats(store, 1)

    async def follow() -> None:
        async with feed.follow(TENANT, screen.show):
            await chats(store, 1)
            await until(lambda: screen.seqs == [3, 4])
            set_back_log(database_url, 2)
            await asyncio.Event().wait()

    with pytest.raises(FollowEnded) as ended:
        await follow()
    assert isinstance(ended.value.__cause__, SeqRewound)
