"""Seat moves: what a command's events change about agents' desks, for the append that stores them."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec

from application.log import SeatMove, Slice
from domain.agent import CapacitySet
from domain.handling import HandlingChanged

_MOVING = (HandlingChanged, CapacitySet)


class AskedSeat(msgspec.Struct, frozen=True):
    """A command's question whether there is room. `room`: of an agent without a number of their own."""

    conversation_id: UUID
    room: int


def seat_moves(slices: Sequence[Slice], asked: AskedSeat | None) -> tuple[SeatMove, ...]:
    """What was asked for comes first: where it is refused, the rest is too. Empty for nearly all commands."""
    moves: list[SeatMove] = []
    for piece in slices:
        moving = [event for event in piece.events if isinstance(event, _MOVING)]
        if moving:
            moves += _moves(piece.stream_id, moving, asked)
    return tuple(sorted(moves, key=lambda move: move.room is None))


def _moves(id: UUID, moving: Sequence[HandlingChanged | CapacitySet], asked: AskedSeat | None) -> list[SeatMove]:
    """Of one stream: a conversation's, or else an agent's, whose last number holds."""
    moved = [event for event in moving if isinstance(event, HandlingChanged)]
    if moved:
        return _handled(id, moved, asked)
    numbers = [event.capacity for event in moving if isinstance(event, CapacitySet)]
    return [SeatMove("capacity", id, room=numbers[-1])]


def _handled(id: UUID, moved: Sequence[HandlingChanged], asked: AskedSeat | None) -> list[SeatMove]:
    """From the first event to the last: whoever had it in between took no seat."""
    before, after = moved[0].before.seat, moved[-1].after.seat
    if before == after:
        return []
    if after is not None:
        room = asked.room if asked is not None and asked.conversation_id == id else None
        return [SeatMove("takes", after, id, room)]
    return [] if before is None else [SeatMove("gives_up", before, id)]
