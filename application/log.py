"""The event log as the application sees it: what is appended, what comes back, what is read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

import msgspec

from domain.kernel import NOWHERE, Event
from domain.plan import Meter


class VersionConflict(Exception):
    """A stream was not at the expected version; nothing of the append was stored."""


class LimitReached(Exception):
    """A meter that is charged has no room; nothing of the append was stored. `meters`: which."""

    def __init__(self, meters: frozenset[Meter]) -> None:
        super().__init__(", ".join(sorted(meters)))
        self.meters = meters


class DeskFull(Exception):
    """A command asked for a seat that the agent does not have; nothing of the append was stored."""

    def __init__(self, load: int, capacity: int) -> None:
        super().__init__(f"{load} of {capacity}")
        self.load = load
        self.capacity = capacity


class SeatMove(msgspec.Struct, frozen=True):
    """What an append changes about agents' desks, settled in the append's own transaction.

    `takes` a seat for a conversation, from whoever had it; `gives_up` it. `room`: how many seats an agent without
    a number of their own has, where the command asks whether one is free; None where it is only counted.
    `capacity`: the agent's own number from now on (`room`; None: they have none).
    """

    act: Literal["takes", "gives_up", "capacity"]
    agent_id: UUID
    conversation_id: UUID = NOWHERE
    room: int | None = None


class Charge(msgspec.Struct, frozen=True):
    """What an append uses of a meter, settled in the append's own transaction.

    `used` counts; `held` keeps `amount` for what is under way with `key`, for `seconds` at most; `let_go` ends
    that. `limit` None: counted, never refused.
    """

    act: Literal["used", "held", "let_go"]
    meter: Meter
    period: int
    amount: int = 0
    limit: int | None = None
    key: UUID = NOWHERE
    seconds: int = 0


class Meta(msgspec.Struct, frozen=True, omit_defaults=True):
    """Stored beside each event, hashed with it: the command, and the request that brought it."""

    command_id: UUID
    request_id: str = ""


class Slice(msgspec.Struct, frozen=True):
    """The new events of one stream. `head` is the stream's hash before them (b"" for a new stream)."""

    stream_id: UUID
    kind: str
    expected_version: int
    head: bytes
    events: tuple[Event, ...]


class Append(msgspec.Struct, frozen=True):
    """One command's events: all slices are stored, all charges and seats are counted, or none is."""

    tenant_id: int
    meta: Meta
    fingerprint: bytes
    slices: tuple[Slice, ...]
    charges: tuple[Charge, ...] = ()
    seats: tuple[SeatMove, ...] = ()


class Appended(msgspec.Struct, frozen=True):
    """Where a command's events stand: global positions, the tenant's seq of the last, each slice's new head.

    `replayed` is True where an earlier call had stored them; `heads` is empty then.
    """

    first_position: int
    last_position: int
    seq: int
    heads: tuple[bytes, ...] = ()
    replayed: bool = False


class LoadedStream(msgspec.Struct, frozen=True):
    """All events of a stream, oldest first, and its head hash (b"" where there is none)."""

    events: tuple[Event, ...]
    head: bytes


class Recorded(msgspec.Struct, frozen=True):
    """One stored event, opened: global `position`, the tenant's `seq`, its facts and its hash."""

    position: int
    seq: int
    tenant_id: int
    event: Event
    meta: Meta
    hash: bytes

    @property
    def stream_id(self) -> UUID:
        return self.event.originator_id

    @property
    def version(self) -> int:
        return self.event.originator_version

    @property
    def type(self) -> str:
        return self.event.TYPE

    @property
    def kind(self) -> str:
        """The noun of the event's type: `conversation` of `conversation.started.1`."""
        return self.type.partition(".")[0]

    @property
    def at(self) -> datetime:
        return self.event.at


class EventLog(Protocol):
    """Durable, ordered, append-only. Two implementations: PostgreSQL, and memory for tests."""

    async def load(self, tenant_id: int, stream_id: UUID) -> LoadedStream:
        """The stream, if it is this tenant's; else empty."""
        ...

    async def append(self, append: Append) -> Appended:
        """Durable when it returns.

        Raises VersionConflict, LimitReached, DeskFull, IdempotencyMismatch, Unavailable.
        """
        ...

    async def find_command(self, tenant_id: int, command_id: UUID, fingerprint: bytes) -> Appended | None:
        """What a command with this id stored earlier. Raises IdempotencyMismatch for another content."""
        ...

    async def read(self, tenant_id: int, first_position: int, last_position: int) -> Sequence[Recorded]:
        """This tenant's events between two global positions, both included."""
        ...

    async def head(self, tenant_id: int) -> int:
        """The tenant's last seq, 0 before its first event."""
        ...
