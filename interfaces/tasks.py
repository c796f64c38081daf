"""Tasks: what runs beside the server for the life of a process; one that dies takes the process with it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from infrastructure.ending import end

_log = logging.getLogger("verbatim.process")


class Tasks:
    """Started in order, cancelled in reverse. A worker that ends by itself is a bug: `failed` says so."""

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[Any]] = []
        self.failed = asyncio.Event()

    def start(self, name: str, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(self._ended)
        self._tasks.append(task)

    async def stop(self) -> None:
        """Cancel all and wait for them."""
        await end(reversed(self._tasks))
        self._tasks.clear()

    def _ended(self, task: asyncio.Task[Any]) -> None:
        if task.cancelled():
            return
        _log.error("%s ended, this process stops", task.get_name(), exc_info=task.exception())
        self.failed.set()
