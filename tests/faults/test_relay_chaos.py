"""Two relays at once and no lock; nats-server killed, set back, wiped: the stream stays the log."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from nats.errors import Error as NatsError

from infrastructure.eventstore.store import EventStore, open_event_store
from infrastructure.nats.connection import NatsConnection, nats_connection
from infrastructure.nats.relay import Relay
from infrastructure.nats.stream import EventStream
from tests.infrastructure.nats.broker import Broker, everyone_leads, open_broker, running, stream_is_the_log, until
from tests.infrastructure.nats.chats import chats

Rivals = tuple[Relay, Relay]


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[EventStore]:
    async with open_event_store(database_url, b"k" * 32) as opened:
        yield opened


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with open_broker(tmp_path) as opened:
        yield opened


@pytest.fixture
async def nats(broker: Broker) -> AsyncIterator[NatsConnection]:
    async with nats_connection(broker.url, "test") as connection:
        yield connection


@pytest.fixture
async def rivals(store: EventStore, broker: Broker) -> AsyncIterator[Rivals]:
    """Both lead, each on a connection of its own; one is also the committing process."""
    async with AsyncExitStack() as stack:
        names = ("one", "two")
        links = [await stack.enter_async_context(nats_connection(broker.url, name)) for name in names]
        one, two = (Relay(store.database.url, store.reader, link, lead=everyone_leads) for link in links)
        store.on_commit.append(one.offer)
        await stack.enter_async_context(running(one, two))
        await until(lambda: one.state == two.state == "following")
        yield one, two


async def keep_writing(store: EventStore, rounds: int) -> None:
    for _ in range(rounds):
        await chats(store, 10)
        await asyncio.sleep(0)


async def caught_up(store: EventStore, nats: NatsConnection) -> int:
    """Waits until stream and log end together; the position."""
    head = await store.reader.head()

    async def ends_there() -> bool:
        try:
            found = await EventStream(nats).inspect()
        except NatsError:
            return False
        return found is not None and found.last_seq == head

    await until(ends_there)
    return head


@pytest.mark.usefixtures("rivals")
async def test_two_relays_without_a_lock_neither_double_nor_reorder_through_kill_9(
    store: EventStore, broker: Broker, nats: NatsConnection
) -> None:
    writing = asyncio.create_task(keep_writing(store, 120))
    for _ in range(3):
        before = await store.reader.head()
        await until(lambda before=before: grown(store, before + 300))
        broker.kill()
        await until(lambda before=before: grown(store, before + 500))
        broker.start()
    await writing
    assert await caught_up(store, nats) == 2400
    assert await stream_is_the_log(nats, store.reader) == 2400


@pytest.mark.usefixtures("rivals")
async def test_acknowledged_messages_that_the_server_lost_come_back(
    store: EventStore, broker: Broker, nats: NatsConnection
) -> None:
    await chats(store, 100)
    await caught_up(store, nats)
    broker.kill()
    broker.keep_copy()
    broker.start()
    await chats(store, 250)
    await caught_up(store, nats)
    broker.set_back()
    await caught_up(store, nats)
    assert await stream_is_the_log(nats, store.reader) == 700


@pytest.mark.usefixtures("rivals")
async def test_a_wiped_server_is_rebuilt_while_events_come_in(
    store: EventStore, broker: Broker, nats: NatsConnection
) -> None:
    await chats(store, 100)
    await caught_up(store, nats)
    writing = asyncio.create_task(keep_writing(store, 30))
    broker.wipe()
    await writing
    assert await caught_up(store, nats) == 800
    assert await stream_is_the_log(nats, store.reader) == 800


async def grown(store: EventStore, position: int) -> bool:
    return await store.reader.head() >= position
