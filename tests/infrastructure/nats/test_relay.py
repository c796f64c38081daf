"""The stream is a copy of the log: same numbers, same bytes; where it cannot be, the relay says so."""

from __future__ import annotations

import pytest
from nats.errors import Error as NatsError

from infrastructure.eventstore.rows import decode_row
from infrastructure.eventstore.store import EventStore
from infrastructure.nats.connection import NatsConnection
from infrastructure.nats.relay import Relay
from infrastructure.nats.stream import EventStream, StreamHead
from tests.infrastructure.nats.broker import (
    Broker,
    raise_epoch,
    running,
    set_back_log,
    stream_is_the_log,
    until,
)
from tests.infrastructure.nats.chats import chats


def carried(relay: Relay, position: int):
    return until(lambda: relay.state == "following" and relay.position == position)


async def test_every_event_stands_in_the_stream_at_its_position(store: EventStore, nats: NatsConnection) -> None:
    await chats(store, 10)
    relay = Relay(store.database.url, store.reader, nats)
    async with running(relay):
        await carried(relay, 20)
        await chats(store, 5)  # nobody wakes it: the timer does
        await carried(relay, 30)
        assert await stream_is_the_log(nats, store.reader) == 30


async def test_a_message_is_the_stored_row_and_says_its_place_in_headers(
    store: EventStore, nats: NatsConnection
) -> None:
    await chats(store, 1)
    relay = Relay(store.database.url, store.reader, nats)
    async with running(relay):
        await carried(relay, 2)
    message = await nats.jetstream().get_msg("EVENTS", 2)
    row = (await store.reader.raw_page(1, 1))[0]
    assert decode_row(message.data) == row
    assert message.headers == {
        "Nats-Expected-Last-Sequence": "1",
        "Es-Hash": row.hash.hex(),
        "Es-Tpos": "2",
        "Es-Type": "conversation.message_posted.1",
        "Es-Epoch": "1",
    }


async def test_more_than_a_page_is_read_ahead_and_carried(store: EventStore, nats: NatsConnection) -> None:
    await chats(store, 1100)
    relay = Relay(store.database.url, store.reader, nats)
    async with running(relay):
        await carried(relay, 2200)
    assert await stream_is_the_log(nats, store.reader) == 2200


async def test_what_the_process_commits_needs_no_read(store: EventStore, nats: NatsConnection) -> None:
    relay = Relay(store.database.url, store.reader, nats)
    store.on_commit.append(relay.offer)
    async with running(relay):
        await carried(relay, 0)
        await chats(store, 50)
        await carried(relay, 100)
    assert await stream_is_the_log(nats, store.reader) == 100


async def test_an_offer_that_does_not_follow_is_read_from_the_table(
    store: EventStore, nats: NatsConnection
) -> None:
    relay = Relay(store.database.url, store.reader, nats)
    async with running(relay):
        await carried(relay, 0)
        await chats(store, 3)
        rows = await store.reader.raw_page(0)
        relay.offer(rows[4:])
        relay.offer(rows[:2])
        await carried(relay, 6)
    assert await stream_is_the_log(nats, store.reader) == 6


async def test_one_leads_and_the_other_takes_over(store: EventStore, nats: NatsConnection) -> None:
    first = Relay(store.database.url, store.reader, nats)
    second = Relay(store.database.url, store.reader, nats)
    async with running(second):
        async with running(first):
            await until(lambda: "following" in {first.state, second.state})
            leader = first if first.state == "following" else second
            await chats(store, 2)
            await carried(leader, 4)
            assert {first.state, second.state} == {"following", "standby"}
        await carried(second, 4)
        await chats(store, 2)
        await carried(second, 8)
    assert await stream_is_the_log(nats, store.reader) == 8


async def test_a_wiped_server_gets_the_same_numbers_again(
    store: EventStore, broker: Broker, nats: NatsConnection
) -> None:
    await chats(store, 10)
    relay = Relay(store.database.url, store.reader, nats)
    async with running(relay):
        await carried(relay, 20)
        broker.wipe()
        await until(lambda: stream_ends_at(nats, 20))
        assert await stream_is_the_log(nats, store.reader) == 20


