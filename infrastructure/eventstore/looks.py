"""Looks: what commands ask the log before they decide, many commands in one query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from application.log import Appended, LoadedStream
from domain.refusals import IdempotencyMismatch
from infrastructure.eventstore.gathered import Gathered
from infrastructure.eventstore.reader import EventReader
from infrastructure.eventstore.rows import StoredRow
from infrastructure.postgres import Database

Key = tuple[int, UUID]
"""A tenant, and the id of one of its streams or commands."""


class Looks:
    """Each method answers one command; those that ask in the same turn of the event loop share a query."""

    def __init__(self, database: Database, reader: EventReader) -> None:
        self._database = database
        self._reader = reader
        self._streams = Gathered[Key, LoadedStream](self._read_streams, _tenant)
        self._commands = Gathered[Key, _Command | None](self._read_commands, _tenant)
        self._heads = Gathered[int, int](reader.tenant_heads)

    async def load(self, tenant_id: int, stream_id: UUID) -> LoadedStream:
        """Empty where the stream is not this tenant's. Raises UnknownEventType, Tampered."""
        return await self._streams.get((tenant_id, stream_id))

    async def find_command(self, tenant_id: int, command_id: UUID, fingerprint: bytes) -> Appended | None:
        """What the command did, None if it was never carried out. Raises IdempotencyMismatch."""
        found = await self._commands.get((tenant_id, command_id))
        if found is None:
            return None
        if found.fingerprint != fingerprint:
            raise IdempotencyMismatch
        return Appended(found.first_pos, found.last_pos, found.tpos, replayed=True)

    async def head(self, tenant_id: int) -> int:
        """The last seq, 0 before the first event."""
        return await self._heads.get(tenant_id)

    async def _read_streams(self, keys: Sequence[Key]) -> Mapping[Key, LoadedStream | Exception]:
        tenant_id, ids = _of_one_tenant(keys)
        opened = await self._opened(await self._reader.raw_streams(tenant_id, ids))
        return {(tenant_id, id): stream for id, stream in opened.items()}

    async def _opened(self, rows: Mapping[UUID, list[StoredRow]]) -> Mapping[UUID, LoadedStream | Exception]:
        """All at once; one by one where one of them cannot be read, so that it spoils no other."""
        try:
            events = iter(
                [one.event for one in await self._reader.opened([r for stream in rows.values() for r in stream])]
            )
        except Exception as error:
            if len(rows) == 1:
                return dict.fromkeys(rows, error)
            return {id: (await self._opened({id: stream}))[id] for id, stream in rows.items()}
        return {
            id: LoadedStream(tuple(next(events) for _ in stream), stream[-1].hash if stream else b"")
            for id, stream in rows.items()
        }

    async def _read_commands(self, keys: Sequence[Key]) -> Mapping[Key, _Command | None]:
        tenant_id, ids = _of_one_tenant(keys)
        async with self._database.tenant(tenant_id) as connection:
            cursor = await connection.execute(
                "SELECT command_id, fingerprint, first_pos, last_pos, tpos FROM es.command "
                "WHERE tenant_id = %s AND command_id = ANY(%s)",
                (tenant_id, ids),
            )
            rows = await cursor.fetchall()
        known = {(tenant_id, id): _Command(bytes(fingerprint), *places) for id, fingerprint, *places in rows}
        return dict.fromkeys(keys) | known


class _Command(msgspec.Struct, frozen=True):
    fingerprint: bytes
    first_pos: int
    last_pos: int
    tpos: int


def _tenant(key: Key) -> int:
    return key[0]


def _of_one_tenant(keys: Sequence[Key]) -> tuple[int, list[UUID]]:
    return keys[0][0], [id for _, id in keys]
