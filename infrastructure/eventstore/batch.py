"""One batch of commands as arguments of es.append, and its answer back as rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from infrastructure.arrays import Binaries, Hashes, Integers, Texts, Timestamps, Uuids
from infrastructure.eventstore.append_call import call_append, call_append_some
from infrastructure.eventstore.charges import charges_of
from infrastructure.eventstore.hashing import root
from infrastructure.eventstore.pending import Pending
from infrastructure.eventstore.rows import StoredRow
from infrastructure.eventstore.seating import seats_of
from infrastructure.eventstore.shape import shape_of
from infrastructure.pipeline import Pipeline


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """What became of one slice. `status`: 0 stored, 1 conflict, 2 stored earlier, 3 earlier with other content.

    4: the agent has no seat; `first` is their load then, and `last` their capacity.
    """

    status: int
    first: int
    last: int
    tpos: int


async def append_batch(pipeline: Pipeline, batch: Sequence[Pending]) -> list[list[Outcome]]:
    """One round trip, two where not all of it goes in; per command the outcome of each of its slices.

    Raises psycopg.Error.
    """
    layout = Layout(batch)
    values = layout.arguments() + counted_of(batch)
    heads = await call_append(pipeline, values)
    if heads is None:
        outcomes = map(Outcome, *await call_append_some(pipeline, values))
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
    """Where everything stands if the whole batch goes in; es.append only adds where the log ends."""

    def __init__(self, batch: Sequence[Pending]) -> None:
        self._batch = batch
        self._shape = shape_of(batch)
        self._slices = [piece for pending in batch for piece in pending.slices]
        self._events = [event for piece in self._slices for event in piece.events]
        self._hashes = [event.hash for event in self._events]
        self._tenants: dict[int, list[bytes]] = {one: [] for one in sorted({each.tenant_id for each in batch})}
        self._tenant_of: list[int] = []
        self._tenant_before: list[int] = []
        self._deal_out()

    def all_stored(self, head: int, theads: Sequence[int]) -> Iterable[Outcome]:
        """Every slice's outcome, from the positions before the batch."""
        shape = self._shape
        slices = zip(shape.command_of_slice, shape.events_of_slice, shape.before_slice, strict=True)
        for command, size, before in slices:
            last = before + size
            within = self._tenant_before[command - 1] + last - shape.before_command[command - 1]
            yield Outcome(0, head + before + 1, head + last, theads[self._tenant_of[command - 1] - 1] + within)

    def arguments(self) -> list[bytes]:
        """In the order of es.append's parameters."""
        return [*self._of_slices(), *self._of_events(), *self._of_commands(), *self._of_tenants()]

    def _deal_out(self) -> None:
        """Each tenant's hashes; each command's tenant, and how many of that tenant's events stand before it."""
        numbers = {tenant_id: number for number, tenant_id in enumerate(self._tenants, 1)}
        starts = (*self._shape.before_command, len(self._hashes))
        for place, pending in enumerate(self._batch):
            hashes = self._tenants[pending.tenant_id]
            self._tenant_of.append(numbers[pending.tenant_id])
            self._tenant_before.append(len(hashes))
            hashes += self._hashes[starts[place] : starts[place + 1]]

    def _of_slices(self) -> tuple[bytes, ...]:
        return (
            self._shape.slice_commands,
            Uuids.of([piece.stream_id for piece in self._slices]).body,
            Texts.of_names([piece.kind for piece in self._slices]).body,
            Integers.of([piece.expected_version for piece in self._slices]).body,
            self._shape.slice_sizes,
            self._shape.slice_befores,
            Hashes.of([piece.events[-1].hash for piece in self._slices]).body,
        )

    def _of_events(self) -> tuple[bytes, ...]:
        return (
            self._shape.event_slices,
            Texts.of_names([event.type for event in self._events]).body,
            Timestamps.of([event.at for event in self._events]).body,
            Binaries.of([event.payload for event in self._events]).body,
            Binaries.of([event.meta for event in self._events]).body,
            Hashes.of(self._hashes).body,
        )

    def _of_commands(self) -> tuple[bytes, ...]:
        return (
            Integers.of(self._tenant_of).body,
            Uuids.of([pending.command_id for pending in self._batch]).body,
            Binaries.of([pending.fingerprint for pending in self._batch]).body,
            self._shape.command_sizes,
            self._shape.command_befores,
            Integers.of(self._tenant_before).body,
        )

    def _of_tenants(self) -> tuple[bytes, ...]:
        return (
            Integers.of(list(self._tenants)).body,
            Integers.of([len(hashes) for hashes in self._tenants.values()]).body,
            Hashes.of([root(hashes) for hashes in self._tenants.values()]).body,
            root(self._hashes),
        )
