"""Standing: a pipeline that is made anew when it breaks, with the work done again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import psycopg

from infrastructure.pipeline import Pipeline

T = TypeVar("T")

PATIENCE = 10.0
"""Seconds that work waits for a database which went away."""
PAUSE = 0.2
"""Seconds between two tries to connect."""


class StandingPipeline:
    """Work must be safe to do twice: a connection that broke may have committed. `connect` makes one, prepared."""

    def __init__(self, connect: Callable[[], Awaitable[Pipeline]]) -> None:
        self._connect = connect
        self._pipeline: Pipeline | None = None
        self._opening = asyncio.Lock()

    async def open(self) -> None:
        """So that whoever starts hears of a database that is not there. Raises psycopg.OperationalError."""
        self._pipeline = await self._connect()

    def close(self) -> None:
        if self._pipeline is not None:
            self._pipeline.close()

    async def run(self, work: Callable[[Pipeline], Awaitable[T]]) -> T:
        """`work`'s result; repeated on a new connection while the old one is lost, for at most 10 s.

        Raises what `work` raises; psycopg.OperationalError where the database does not answer in time.
        """
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._repeated(work)
        except TimeoutError as error:
            raise psycopg.OperationalError(f"no answer in {PATIENCE:.0f} s") from error

    async def _repeated(self, work: Callable[[Pipeline], Awaitable[T]]) -> T:
        while True:
            pipeline = await self._opened()
            try:
                return await work(pipeline)
            except (psycopg.OperationalError, psycopg.InterfaceError):
                if pipeline.is_open:
                    raise

    async def _opened(self) -> Pipeline:
        """Anew where it is lost; whoever comes second finds it open."""
        if self._pipeline is not None and self._pipeline.is_open:
            return self._pipeline
        async with self._opening:
            while self._pipeline is None or not self._pipeline.is_open:
                try:
                    await self.open()
                except psycopg.OperationalError:
                    await asyncio.sleep(PAUSE)
            return self._pipeline
