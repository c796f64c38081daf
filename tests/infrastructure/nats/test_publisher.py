"""A row is stored at the sequence that is its position, or the publisher says that it may not be."""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

import pytest

from infrastructure.eventstore.rows import StoredRow
from infrastructure.nats.connection import NatsConnection
from infrastructure.nats.publisher import Fenced, Publisher, PublishFailed, open_publisher
from infrastructure.nats.stream import EventStream, StreamHead
from tests.infrastructure.nats.broker import Broker


def rows(first: int, last: int) -> list[StoredRow]:
    return [
        StoredRow(
            pos=position,
            tpos=position,
            tenant_id=7,
            stream_id=uuid.UUID(int=position),
            version=1,
            type="conversation.message_posted.1",
            at=datetime(2030, 1, 1, tzinfo=UTC),
            payload=b"{}",
            meta=b"{}",
            hash=position.to_bytes(32, "big"),
        )
        for position in range(first, last + 1)
    ]


def head(last: Sequence[StoredRow] | None, position: int) -> StreamHead:
    return StreamHead(position, 1, last[-1].hash.hex() if last else None)


@pytest.fixture
async def stream(nats: NatsConnection) -> EventStream:
    opened = EventStream(nats)
    await opened.create(first_seq=1, epoch=1)
    return opened


@pytest.fixture
async def publisher(nats: NatsConnection) -> AsyncIterator[Publisher]:
    async with open_publisher(nats) as opened:
        yield opened


async def test_rows_stand_at_their_positions(stream: EventStream, publisher: Publisher) -> None:
    stored = rows(1, 2000)
    assert await publisher.publish(stored[:1]) == 1
    assert await publisher.publish(stored[1:]) == 2000
    assert await stream.inspect() == head(stored, 2000)


async def test_a_stream_may_begin_anywhere(stream: EventStream, publisher: Publisher) -> None:
    await stream.delete()
    assert await stream.inspect() is None
    await stream.create(first_seq=500, epoch=1)
    assert await stream.inspect() == head(None, 499)
    assert await publisher.publish(rows(500, 510)) == 510


async def test_the_same_rows_again_are_fenced(stream: EventStream, publisher: Publisher) -> None:
    await publisher.publish(rows(1, 100))
    with pytest.raises(Fenced):
        await publisher.publish(rows(1, 100))
    assert await stream.inspect() == head(rows(1, 100), 100)


async def test_what_another_one_has_published_meanwhile_is_not_doubled(
    stream: EventStream, publisher: Publisher
) -> None:
    await publisher.publish(rows(1, 30))
    assert await publisher.publish(rows(1, 100)) == 100
    assert await stream.inspect() == head(rows(1, 100), 100)


async def test_a_row_refused_in_the_middle_is_noticed_though_it_asks_for_no_answer(
    stream: EventStream, publisher: Publisher
) -> None:
    with pytest.raises(Fenced):
        await publisher.publish([*rows(1, 30), *rows(32, 40)])
    assert await stream.inspect() == head(rows(1, 30), 30)


async def test_after_a_failure_it_goes_on(stream: EventStream, publisher: Publisher) -> None:
    with pytest.raises(Fenced):
        await publisher.publish(rows(7, 2000))
    assert await publisher.publish(rows(1, 2000)) == 2000
    assert await stream.inspect() == head(rows(1, 2000), 2000)


async def test_without_a_stream_it_fails_at_once(publisher: Publisher) -> None:
    before = time.monotonic()
    with pytest.raises(PublishFailed, match="no stream"):
        await publisher.publish(rows(1, 10))
    assert time.monotonic() - before < 1


async def test_a_server_that_hangs_is_given_up(stream: EventStream, publisher: Publisher, broker: Broker) -> None:
    await publisher.publish(rows(1, 10))
    broker.freeze()
    with pytest.raises(PublishFailed, match="no answer"):
        await publisher.publish(rows(11, 20))
    broker.thaw()


async def test_a_server_that_dies_is_not_waited_for(
    stream: EventStream, publisher: Publisher, broker: Broker
) -> None:
    await publisher.publish(rows(1, 10))
    broker.kill()
    before = time.monotonic()
    with pytest.raises(PublishFailed, match="away"):
        await publisher.publish(rows(11, 20))
    assert time.monotonic() - before < 1
