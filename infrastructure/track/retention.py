"""Retention: a partition per day, made ahead and dropped when it is too old; who left is forgotten."""

from __future__ import annotations

import asyncio

import psycopg
import structlog
from psycopg_pool import PoolTimeout

from infrastructure.postgres import Connection, Database

HOURLY = 3600.0
AHEAD = 7
SWEPT_AT_ONCE = 10_000

_log = structlog.get_logger(__name__)

TODAY = "(now() AT TIME ZONE 'UTC')::date"
"""The day of arrival, as PostgreSQL's clock has it."""

_MAKE = f"SELECT track.make_partitions({TODAY}, {TODAY} + %s)"
_DROP = f"SELECT track.drop_partitions({TODAY} - %s)"
_FORGET_SEEN = f"""
WITH gone AS (DELETE FROM track.seen WHERE ctid = ANY (ARRAY(SELECT ctid FROM track.seen
  WHERE day < {TODAY} - %s LIMIT %s)) RETURNING 1)
SELECT count(*) FROM gone"""


async def make_partitions(database: Database) -> int:
    """For today and the `AHEAD` days after; how many were missing. Raises psycopg.Error, PoolTimeout."""
    async with database.worker() as connection:
        return await _number(connection, _MAKE, AHEAD)


async def drop_old(database: Database, days: int) -> int:
    """Whole partitions of what arrived more than `days` days ago; how many. Raises psycopg.Error, PoolTimeout."""
    async with database.worker() as connection:
        dropped = await _number(connection, _DROP, days)
        while await _number(connection, _FORGET_SEEN, days, SWEPT_AT_ONCE):
            continue
        return dropped


async def keep_tracked(database: Database, days: int, every: float = HOURLY) -> None:
    """Until cancelled: both now, then each `every` seconds; a try that failed is logged and comes again."""
    while True:
        try:
            await make_partitions(database)
            dropped = await drop_old(database, days)
        except (psycopg.Error, PoolTimeout) as error:
            _log.warning("tracking_not_kept", why=type(error).__name__)
        else:
            if dropped:
                _log.info("tracking_dropped", partitions=dropped)
        await asyncio.sleep(every)


async def _number(connection: Connection, sql: str, *values: int) -> int:
    found = await (await connection.execute(sql.encode(), values)).fetchone()
    return int(found[0]) if found else 0
