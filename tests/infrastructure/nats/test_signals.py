"""A wake reaches the other processes, not the one that woke."""

from __future__ import annotations

from infrastructure.nats.connection import NatsConnection, nats_connection
from infrastructure.nats.signals import Signals
from infrastructure.nats.stream import SUBJECTS
from tests.infrastructure.nats.broker import Broker, until


async def test_others_hear_it_once_per_turn_of_the_loop(broker: Broker, nats: NatsConnection) -> None:
    heard: list[str] = []
    async with nats_connection(broker.url, "other process") as other:
        here, there = Signals(nats), Signals(other)
        await here.on_wake(lambda: heard.append("here"))
        await there.on_wake(lambda: heard.append("there"))
        for _ in range(100):
            here.wake()
        await until(lambda: bool(heard))
        there.wake()
        await until(lambda: "here" in heard)
    assert heard == ["there", "here"]


async def test_a_listener_is_known_to_the_server_when_it_goes_on(broker: Broker, nats: NatsConnection) -> None:
    """A wake that another process sends on hearing that we stand must find us."""
    await Signals(nats).on_wake(lambda: None)
    assert SUBJECTS.wake in broker.subscriptions()  # asked without a turn of the event loop


async def test_without_a_server_a_wake_is_nothing(broker: Broker, nats: NatsConnection) -> None:
    broker.kill()
    await until(lambda: not nats.is_connected)
    Signals(nats).wake()
    broker.start()
    await until(lambda: nats.is_connected)
