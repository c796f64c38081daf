"""The seat moves of a batch as arguments of es.append_seated."""

from __future__ import annotations

from collections.abc import Sequence

from infrastructure.arrays import Integers, Uuids
from infrastructure.eventstore.pending import Pending

ACTS = ("takes", "gives_up", "capacity")


def seats_of(batch: Sequence[Pending]) -> list[bytes]:
    """In the order of the s_ parameters; empty where no seat changes."""
    found = [
        (number, pending.tenant_id, move) for number, pending in enumerate(batch, 1) for move in pending.seats
    ]
    if not found:
        return []
    moves = [move for _, _, move in found]
    arrays = (
        Integers.of([number for number, _, _ in found]),
        Integers.of([ACTS.index(move.act) for move in moves]),
        Integers.of([tenant_id for _, tenant_id, _ in found]),
        Uuids.of([move.agent_id for move in moves]),
        Uuids.of([move.conversation_id for move in moves]),
        Integers.of([-1 if move.room is None else move.room for move in moves]),
    )
    return [one.body for one in arrays]
