"""Partitions of the log: the next one exists before the current one is full."""

from __future__ import annotations

import asyncio
import logging

import msgspec
import psycopg
from psycopg_pool import PoolTimeout

from infrastructure.postgres import Database

HOURLY = 3600.0
AGAIN = 60.0
"""Seconds until the next try after one that failed."""

FILL = r"""
SELECT coalesce((SELECT last_pos FROM es.batch ORDER BY batch DESC LIMIT 1), 0),
  coalesce(max(bounds[2]) - 1, 0), coalesce(max(bounds[2] - bounds[1]), 0)
FROM (SELECT regexp_match(pg_get_expr(c.relpartbound, c.oid), '\(''(\d+)''\) TO \(''(\d+)''\)')::bigint[] AS bounds
  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'es.event'::regclass) p
"""

_log = logging.getLogger("verbatim.partitions")


class Fill(msgspec.Struct, frozen=True):
    """`head` is the last position given out, `end` the last one there is room for, `width` a partition's size."""

    head: int
    end: int
    width: int

    @property
    def room(self) -> int:
        """Events that can still be stored before a partition is missing."""
        return self.end - self.head

    @property
    def is_short(self) -> bool:
        """Less than a fifth of a partition is left: the next one should have been there long ago."""
        return self.room * 5 < self.width


async def read_fill(database: Database) -> Fill:
    """How full the log's last partition is, for health. Raises psycopg.Error, PoolTimeout."""
    async with database.worker() as connection:
        found = await (await connection.execute(FILL)).fetchone()
    return Fill(*found) if found else Fill(0, 0, 0)


async def make_partitions(database: Database) -> int:
    """How many were missing and are there now; safe to call from several processes. Raises psycopg.Error."""
    async with database.worker() as connection:
        found = await (await connection.execute("SELECT es.make_partitions()")).fetchone()
    return int(found[0]) if found else 0


async def keep_partitions(database: Database, every: float = HOURLY) -> None:
    """Until cancelled: look now, then each `every` seconds; a try that failed is logged and repeated."""
    while True:
        try:
            made = await make_partitions(database)
        except (psycopg.Error, PoolTimeout) as error:
            _log.warning("partitions could not be made: %s", error)
            await asyncio.sleep(min(AGAIN, every))
            continue
        if made:
            _log.info("%s partitions made", made)
        await asyncio.sleep(every)
