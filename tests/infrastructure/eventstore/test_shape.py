"""Shapes of batches: the numbers that es.append is given, counted one by one."""

from __future__ import annotations

import struct
from uuid import uuid4

from infrastructure.eventstore.pending import Pending, SealedEvent, SealedSlice
from infrastructure.eventstore.shape import shape_of
from tests.support.appends import NOON

EVENT = SealedEvent("tenant.renamed.1", NOON, b"{}", b"{}", b"h" * 32)


def batch(*counts: list[int]) -> list[Pending]:
    """One command per list, a slice per number in it, of so many events."""
    return [
        Pending(1, uuid4(), b"", [SealedSlice(uuid4(), "tenant", 0, (EVENT,) * size) for size in sizes], (), [])
        for sizes in counts
    ]


def numbers(body: bytes) -> list[int]:
    """Of a binary int4[]."""
    return [value for _, value in struct.iter_unpack(">ii", body[20:])]


def test_every_slice_and_event_knows_where_it_stands() -> None:
    shape = shape_of(batch([1], [2, 1], [3]))
    assert shape.command_of_slice == (1, 2, 2, 3) == tuple(numbers(shape.slice_commands))
    assert shape.events_of_slice == (1, 2, 1, 3) == tuple(numbers(shape.slice_sizes))
    assert shape.before_slice == (0, 1, 3, 4) == tuple(numbers(shape.slice_befores))
    assert shape.before_command == (0, 1, 4) == tuple(numbers(shape.command_befores))
    assert numbers(shape.event_slices) == [1, 2, 2, 3, 4, 4, 4]
    assert numbers(shape.command_sizes) == [1, 3, 3]


def test_batches_of_one_shape_are_laid_out_once() -> None:
    assert shape_of(batch([1], [2, 1])) is shape_of(batch([1], [2, 1]))
    assert shape_of(batch([1], [2, 1])) is not shape_of(batch([1], [1, 2]))
