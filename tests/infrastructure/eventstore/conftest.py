"""A started event store on a fresh database."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from infrastructure.eventstore.store import EventStore, open_event_store
from tests.support.appends import MASTER_KEY


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[EventStore]:
    async with open_event_store(database_url, MASTER_KEY) as opened:
        yield opened
