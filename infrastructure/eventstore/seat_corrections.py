"""Seats made what the log says, where somebody appended who counts none (an older release, the library)."""

from __future__ import annotations

from psycopg import AsyncConnection

from infrastructure.postgres import Database, connect

ALL_OF_IT = "1h"
"""For reading the whole log; no append waits meanwhile."""


async def correct_seats(database: Database) -> int:
    """How many were wrong, of those that the log moved since the last time. Raises psycopg.Error, PoolTimeout."""
    async with database.worker() as connection:
        return await _corrected(connection, "SELECT seats.correct()")


async def rebuild_seats(url: str) -> int:
    """The same by all of the log, from its first event on. Raises psycopg.Error."""
    connection = await connect(url, "verbatim_worker", ALL_OF_IT)
    async with connection:
        return await _corrected(connection, "SELECT seats.correct(0)")


async def _corrected(connection: AsyncConnection[tuple[int, ...]], query: str) -> int:
    found = await (await connection.execute(query.encode())).fetchone()
    assert found is not None
    return found[0]
