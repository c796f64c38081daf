"""Turns: commands for one stream decide one after the other in this process, so they do not race themselves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import UUID


class Turns:
    """One lock per stream that somebody waits for or holds, dropped with its last holder."""

    def __init__(self) -> None:
        self._locks: dict[UUID, tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def turn(self, stream_id: UUID | None) -> AsyncGenerator[None]:
        """Wait for this stream's turn; None (a command that creates its stream) waits for nobody."""
        if stream_id is None:
            yield
            return
        lock, holders = self._locks.get(stream_id, (asyncio.Lock(), 0))
        self._locks[stream_id] = (lock, holders + 1)
        try:
            async with lock:
                yield
        finally:
            lock, holders = self._locks.pop(stream_id)
            if holders > 1:
                self._locks[stream_id] = (lock, holders - 1)
