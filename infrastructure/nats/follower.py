"""Follower: one listener of a tenant's feed, and the task that waits around it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import structlog

from application.log import Recorded

Listener = Callable[[Sequence[Recorded]], None]
EphemeralListener = Callable[[bytes], None]

_log = structlog.get_logger(__name__)


class FollowEnded(Exception):
    """The listener gets nothing more; the cause says why. Follow again, or close what it served."""


class Follower:
    """Made in the task that follows. A listener that raises is cut off alone: the body of its
    `async with feed.follow(...)` is cancelled and leaves with FollowEnded, as `asyncio.timeout` would.
    """

    def __init__(self, listener: Listener, on_ephemeral: EphemeralListener | None) -> None:
        self._listener = listener
        self._on_ephemeral = on_ephemeral
        self._task = asyncio.current_task()
        self._cancelled_before = self._task.cancelling() if self._task else 0
        self._failure: Exception | None = None

    def hear(self, recorded: Sequence[Recorded]) -> None:
        if self._failure is None:
            try:
                self._listener(recorded)
            except Exception as problem:
                self.cut_off(problem)

    def hear_ephemeral(self, body: bytes) -> None:
        if self._failure is None and self._on_ephemeral is not None:
            try:
                self._on_ephemeral(body)
            except Exception as problem:
                self.cut_off(problem)

    def cut_off(self, why: Exception) -> None:
        """End it, once. Never called from the following task itself, so that is waiting somewhere."""
        if self._failure is not None or self._task is None:
            return
        _log.error("feed.follower_cut_off", exc_info=why)
        self._failure = why
        self._task.cancel()

    @contextmanager
    def scope(self) -> Iterator[None]:
        """Around the body: our own cancellation leaves as FollowEnded, anybody else's as it came."""
        try:
            yield
        except asyncio.CancelledError:
            if self._failure is None or self._task is None or self._task.uncancel() > self._cancelled_before:
                raise
            raise FollowEnded from self._failure
