"""Batches under way at the same time are told of in the order of their positions."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import uuid4

from infrastructure.eventstore.commit_order import CommitOrder
from infrastructure.eventstore.rows import StoredRow
from tests.support.appends import NOON


def rows(first: int, last: int) -> list[StoredRow]:
    stream = uuid4()
    return [StoredRow(pos, pos, 7, stream, pos, "t.t.1", NOON, b"", b"", b"") for pos in range(first, last + 1)]


def positions(told: Sequence[Sequence[StoredRow]]) -> list[int]:
    return [row.pos for batch in told for row in batch]


def test_what_continues_is_told_at_once() -> None:
    order = CommitOrder()
    first, second = order.begin(), order.begin()
    assert positions(order.end(first, rows(1, 3))) == [1, 2, 3]
    assert positions(order.end(second, rows(4, 4))) == [4]


def test_an_answer_read_too_early_waits_for_the_one_before_it() -> None:
    order = CommitOrder()
    slow, quick = order.begin(), order.begin()
    assert order.end(quick, rows(3, 4)) == []
    assert positions(order.end(slow, rows(1, 2))) == [1, 2, 3, 4]


def test_a_gap_of_another_process_does_not_hold_anything_up() -> None:
    order = CommitOrder()
    assert positions(order.end(order.begin(), rows(10, 10))) == [10]
    waiting, other = order.begin(), order.begin()
    assert order.end(waiting, rows(20, 21)) == []
    assert positions(order.end(other, ())) == [20, 21]


def test_it_waits_only_for_what_was_under_way_when_its_answer_came() -> None:
    order = CommitOrder()
    first, second = order.begin(), order.begin()
    assert order.end(first, rows(20, 20)) == []
    later = order.begin()
    assert positions(order.end(second, ())) == [20]
    assert positions(order.end(later, rows(21, 21))) == [21]
