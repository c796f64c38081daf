"""Recent: answers of the last seconds, so that a busy credential costs one look-up per process and window."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")

WINDOW = 4.0
"""Seconds. A revocation is seen by every process within it; the process that revokes forgets at once."""


class Recent(Generic[K, V]):
    """A bounded map whose entries age out, least recently used first. Only successes belong in it."""

    def __init__(
        self, window: float = WINDOW, size: int = 10_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._window = window
        self._size = size
        self._clock = clock
        self._entries: OrderedDict[K, tuple[float, V]] = OrderedDict()

    def find(self, key: K) -> V | None:
        """None where it is not there or too old."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if self._clock() - entry[0] >= self._window:
            del self._entries[key]
            return None
        self._entries.move_to_end(key)
        return entry[1]

    def keep(self, key: K, value: V, asked_at: float) -> None:
        """`asked_at` is when the question was asked, by `now`: an answer is as old as its question."""
        self._entries[key] = (asked_at, value)
        self._entries.move_to_end(key)
        if len(self._entries) > self._size:
            self._entries.popitem(last=False)

    def now(self) -> float:
        return self._clock()

    def drop(self, key: K) -> None:
        self._entries.pop(key, None)

    def forget(self, matches: Callable[[V], bool]) -> None:
        """Drop every entry whose value matches."""
        for key in [key for key, (_, value) in self._entries.items() if matches(value)]:
            del self._entries[key]
