"""MemoryLog: the event log without a disk, with the real rules (expected versions, keys, gapless positions)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from uuid import UUID

import msgspec

from application.log import Append, Appended, DeskFull, LoadedStream, Recorded, Slice, VersionConflict
from domain.kernel import Event, PersonalEvent
from domain.personal import ERASED, personal_fields
from domain.refusals import IdempotencyMismatch


class MemoryLog:
    """An `application.log.EventLog`. `recorded` holds every event of every tenant, oldest first.

    `seats`: who has which open conversation; `rooms`: agents' own numbers. Both by tenant and id.
    """

    def __init__(self) -> None:
        self.recorded: list[Recorded] = []
        self.seats: dict[tuple[int, UUID], UUID] = {}
        self.rooms: dict[tuple[int, UUID], int | None] = {}
        self._commands: dict[tuple[int, UUID], tuple[bytes, Appended]] = {}

    async def load(self, tenant_id: int, stream_id: UUID) -> LoadedStream:
        mine = [one for one in self._stream(stream_id) if one.tenant_id == tenant_id]
        return LoadedStream(tuple(one.event for one in mine), mine[-1].hash if mine else b"")

    async def append(self, append: Append) -> Appended:
        command_id = append.meta.command_id
        earlier = await self.find_command(append.tenant_id, command_id, append.fingerprint)
        if earlier is not None:
            return earlier
        if not all(self._fits(append.tenant_id, piece) for piece in append.slices):
            raise VersionConflict
        self._move_seats(append)
        first = len(self.recorded) + 1
        heads = tuple(self._store(append, piece) for piece in append.slices)
        appended = Appended(first, len(self.recorded), await self.head(append.tenant_id), heads)
        self._commands[append.tenant_id, command_id] = (append.fingerprint, appended)
        return appended

    async def find_command(self, tenant_id: int, command_id: UUID, fingerprint: bytes) -> Appended | None:
        known = self._commands.get((tenant_id, command_id))
        if known is None:
            return None
        if known[0] != fingerprint:
            raise IdempotencyMismatch
        return msgspec.structs.replace(known[1], heads=(), replayed=True)

    async def read(self, tenant_id: int, first_position: int, last_position: int) -> Sequence[Recorded]:
        span = self.recorded[first_position - 1 : last_position]
        return [one for one in span if one.tenant_id == tenant_id]

    async def head(self, tenant_id: int) -> int:
        return sum(one.tenant_id == tenant_id for one in self.recorded)

    def shred(self, subject_id: UUID) -> None:
        """What destroying a person's key does: their personal fields read as ERASED, hashes stay."""
        self.recorded = [
            msgspec.structs.replace(one, event=_shredded(one.event, subject_id)) for one in self.recorded
        ]

    def types(self, stream_id: UUID) -> list[str]:
        """The types of a stream's events, oldest first."""
        return [one.type for one in self._stream(stream_id)]

    def last(self) -> Event:
        return self.recorded[-1].event

    def load_of(self, tenant_id: int, agent_id: UUID) -> int:
        return sum(tenant == tenant_id and one == agent_id for (tenant, _), one in self.seats.items())

    def _move_seats(self, append: Append) -> None:
        """All of them, or none; what is asked for comes first."""
        for move in append.seats:
            chair, desk = (append.tenant_id, move.conversation_id), (append.tenant_id, move.agent_id)
            if move.act == "capacity":
                self.rooms[desk] = move.room
            elif move.act == "gives_up":
                self.seats.pop(chair, None)
            else:
                own, load = self.rooms.get(desk), self.load_of(*desk)
                if move.room is not None and load >= (room := move.room if own is None else own):
                    raise DeskFull(load, room)
                self.seats[chair] = move.agent_id

    def _stream(self, stream_id: UUID) -> list[Recorded]:
        return [one for one in self.recorded if one.stream_id == stream_id]

    def _fits(self, tenant_id: int, piece: Slice) -> bool:
        """The expected version and head are the stored ones, and the stream is nobody else's."""
        stream = self._stream(piece.stream_id)
        if any(one.tenant_id != tenant_id for one in stream):
            return False
        head = stream[-1].hash if stream else b""
        return len(stream) == piece.expected_version and head == piece.head

    def _store(self, append: Append, piece: Slice) -> bytes:
        head = piece.head
        for event in piece.events:
            seq = sum(one.tenant_id == append.tenant_id for one in self.recorded) + 1
            head = hashlib.sha256(head + msgspec.json.encode((event.TYPE, event))).digest()
            place = (len(self.recorded) + 1, seq, append.tenant_id)
            self.recorded.append(Recorded(*place, event, append.meta, head))
        return head


def _shredded(event: Event, subject_id: UUID) -> Event:
    if not isinstance(event, PersonalEvent) or event.subject_id != subject_id:
        return event
    told = [name for name in personal_fields(type(event)) if getattr(event, name) is not None]
    return msgspec.structs.replace(event, **dict.fromkeys(told, ERASED))
