"""WriterSession: a connection that appends; made anew when it breaks, with the work done again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import psycopg

from infrastructure.eventstore.append_call import prepare_append
from infrastructure.postgres import Connection, connect

T = TypeVar("T")

PATIENCE = 10.0
"""Seconds a batch waits for a database that went away before its commands are refused."""


SETTINGS = {
    "synchronous_commit": "on",
    # es.append looks a few rows up by their keys: planned once, never by the size that a table happens to have.
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "jit": "off",
}


class WriterSession:
    """Work must be safe to do twice: a connection that broke may have committed (es.command absorbs it)."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: Connection | None = None

    async def open(self) -> None:
        """Raises psycopg.OperationalError."""
        self._connection = await connect(self._url, "verbatim_api")
        for name, value in SETTINGS.items():
            await self._connection.execute(f"SET {name} = {value}".encode())
        await prepare_append(self._connection)

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close()

    async def run(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """`work`'s result; repeated on a new connection while the old one is lost, for at most 10 s.

        Raises what `work` raises, psycopg.OperationalError or TimeoutError where no connection could be had.
        """
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    return await work(self._usable())
                except (psycopg.OperationalError, psycopg.InterfaceError):
                    if self._connection is not None and not self._connection.closed:
                        raise
                    await self._reopen()

    def _usable(self) -> Connection:
        if self._connection is None or self._connection.closed:
            raise psycopg.OperationalError("no connection")
        return self._connection

    async def _reopen(self) -> None:
        try:
            await self.open()
        except psycopg.OperationalError:
            await asyncio.sleep(0.2)
