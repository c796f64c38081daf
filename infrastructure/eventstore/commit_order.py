"""CommitOrder: batches that were under way at the same time, told of in the order of their positions."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from infrastructure.eventstore.rows import StoredRow


class _Waiting(msgspec.Struct):
    """Rows that are stored, and the batches that may still turn out to stand before them."""

    rows: Sequence[StoredRow]
    others: set[int]


class CommitOrder:
    """Answers may be read in another order than PostgreSQL committed. Positions say which it was.

    Rows that continue where the last ones ended are told at once; others (another process wrote in between) wait
    for the batches that were under way when their answer came.
    """

    def __init__(self) -> None:
        self._under_way: set[int] = set()
        self._waiting: list[_Waiting] = []
        self._last = 0
        self._number = 0

    def begin(self) -> int:
        """A batch is sent; the number to `end` it by."""
        self._number += 1
        self._under_way.add(self._number)
        return self._number

    def end(self, number: int, rows: Sequence[StoredRow]) -> list[Sequence[StoredRow]]:
        """Its answer is here. Returns what may be told now, in the order of positions; `rows` may be empty."""
        self._under_way.discard(number)
        for one in self._waiting:
            one.others.discard(number)
        if rows:
            self._waiting.append(_Waiting(rows, set(self._under_way)))
            self._waiting.sort(key=lambda one: one.rows[0].pos)
        ready: list[Sequence[StoredRow]] = []
        while self._waiting and self._is_next(self._waiting[0]):
            told = self._waiting.pop(0).rows
            self._last = told[-1].pos
            ready.append(told)
        return ready

    def _is_next(self, one: _Waiting) -> bool:
        return not one.others or one.rows[0].pos == self._last + 1
