"""A command between the application and the table: its events sealed, encoded and hashed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from application.log import Appended, Charge, SeatMove


class SealedEvent(msgspec.Struct, frozen=True):
    """One event in its stored form."""

    type: str
    at: datetime
    payload: bytes
    meta: bytes
    hash: bytes


class SealedSlice(msgspec.Struct, frozen=True):
    """New events of one stream that must follow `expected_version`."""

    stream_id: UUID
    kind: str
    expected_version: int
    events: tuple[SealedEvent, ...]


class Pending(msgspec.Struct, frozen=True, eq=False):
    """One command on its way: all of its slices are stored or none is.

    Everybody who asked for it has a future of his own: one who goes away takes nothing from the others.
    `streams`: the slices' as numbers: a UUID's own hash is a call of Python code, and a batch asks for hundreds.
    """

    tenant_id: int
    command_id: UUID
    fingerprint: bytes
    slices: Sequence[SealedSlice]
    streams: tuple[int, ...]
    waiters: list[asyncio.Future[Appended]]
    charges: Sequence[Charge] = ()
    seats: Sequence[SeatMove] = ()
