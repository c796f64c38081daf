"""Stopping: the first SIGINT or SIGTERM ends a long-running command in good order, at any moment of its life."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine, Generator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import uvloop

from infrastructure.garbage import settle

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopped(BaseException):
    """Asked to stop while nothing was served yet: what is up already goes down again."""


@contextmanager
def stoppable() -> Generator[None]:
    """The first signal raises Stopped inside, which ends here; the process then ignores further ones."""
    for number in SIGNALS:
        signal.signal(number, _stop)
    try:
        yield
    except Stopped:
        return
    finally:
        _ignore()


def run_until_stopped(work: Coroutine[Any, Any, bool]) -> bool:
    """The answer of `work`, in an event loop. A signal cancels it, unless it sets a handler of its own: then True.

    Call it inside of `stoppable`. Signals that come after the loop are ignored.
    """
    settle()
    try:
        return uvloop.run(_cancelled_by_signals(work))
    except asyncio.CancelledError:
        return True
    finally:
        _ignore()


async def _cancelled_by_signals(work: Coroutine[Any, Any, bool]) -> bool:
    task = asyncio.current_task()
    assert task is not None
    for number in SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, _cancel_once, task)
    return await work


def _cancel_once(task: asyncio.Task[Any]) -> None:
    if not task.cancelling():
        task.cancel()


def _stop(_number: int, _frame: FrameType | None) -> None:
    _ignore()
    raise Stopped


def _ignore() -> None:
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
