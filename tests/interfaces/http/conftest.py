"""A desk, and a shop at it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from infrastructure.embedded.nats import NatsServer
from tests.interfaces.http.desk import Desk, Shop, open_desk


@pytest.fixture
def database_url(built_url: str) -> str:
    """With the read models' tables, as a process makes them before it serves."""
    return built_url


@pytest.fixture
async def desk(database_url: str, nats_server: NatsServer) -> AsyncIterator[Desk]:
    async with open_desk(database_url, nats_server.url) as opened:
        yield opened


@pytest.fixture
async def shop(desk: Desk) -> Shop:
    return await desk.shop()


@pytest.fixture
async def other_shop(desk: Desk) -> Shop:
    """Another tenant at the same desk."""
    return await desk.shop(2)
