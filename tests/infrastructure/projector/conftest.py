"""An event store to fold from, and a small read model that can be made to stumble."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import msgspec
import pytest

from application.log import Recorded
from application.projection import Connection
from domain.conversation import MessagePosted
from domain.personal import readable
from infrastructure.ending import end
from infrastructure.eventstore.store import EventStore, open_event_store
from infrastructure.postgres import Database
from infrastructure.projector.builds import Standing, read_standings
from projections.table import Table
from tests.support.appends import MASTER_KEY
from tests.support.house import House


class Word(msgspec.Struct):
    tenant_id: int
    conversation_id: UUID
    version: int
    text: str | None


WORDS = Table("word", Word, ("conversation_id", "version"))


class Words:
    """What people say, one row each. `stumble` is called with every text inside the fold."""

    name = "words"
    tables = (WORDS.name,)
    concerns = frozenset({MessagePosted.TYPE})

    def __init__(self, version: int = 1, stumble: Callable[[str], object] = lambda text: None) -> None:
        self.version = version
        self.stumble = stumble

    def ddl(self, build: int) -> str:
        return WORDS.ddl(build)

    async def fold(self, connection: Connection, build: int, recorded: Sequence[Recorded]) -> None:
        rows: list[Word] = []
        for one in recorded:
            assert isinstance(one.event, MessagePosted)
            text = readable(one.event.text)
            rows.append(Word(one.tenant_id, one.stream_id, one.version, text))
        await WORDS.upsert(connection, build, rows)
        for row in rows:
            self.stumble(row.text or "")

    async def forget(self, connection: Connection, build: int, tenant_id: int, stream_id: UUID) -> None:
        await WORDS.delete(connection, build, tenant_id, stream_id)


def poison(text: str) -> None:
    if "poison" in text:
        raise ValueError(f"{text}\nDETAIL: what was said")


async def said(database: Database, table: str = "word") -> list[str]:
    """All texts of the read model, in the order they were said."""
    async with database.worker() as connection:
        cursor = await connection.execute(
            f"SELECT text FROM read.{table} ORDER BY conversation_id, version".encode()
        )
        return [text for (text,) in await cursor.fetchall()]


async def standing(database: Database) -> Standing:
    """How the newest build of the words stands."""
    async with database.worker() as connection:
        return next(each for each in await read_standings(connection) if each.name == "words")


@asynccontextmanager
async def running(*jobs: Coroutine[Any, Any, None]) -> AsyncIterator[list[asyncio.Task[None]]]:
    """These run until the block ends; what they raise, it raises."""
    tasks = [asyncio.create_task(job) for job in jobs]
    yield tasks
    await end(tasks)
    for ended in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(ended, Exception):
            raise ended


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[EventStore]:
    async with open_event_store(database_url, MASTER_KEY) as opened:
        yield opened


@pytest.fixture
def house(store: EventStore) -> House:
    return House(store)
