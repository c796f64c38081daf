"""The lock that orders the log: how many wait for it."""

from __future__ import annotations

import asyncio

import psycopg

_WAITING = """
SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database AND d.datname = current_database()
WHERE l.locktype = 'advisory' AND l.objid = 7001 AND NOT l.granted"""


async def waiting_for_the_log(owner: psycopg.Connection, count: int) -> None:
    """Until so many do. Raises TimeoutError after 2 s, which is as long as an append waits."""
    async with asyncio.timeout(2):
        while owner.execute(_WAITING).fetchone() != (count,):
            await asyncio.sleep(0.01)