async def test_a_stream_that_the_server_cannot_recover_is_made_anew(
    store: EventStore, broker: Broker, nats: NatsConnection
) -> None:
    await chats(store, 10)
    relay = Relay(store.database.url, store.reader, nats)
    async with running(relay):
        await carried(relay, 20)
        broker.break_stream()
        await until(lambda: stream_ends_at(nats, 20))
        assert await stream_is_the_log(nats, store.reader) == 20


async def test_a_new_stream_gets_the_last_events_under_their_numbers(
    store: EventStore, nats: NatsConnection
) -> None:
    await chats(store, 10)
    relay = Relay(store.database.url, store.reader, nats, refill=7)
    async with running(relay):
        await carried(relay, 20)
    assert await stream_is_the_log(nats, store.reader, first=14) == 7


async def test_an_idle_relay_looks_again_when_a_server_comes_back_and_heals_it(
    store: EventStore, broker: Broker, nats: NatsConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infrastructure.nats.relay.AUDIT_EVERY", 600)
    relay = Relay(store.database.url, store.reader, nats)
    async with running(relay):
        await chats(store, 5)
        await carried(relay, 10)
        broker.kill()
        broker.keep_copy()
        broker.start()
        await chats(store, 20)
        await carried(relay, 50)
        broker.set_back()
        await until(lambda: stream_ends_at(nats, 50))
        assert await stream_is_the_log(nats, store.reader) == 50


async def test_a_log_shorter_than_the_stream_stops_the_relay(
    store: EventStore, database_url: str, nats: NatsConnection
) -> None:
    relay = Relay(store.database.url, store.reader, nats)
    await chats(store, 1)
    await chats(store, 5)
    async with running(relay):
        await carried(relay, 12)
    set_back_log(database_url, 2)
    async with running(relay):
        await until(lambda: relay.state == "rewound")
        assert (await EventStream(nats).inspect() or StreamHead(0, 0, None)).last_seq == 12


async def test_other_events_at_the_same_positions_stop_the_relay_while_it_runs(
    store: EventStore, database_url: str, nats: NatsConnection
) -> None:
    relay = Relay(store.database.url, store.reader, nats)
    await chats(store, 1)
    async with running(relay):
        await chats(store, 5)
        await carried(relay, 12)
        set_back_log(database_url, 2)
        await chats(store, 8)
        await until(lambda: relay.state == "rewound")
        head = await EventStream(nats).inspect()
        assert head is not None
        assert head.last_seq <= 18


async def test_a_relay_that_starts_compares_what_the_stream_ends_with(
    store: EventStore, database_url: str, nats: NatsConnection
) -> None:
    await chats(store, 1)
    await chats(store, 5)
    async with running(relay := Relay(store.database.url, store.reader, nats)):
        await carried(relay, 12)
    set_back_log(database_url, 2)
    await chats(store, 8)
    async with running(relay := Relay(store.database.url, store.reader, nats)):
        await until(lambda: relay.state == "rewound")
        assert relay.position == 0


async def test_a_raised_epoch_accepts_the_loss_and_the_stream_is_made_anew(
    store: EventStore, database_url: str, nats: NatsConnection
) -> None:
    relay = Relay(store.database.url, store.reader, nats)
    await chats(store, 1)
    await chats(store, 5)
    async with running(relay):
        await carried(relay, 12)
        set_back_log(database_url, 2)
        await until(lambda: relay.state == "rewound")
        await chats(store, 1)
        raise_epoch(database_url)
        await carried(relay, 4)
        assert await stream_is_the_log(nats, store.reader) == 4
        head = await EventStream(nats).inspect()
        assert head is not None
        assert head.epoch == 2


async def stream_ends_at(nats: NatsConnection, position: int) -> bool:
    try:
        head = await EventStream(nats).inspect()
    except NatsError:  # away, or gone in the middle of the question
        return False
    return head is not None and head.last_seq == position
