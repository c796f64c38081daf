"""Leadership: one process at a time by a PostgreSQL advisory lock. It saves work; nothing depends on it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from infrastructure.ending import heed_cancellation
from infrastructure.postgres import Connection, connect

STANDBY_PAUSE = 1.0
"""Seconds between two tries to lead, and between two checks that we still do."""
DEADLINE = 5.0

Keep = Callable[[], Coroutine[Any, Any, None]]


@asynccontextmanager
async def leadership(url: str, lock: int) -> AsyncGenerator[Keep]:
    """Entered when this process leads; until then it asks each second, on a connection of its own.

    Run what it yields beside the work: it never returns, and raises psycopg.Error or TimeoutError when the
    lock may be lost. Entering raises psycopg.OperationalError, TimeoutError.
    """
    connection = await connect(url)
    try:
        await _stand_by(connection, lock)
        yield lambda: _keep(connection)
    finally:
        await connection.close()


async def _stand_by(connection: Connection, lock: int) -> None:
    while True:
        if await _ask(connection, "SELECT pg_try_advisory_lock(%s)", lock):
            return
        await asyncio.sleep(STANDBY_PAUSE)


async def _keep(connection: Connection) -> None:
    while True:
        await _ask(connection, "SELECT true")
        heed_cancellation()
        await asyncio.sleep(STANDBY_PAUSE)


async def _ask(connection: Connection, query: str, *arguments: int) -> bool:
    async with asyncio.timeout(DEADLINE):
        answer = await (await connection.execute(query.encode(), arguments)).fetchone()
    return bool(answer and answer[0])
