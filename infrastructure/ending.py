"""Ending tasks for good."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

AGAIN = 0.5
"""Seconds after which a task that still runs is cancelled once more."""


async def end(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel until all have ended; what they raised is theirs to tell.

    Once is not enough: Python 3.11's `wait_for`, which nats-py uses, loses a cancellation that arrives together
    with the result it waits for.
    """
    known = list(tasks)
    running = {task for task in known if not task.done()}
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=AGAIN)
    for task in known:
        if not task.cancelled():
            task.exception()


def heed_cancellation() -> None:
    """Raise the CancelledError that a library lost. For each turn of a loop that runs inside of a TaskGroup:
    a group passes a cancellation on once, and then waits for ever.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
