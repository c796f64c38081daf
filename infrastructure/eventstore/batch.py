"""One batch of commands as arguments of es.append, and its answer back as rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from infrastructure.eventstore.arrays import Binaries, Integers, Texts, Timestamps, Uuids
from infrastructure.eventstore.pending import Pending
from infrastructure.eventstore.rows import StoredRow
from infrastructure.postgres import Connection

SQL = (
    "SELECT status, first_pos, last_pos, tpos FROM es.append("
    "%b::int[],%b::uuid[],%b::text[],%b::int[],%b::uuid[],%b::bytea[],%b::int[],%b::int[],%b::bytea[],"
    "%b::int[],%b::int[],%b::text[],%b::timestamptz[],%b::bytea[],%b::bytea[],%b::bytea[]) ORDER BY c"
)


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """What became of one slice. `status`: 0 stored, 1 conflict, 2 stored earlier, 3 earlier with other content."""

    status: int
    first: int
    last: int
    tpos: int


async def append_batch(connection: Connection, batch: Sequence[Pending]) -> list[list[Outcome]]:
    """One round trip; per command the outcome of each of its slices. Raises psycopg.Error."""
    cursor = await connection.execute(SQL, _arguments(batch), binary=True)
    answers = iter(await cursor.fetchall())
    return [[Outcome(*next(answers)) for _ in pending.slices] for pending in batch]


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


def _arguments(batch: Sequence[Pending]) -> tuple[object, ...]:
    owned = [(group, pending, piece) for group, pending in enumerate(batch) for piece in pending.slices]
    pieces = [piece for _, _, piece in owned]
    placed = [(c, k, event) for c, piece in enumerate(pieces, 1) for k, event in enumerate(piece.events, 1)]
    events = [event for _, _, event in placed]
    return (
        Integers.of([pending.tenant_id for _, pending, _ in owned]),
        Uuids.of([piece.stream_id for piece in pieces]),
        Texts.of([piece.kind for piece in pieces]),
        Integers.of([piece.expected_version for piece in pieces]),
        Uuids.of([pending.command_id for _, pending, _ in owned]),
        Binaries.of([pending.fingerprint for _, pending, _ in owned]),
        Integers.of([group for group, _, _ in owned]),
        Integers.of([len(piece.events) for piece in pieces]),
        Binaries.of([piece.events[-1].hash for piece in pieces]),
        Integers.of([c for c, _, _ in placed]),
        Integers.of([k for _, k, _ in placed]),
        Texts.of([event.type for event in events]),
        Timestamps.of([event.at for event in events]),
        Binaries.of([event.payload for event in events]),
        Binaries.of([event.meta for event in events]),
        Binaries.of([event.hash for event in events]),
    )
