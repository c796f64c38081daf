"""One edge, its tenant with an agent, and a visitor."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from infrastructure.embedded.nats import NatsServer
from tests.interfaces.ws.edge import Edge, open_edge


@pytest.fixture
async def edge(database_url: str, nats_server: NatsServer) -> AsyncIterator[Edge]:
    """A serving process with the limits of production."""
    async with open_edge(database_url, nats_server.url) as opened:
        yield opened


@pytest.fixture
async def edges(database_url: str, nats_server: NatsServer) -> AsyncIterator[tuple[Edge, Edge]]:
    """Two processes; only the first one relays."""
    async with (
        open_edge(database_url, nats_server.url) as here,
        open_edge(database_url, nats_server.url, relays=False) as there,
    ):
        yield here, there
