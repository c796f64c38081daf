"""GroupWriter: commands of this process that wait at the same time become one transaction and one fsync."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from uuid import UUID

import msgspec
import psycopg

from application.log import Appended, VersionConflict
from domain.refusals import IdempotencyMismatch, Unavailable
from infrastructure.ending import end
from infrastructure.eventstore.batch import Outcome, append_batch, rows_of
from infrastructure.eventstore.pending import Pending, SealedSlice
from infrastructure.eventstore.rows import StoredRow
from infrastructure.eventstore.session import WriterSession

SLICES_PER_BATCH = 512
QUEUE = 4096
BUSY = (psycopg.errors.LockNotAvailable, psycopg.errors.QueryCanceled)


class GroupWriter:
    """One connection, one batch at a time; no timer: whatever waits when it is free goes together."""

    def __init__(self, url: str, committed: Callable[[Sequence[StoredRow]], None]) -> None:
        self._session = WriterSession(url)
        self._committed = committed
        self._queue: deque[Pending] = deque()
        self._in_flight: dict[tuple[int, UUID], Pending] = {}
        self._arrived = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await self._session.open()
        self._task = asyncio.create_task(self._run(), name="group-writer")

    async def stop(self) -> None:
        """What is queued is still stored; then the connection closes."""
        while self._in_flight and self._task is not None and not self._task.done():
            await asyncio.wait([pending.done for pending in self._in_flight.values()], timeout=10)
        if self._task is not None:
            await end([self._task])
        self._fail(list(self._in_flight.values()), Unavailable())
        await self._session.close()

    async def append(
        self, tenant_id: int, command_id: UUID, fingerprint: bytes, slices: Sequence[SealedSlice]
    ) -> Appended:
        """Durable when it returns. Raises VersionConflict, IdempotencyMismatch, Unavailable, psycopg.Error."""
        same = self._in_flight.get((tenant_id, command_id))
        if same is not None:
            return await self._share(same, fingerprint)
        if len(self._queue) >= QUEUE or self._task is None or self._task.done():
            raise Unavailable
        done = asyncio.get_running_loop().create_future()
        pending = Pending(tenant_id, command_id, fingerprint, slices, done)
        self._in_flight[(tenant_id, command_id)] = pending
        self._queue.append(pending)
        self._arrived.set()
        # Shielded: who asked may go away, the command is under way all the same.
        return await asyncio.shield(done)

    async def _share(self, same: Pending, fingerprint: bytes) -> Appended:
        if same.fingerprint != fingerprint:
            raise IdempotencyMismatch
        appended = await asyncio.shield(same.done)
        return msgspec.structs.replace(appended, heads=(), replayed=True)

    async def _run(self) -> None:
        while True:
            if not self._queue:
                self._arrived.clear()
                await self._arrived.wait()
            await self._flush(self._take())

    def _take(self) -> list[Pending]:
        """At most one waiting command per stream, oldest first: a stream keeps its order."""
        batch, later, streams, slices = list[Pending](), list[Pending](), set[UUID](), 0
        while self._queue and slices < SLICES_PER_BATCH:
            pending = self._queue.popleft()
            touched = {piece.stream_id for piece in pending.slices}
            if touched & streams:
                later.append(pending)
            else:
                batch.append(pending)
                slices += len(pending.slices)
            streams |= touched
        self._queue.extendleft(reversed(later))
        return batch

    async def _flush(self, batch: list[Pending]) -> None:
        try:
            outcomes = await self._session.run(lambda connection: append_batch(connection, batch))
        except BUSY:
            self._fail(batch, Unavailable())
        except (psycopg.OperationalError, psycopg.InterfaceError, TimeoutError):
            self._fail(batch, Unavailable("The database cannot be reached."))
        except Exception as error:
            await self._bisect(batch, error)
        else:
            self._resolve(batch, outcomes)

    async def _bisect(self, batch: list[Pending], error: Exception) -> None:
        """One command that the database refuses fails the whole statement: halve until it stands alone."""
        if len(batch) == 1:
            self._fail(batch, error)
            return
        middle = len(batch) // 2
        await self._flush(batch[:middle])
        await self._flush(batch[middle:])

    def _resolve(self, batch: list[Pending], outcomes: Sequence[Sequence[Outcome]]) -> None:
        stored = [row for pending, ways in zip(batch, outcomes, strict=True) for row in rows_of(pending, ways)]
        if stored:
            self._committed(stored)
        for pending, ways in zip(batch, outcomes, strict=True):
            self._finish(pending, _answer(pending, ways))

    def _fail(self, batch: list[Pending], error: Exception) -> None:
        for pending in batch:
            self._finish(pending, error)

    def _finish(self, pending: Pending, answer: Appended | Exception) -> None:
        self._in_flight.pop((pending.tenant_id, pending.command_id), None)
        if isinstance(answer, Appended):
            pending.done.set_result(answer)
        else:
            pending.done.set_exception(answer)
            pending.done.exception()  # seen: who asked may have gone away


def _answer(pending: Pending, ways: Sequence[Outcome]) -> Appended | Exception:
    status = ways[0].status
    if status == 1:
        return VersionConflict()
    if status == 3:
        return IdempotencyMismatch()
    heads = tuple(piece.events[-1].hash for piece in pending.slices) if status == 0 else ()
    return Appended(ways[0].first, ways[-1].last, ways[-1].tpos, heads, replayed=status == 2)
