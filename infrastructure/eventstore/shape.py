"""Shape: how a batch's commands, slices and events are numbered. It follows from how many there are of each.

Most batches are of one of a few shapes (so many commands, one event each), and a shape is laid out once.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate, chain

import msgspec

from infrastructure.arrays import Integers
from infrastructure.eventstore.pending import Pending

Counts = tuple[tuple[int, ...], ...]
"""Per command, per slice of it: how many events."""


class Shape(msgspec.Struct, frozen=True):
    """Commands and slices are numbered from 1; `before` counts the events of the batch that stand before.

    The bytes are such numbers as es.append takes them, as arrays.
    """

    command_of_slice: tuple[int, ...]
    events_of_slice: tuple[int, ...]
    before_slice: tuple[int, ...]
    before_command: tuple[int, ...]
    slice_commands: bytes
    slice_sizes: bytes
    slice_befores: bytes
    event_slices: bytes
    command_sizes: bytes
    command_befores: bytes


def shape_of(batch: Sequence[Pending]) -> Shape:
    return _laid_out(tuple([tuple([len(piece.events) for piece in pending.slices]) for pending in batch]))


@lru_cache(1024)
def _laid_out(counts: Counts) -> Shape:
    sizes = tuple(chain.from_iterable(counts))
    commands = tuple(number for number, slices in enumerate(counts, 1) for _ in slices)
    events = [number for number, size in enumerate(sizes, 1) for _ in range(size)]
    totals = [sum(slices) for slices in counts]
    before_slice, before_command = _before(sizes), _before(totals)
    numbers = (commands, sizes, before_slice, events, totals, before_command)
    return Shape(commands, sizes, before_slice, before_command, *[Integers.of(one).body for one in numbers])


def _before(sizes: Sequence[int]) -> tuple[int, ...]:
    return tuple(accumulate(sizes, initial=0))[:-1]
