"""A frame arrives as the message that nats-py would have sent, or nothing of its group does."""

from __future__ import annotations

import asyncio

import pytest
from nats.aio.msg import Msg
from nats.errors import BadSubjectError, ConnectionClosedError, MaxPayloadError

from infrastructure.nats.connection import NatsConnection, nats_connection
from infrastructure.nats.frames import frame
from tests.infrastructure.nats.broker import Broker, until

HEADERS = {"Nats-Expected-Last-Sequence": "41", "Es-Type": "café:Opened", "Es-Broken": "a\r\nInjected: b\nc"}
BODIES = [b"", b"\r\n\x00HPUB x 0 0\r\n", bytes(range(256)) * 4]


@pytest.fixture
async def heard(nats: NatsConnection) -> list[Msg]:
    messages: list[Msg] = []

    async def hear(message: Msg) -> None:
        messages.append(message)

    await nats.subscribe("said.>", cb=hear)
    await nats.barrier()
    return messages


async def test_it_arrives_as_nats_py_would_have_sent_it(nats: NatsConnection, heard: list[Msg]) -> None:
    for body in BODIES:
        await nats.publish("said.this", body, reply="inbox.1", headers=HEADERS)
        await nats.publish_frames(
            [frame("said.this", body, HEADERS, "inbox.1"), frame("said.that", body, HEADERS)]
        )
    await until(lambda: len(heard) == 3 * len(BODIES))
    for theirs, ours, without_reply in zip(heard[::3], heard[1::3], heard[2::3], strict=True):
        assert (ours.subject, ours.reply, ours.data) == (theirs.subject, theirs.reply, theirs.data)
        assert {name: value.split() for name, value in (ours.headers or {}).items()} == {
            name: value.split() for name, value in (theirs.headers or {}).items()
        }
        assert (without_reply.subject, without_reply.reply) == ("said.that", "")


async def test_many_arrive_in_order(nats: NatsConnection, heard: list[Msg]) -> None:
    frames = [frame("said.number", str(number).encode(), {}) for number in range(5000)]
    await asyncio.gather(*(nats.publish_frames(frames[start : start + 50]) for start in range(0, 5000, 50)))
    await until(lambda: len(heard) == 5000)
    assert [int(message.data) for message in heard] == list(range(5000))


@pytest.mark.parametrize("subject", ["", "two words", "a\r\nPUB b 0"])
def test_what_is_no_subject_is_refused(subject: str) -> None:
    with pytest.raises(BadSubjectError):
        frame(subject, b"", {})


async def test_of_a_group_with_one_too_large_nothing_is_sent(nats: NatsConnection, heard: list[Msg]) -> None:
    large = frame("said.large", b"x" * nats.max_payload, {})
    with pytest.raises(MaxPayloadError):
        await nats.publish_frames([frame("said.small", b"", {}), large])
    await nats.barrier()
    assert (heard, nats.is_connected) == ([], True)


async def test_a_closed_connection_takes_nothing(broker: Broker) -> None:
    async with nats_connection(broker.url, "test") as connection:
        pass
    with pytest.raises(ConnectionClosedError):
        await connection.publish_frames([frame("said.late", b"", {})])
