"""A log with events in it, a server that can be killed, and a connection to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from infrastructure.eventstore.store import EventStore, open_event_store
from infrastructure.nats.connection import NatsConnection, nats_connection
from tests.infrastructure.nats.broker import Broker, open_broker


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[EventStore]:
    async with open_event_store(database_url, b"k" * 32) as opened:
        yield opened


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with open_broker(tmp_path) as running:
        yield running


@pytest.fixture
async def nats(broker: Broker) -> AsyncIterator[NatsConnection]:
    async with nats_connection(broker.url, "test") as connection:
        yield connection
