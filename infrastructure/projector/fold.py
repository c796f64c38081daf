"""Fold: one build, moved along the log page by page; rows and position commit together."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import psycopg
import structlog

from application.log import Recorded
from application.projection import Projection
from infrastructure.eventstore.mapper import UnknownEventType
from infrastructure.eventstore.reader import EventReader
from infrastructure.eventstore.sealing import Tampered
from infrastructure.postgres import Connection
from infrastructure.projector import parking
from infrastructure.projector.builds import Build, Fenced, halt, show

log = structlog.get_logger(__name__)

PAGE = 2000
TRIES = 3
UNREADABLE = (UnknownEventType, Tampered, msgspec.MsgspecError)
"""The event itself cannot be read: nobody may fold past it."""
LOST = (psycopg.OperationalError, psycopg.InterfaceError, Fenced)
"""Not the fault of an event: the connection, the server, or another owner. Try again later."""


async def read_page(reader: EventReader, after: int) -> list[Recorded]:
    """Up to 2,000 events, fewer before one that is UNREADABLE. Raises where that one is next."""
    limit = PAGE
    while True:
        try:
            return await reader.page(after, limit)
        except UNREADABLE:
            if limit == 1:
                raise
            limit //= 2


class Fold:
    """Owned by one task, on that task's connection. A build that halted is not moved again."""

    def __init__(self, connection: Connection, projection: Projection, build: Build) -> None:
        self.projection = projection
        self.build = build
        self.is_halted = False
        self._connection = connection

    @property
    def position(self) -> int:
        return self.build.position

    async def advance(self, page: Sequence[Recorded]) -> None:
        """Fold the events right behind `position`; park what cannot be folded. Raises LOST."""
        try:
            await self._store(page)
        except Exception as failure:  # whatever a fold stumbles over: found event by event, then parked
            if _is_lost(failure):
                raise
            await self._divide(page, failure)

    async def halt(self, why: str) -> None:
        """Stand still, visibly, until a projector starts anew."""
        log.error("projection_halted", projection=self.build.name, build=self.build.number, why=why)
        self.is_halted = True
        await halt(self._connection, self.build, why)

    async def go_live(self, reader: EventReader) -> bool:
        """Take the live build's place; it is held for a moment, and the last events are folded meanwhile.

        Readers see the old tables until this commits, then the new ones. False where a reader or the live
        build was in the way: nothing has changed, try again. Raises LOST, UNREADABLE.
        """
        before = self.build
        try:
            async with self._connection.transaction():
                await self._replace_live(reader)
        except psycopg.errors.LockNotAvailable:
            self.build = before
        return self.build.state == "live"

    async def _replace_live(self, reader: EventReader) -> None:
        # Shorter than deadlock_timeout: who reads one view and then wants another is never the victim.
        await self._connection.execute("SET LOCAL lock_timeout = '300ms'")
        await self._connection.execute("SET LOCAL synchronous_commit = on")
        _, goal = await parking.hold(self._connection, self.build.name)
        while self.position < goal and not self.is_halted:
            await self.advance(await read_page(reader, self.position))
        if not self.is_halted:
            await show(self._connection, self.projection, self.build)
            self.build = msgspec.structs.replace(self.build, state="live")

    async def _store(self, page: Sequence[Recorded]) -> None:
        async with self._connection.pipeline(), self._connection.transaction():
            await self._move(page)
            concerned = [one for one in page if one.type in self.projection.concerns]
            if concerned:
                await self._fold(concerned)
        self.build = msgspec.structs.replace(self.build, position=page[-1].position)

    async def _fold(self, concerned: Sequence[Recorded]) -> None:
        parked = await parking.parked_streams(self._connection, self.build, concerned)
        flowing = [one for one in concerned if (one.tenant_id, one.stream_id) not in parked]
        if flowing:
            await self.projection.fold(self._connection, self.build.number, flowing)
        if parked:
            late = [one for one in concerned if (one.tenant_id, one.stream_id) in parked]
            await parking.park(self._connection, self.build, late)

    async def _move(self, page: Sequence[Recorded]) -> None:
        """First in the transaction: a zombie ends here, and an unparking waits for us or we for it."""
        cursor = await self._connection.execute(
            "UPDATE es.projection SET pos = %s, moved_at = now() "
            "WHERE name = %s AND build = %s AND owner_epoch = %s AND pos = %s RETURNING 1",
            (page[-1].position, self.build.name, self.build.number, self.build.epoch, self.position),
        )
        if await cursor.fetchone() is None:
            raise Fenced(f"{self.build.name} build {self.build.number}")
        seqs = {one.tenant_id: one.seq for one in page}
        await self._connection.execute(
            "INSERT INTO es.projection_tenant (name, build, tenant_id, tpos) "
            "SELECT %s, %s, t, s FROM unnest(%s::int[], %s::bigint[]) x(t, s) "
            "ON CONFLICT (name, build, tenant_id) DO UPDATE SET tpos = EXCLUDED.tpos",
            (self.build.name, self.build.number, list(seqs), list(seqs.values())),
        )

    async def _divide(self, page: Sequence[Recorded], failure: Exception) -> None:
        if len(page) == 1:
            await self._try_again(page[0], failure)
            return
        middle = len(page) // 2
        await self.advance(page[:middle])
        if not self.is_halted:
            await self.advance(page[middle:])

    async def _try_again(self, one: Recorded, failure: Exception) -> None:
        for _ in range(TRIES - 1):
            try:
                await self._store([one])
            except Exception as again:
                if _is_lost(again):
                    raise
                failure = again
            else:
                return
        await self._park(one, failure)

    async def _park(self, one: Recorded, failure: Exception) -> None:
        why = parking.reason(failure)
        log.error("event_parked", projection=self.build.name, position=one.position, type=one.type, why=why)
        async with self._connection.transaction():
            await self._move([one])
            await parking.park(self._connection, self.build, [one], failure, TRIES)
            is_code_fault = await parking.too_many(self._connection, self.build, one.position)
        self.build = msgspec.structs.replace(self.build, position=one.position)
        if is_code_fault:
            await self.halt(f"too many events failed; the last: {why}")


def _is_lost(failure: Exception) -> bool:
    """A value too large for PostgreSQL is an OperationalError too, but stays too large."""
    return isinstance(failure, LOST) and not isinstance(failure, psycopg.errors.ProgramLimitExceeded)
