"""A scene on a fresh database."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from infrastructure.eventstore.store import open_event_store
from tests.infrastructure.webhooks.scene import SECRET, Scene


@pytest.fixture
async def scene(database_url: str) -> AsyncIterator[Scene]:
    async with open_event_store(database_url, SECRET) as store:
        yield Scene(store)
