"""A connection says when its server goes and comes; nothing waits for ever."""

from __future__ import annotations

import asyncio
import time

import pytest

from infrastructure.nats.connection import NatsConnection, NatsUnreachable, nats_connection
from tests.infrastructure.nats.broker import Broker, until


async def test_it_comes_back_with_its_subscriptions_and_says_so(broker: Broker, nats: NatsConnection) -> None:
    said: list[str] = []
    nats.on_loss.append(lambda: said.append("lost"))
    nats.on_return.append(lambda: said.append("returned"))
    heard = asyncio.Event()

    async def hear(_: object) -> None:
        heard.set()

    await nats.subscribe("somewhere", cb=hear)
    broker.kill()
    await until(lambda: said == ["lost"])
    broker.start()
    await until(lambda: said == ["lost", "returned"])
    await nats.publish("somewhere", b"")
    async with asyncio.timeout(5):
        await heard.wait()


async def test_no_server_is_an_error_not_a_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infrastructure.nats.connection.CONNECT_DEADLINE", 0.3)
    with pytest.raises(NatsUnreachable):
        async with nats_connection("nats://127.0.0.1:9", "test"):
            pass


async def test_closing_does_not_wait_for_a_server_that_hangs(broker: Broker) -> None:
    async with nats_connection(broker.url, "test") as connection:
        await connection.publish("somewhere", b"")
        broker.freeze()
        before = time.monotonic()
    assert time.monotonic() - before < 4
    broker.thaw()
