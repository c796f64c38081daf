"""One batch of commands as arguments of es.append, and its answer back as rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from infrastructure.arrays import Binaries, BinaryArray, Hashes, Integers, Texts, Timestamps, Uuids
from infrastructure.eventstore.append_call import call_append, call_append_some
from infrastructure.eventstore.charges import charges_of
from infrastructure.eventstore.hashing import root
from infrastructure.eventstore.pending import Pending, SealedEvent, SealedSlice
from infrastructure.eventstore.rows import StoredRow
from infrastructure.eventstore.seating import seats_of
from infrastructure.postgres import Connection


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """What became of one slice. `status`: 0 stored, 1 conflict, 2 stored earlier, 3 earlier with other content.

    4: the agent has no seat; `first` is their load then, and `last` their capacity.
    """

    status: int
    first: int
    last: int
    tpos: int


async def append_batch(connection: Connection, batch: Sequence[Pending]) -> list[list[Outcome]]:
    """One round trip, two where not all of it goes in; per command the outcome of each of its slices.

    Raises psycopg.Error.
    """
    layout = Layout(batch)
    values = layout.arguments() + counted_of(batch)
    heads = await call_append(connection, values)
    if heads is None:
        outcomes = map(Outcome, *await call_append_some(connection, values))
    else:
        outcomes = iter(layout.all_stored(heads[0], heads[1:]))
    return [[next(outcomes) for _ in pending.slices] for pending in batch]


def counted_of(batch: Sequence[Pending]) -> list[bytes]:
    """What is counted in the same transaction: empty for nearly every batch, which is for es.append itself."""
    seats = seats_of(batch)
    return charges_of(batch, is_needed=bool(seats)) + seats


def rows_of(pending: Pending, outcomes: Sequence[Outcome]) -> Iterable[StoredRow]:
    """The rows that this command added to the table."""
    for piece, outcome in zip(pending.slices, outcomes, strict=True):
        if outcome.status != 0:
            continue
        before = outcome.tpos - len(piece.events)
        for place, event in enumerate(piece.events):
            yield StoredRow(
                outcome.first + place,
                before + place + 1,
                pending.tenant_id,
                piece.stream_id,
                piece.expected_version + place + 1,
                event.type,
                event.at,
                event.payload,
                event.meta,
                event.hash,
            )


class Layout:
    """Where everything stands if the whole batch goes in; es.append only adds where the log ends.

    `before` counts events from the batch's beginning; `tenant_before` those of the command's tenant.
    """

    def __init__(self, batch: Sequence[Pending]) -> None:
        self._batch = batch
        self._tenants: dict[int, list[bytes]] = {one: [] for one in sorted({each.tenant_id for each in batch})}
        self._tenant_of: list[int] = []
        self._tenant_before: list[int] = []
        self._before: list[int] = []
        self._slices: list[SealedSlice] = []
        self._command_of: list[int] = []
        self._slice_before: list[int] = []
        self._events: list[SealedEvent] = []
        self._slice_of: list[int] = []
        numbers = {tenant_id: number for number, tenant_id in enumerate(self._tenants, 1)}
        for pending in batch:
            hashes = self._tenants[pending.tenant_id]
            self._tenant_of.append(numbers[pending.tenant_id])
            self._tenant_before.append(len(hashes))
            self._before.append(len(self._events))
            self._place(pending, hashes)

    def all_stored(self, head: int, theads: Sequence[int]) -> Iterable[Outcome]:
        """Every slice's outcome, from the positions before the batch."""
        for piece, command, before in zip(self._slices, self._command_of, self._slice_before, strict=True):
            last = before + len(piece.events)
            within = self._tenant_before[command - 1] + last - self._before[command - 1]
            yield Outcome(0, head + before + 1, head + last, theads[self._tenant_of[command - 1] - 1] + within)

    def arguments(self) -> list[bytes]:
        """In the order of es.append's parameters."""
        arrays = (*self._of_slices(), *self._of_events(), *self._of_commands(), *self._of_tenants())
        return [*(one.body for one in arrays), root(event.hash for event in self._events)]

    def _place(self, pending: Pending, hashes: list[bytes]) -> None:
        for piece in pending.slices:
            self._slices.append(piece)
            self._command_of.append(len(self._before))
            self._slice_before.append(len(self._events))
            self._events.extend(piece.events)
            self._slice_of.extend([len(self._slices)] * len(piece.events))
            hashes.extend([event.hash for event in piece.events])

    def _of_slices(self) -> tuple[BinaryArray, ...]:
        return (
            Integers.of(self._command_of),
            Uuids.of([piece.stream_id for piece in self._slices]),
            Texts.of([piece.kind for piece in self._slices]),
            Integers.of([piece.expected_version for piece in self._slices]),
            Integers.of([len(piece.events) for piece in self._slices]),
            Integers.of(self._slice_before),
            Hashes.of([piece.events[-1].hash for piece in self._slices]),
        )

    def _of_events(self) -> tuple[BinaryArray, ...]:
        return (
            Integers.of(self._slice_of),
            Texts.of([event.type for event in self._events]),
            Timestamps.of([event.at for event in self._events]),
            Binaries.of([event.payload for event in self._events]),
            Binaries.of([event.meta for event in self._events]),
            Hashes.of([event.hash for event in self._events]),
        )

    def _of_commands(self) -> tuple[BinaryArray, ...]:
        ends = [*self._before[1:], len(self._events)]
        return (
            Integers.of(self._tenant_of),
            Uuids.of([pending.command_id for pending in self._batch]),
            Binaries.of([pending.fingerprint for pending in self._batch]),
            Integers.of([end - before for before, end in zip(self._before, ends, strict=True)]),
            Integers.of(self._before),
            Integers.of(self._tenant_before),
        )

    def _of_tenants(self) -> tuple[BinaryArray, ...]:
        return (
            Integers.of(list(self._tenants)),
            Integers.of([len(hashes) for hashes in self._tenants.values()]),
            Hashes.of([root(hashes) for hashes in self._tenants.values()]),
        )
