"""A started event store on a fresh database; the owner's connection for looking and for breaking things."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import psycopg
import pytest

from infrastructure.eventstore.store import EventStore, open_event_store
from tests.support.appends import MASTER_KEY


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[EventStore]:
    async with open_event_store(database_url, MASTER_KEY) as opened:
        yield opened


@pytest.fixture
def owner(database_url: str) -> Iterator[psycopg.Connection]:
    """A superuser, autocommit, bound by no row-level security."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection
