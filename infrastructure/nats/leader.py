"""Leadership: one process at a time by a PostgreSQL advisory lock. It saves work; nothing depends on it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

from infrastructure.postgres import Connection, connect

RELAY_LOCK = 7004
STANDBY_PAUSE = 1.0
BEAT_EVERY = 1.0
DEADLINE = 5.0

Beat = Callable[[], Awaitable[None]]


@asynccontextmanager
async def leadership(url: str) -> AsyncGenerator[Beat]:
    """Entered when this process leads; until then it asks each second, on a connection of its own.

    The leader calls the beat it gets at least once a second; it raises psycopg.Error or TimeoutError when
    the lock may be lost. Entering raises psycopg.OperationalError.
    """
    connection = await connect(url)
    try:
        await _stand_by(connection)
        yield _Heart(connection).beat
    finally:
        await connection.close()


async def _stand_by(connection: Connection) -> None:
    while True:
        if await _ask(connection, "SELECT pg_try_advisory_lock(%s)", RELAY_LOCK):
            return
        await asyncio.sleep(STANDBY_PAUSE)


class _Heart:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._next = 0.0

    async def beat(self) -> None:
        """At most one query a second, however often it is called."""
        if time.monotonic() < self._next:
            return
        await _ask(self._connection, "SELECT true")
        self._next = time.monotonic() + BEAT_EVERY


async def _ask(connection: Connection, query: str, *arguments: int) -> bool:
    async with asyncio.timeout(DEADLINE):
        answer = await (await connection.execute(query.encode(), arguments)).fetchone()
    return bool(answer and answer[0])
