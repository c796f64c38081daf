"""Sweeping: what is over is forgotten, again and again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import psycopg
from psycopg_pool import PoolTimeout

HOURLY = 3600.0

_log = logging.getLogger("verbatim.sweeping")


async def keep_swept(what: str, sweep: Callable[[], Awaitable[object]], every: float = HOURLY) -> None:
    """Until cancelled: now, then each `every` seconds; what the database failed is logged and comes again."""
    while True:
        try:
            await sweep()
        except (psycopg.Error, PoolTimeout) as error:
            _log.warning("%s were not swept: %s", what, type(error).__name__)
        await asyncio.sleep(every)
