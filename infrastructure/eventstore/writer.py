"""GroupWriter: commands of this process that wait at the same time become one transaction and one fsync."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from uuid import UUID

import msgspec
import psycopg

from application.log import Appended, Charge, DeskFull, LimitReached, SeatMove, VersionConflict
from domain.plan import METERS
from domain.refusals import IdempotencyMismatch, Unavailable
from infrastructure.ending import end
from infrastructure.eventstore.append_call import NO_ROOM, connect_append
from infrastructure.eventstore.batch import Outcome, append_batch, rows_of
from infrastructure.eventstore.commit_order import CommitOrder
from infrastructure.eventstore.pending import Pending, SealedSlice
from infrastructure.eventstore.rows import StoredRow
from infrastructure.standing import StandingPipeline

SLICES_PER_BATCH = 512
QUEUE = 4096
COHORT = 8
"""So many waiting commands are worth a second batch: this process works on the answers of one while PostgreSQL
works on the other. With 16 in flight two of 8 are a sixth faster than one of 16 at a time; fewer would only cost
a second fsync."""
DEPTH = 2
"""Batches on the way at once."""
BUSY = (psycopg.errors.LockNotAvailable, psycopg.errors.QueryCanceled)


class GroupWriter:
    """Whatever waits when there is room on the connection goes together; there is no timer.

    One connection with room for two batches, so that the database is never idle under load: see Pipeline.
    """

    def __init__(
        self,
        url: str,
        committed: Callable[[Sequence[StoredRow]], None],
        is_heard: Callable[[], bool] = lambda: True,
    ) -> None:
        """`committed` is told of what was stored, in the order of positions, while anybody hears it."""
        self._standing = StandingPipeline(lambda: connect_append(url))
        self._committed = committed
        self._is_heard = is_heard
        self._queue: deque[Pending] = deque()
        self._in_flight: dict[tuple[int, int], Pending] = {}
        self._busy: set[int] = set()
        self._free = 0
        self._flushes: set[asyncio.Task[None]] = set()
        self._order = CommitOrder()
        self._is_open = False
        self._is_called = False

    async def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        await self._standing.open()
        self._free = DEPTH
        self._is_open = True

    async def stop(self) -> None:
        """What is queued is still stored; then the connection closes."""
        self._is_open = False
        if self._in_flight:
            await asyncio.wait([self._wait_for(pending) for pending in self._in_flight.values()], timeout=10)
        await end(self._flushes)
        self._fail(list(self._in_flight.values()), Unavailable())
        self._standing.close()

    async def append(
        self,
        tenant_id: int,
        command_id: UUID,
        fingerprint: bytes,
        slices: Sequence[SealedSlice],
        charges: Sequence[Charge] = (),
        seats: Sequence[SeatMove] = (),
    ) -> Appended:
        """Durable when it returns.

        Raises VersionConflict, LimitReached, DeskFull, IdempotencyMismatch, Unavailable, psycopg.Error.
        """
        number = (tenant_id, command_id.int)
        same = self._in_flight.get(number)
        if same is not None:
            return await self._share(same, fingerprint)
        if len(self._queue) >= QUEUE or not self._is_open:
            raise Unavailable
        streams = tuple([piece.stream_id.int for piece in slices])
        pending = Pending(tenant_id, command_id, fingerprint, slices, streams, [], charges, seats)
        self._in_flight[number] = pending
        self._queue.append(pending)
        self._call()
        return await self._wait_for(pending)

    async def _share(self, same: Pending, fingerprint: bytes) -> Appended:
        if same.fingerprint != fingerprint:
            raise IdempotencyMismatch
        appended = await self._wait_for(same)
        return msgspec.structs.replace(appended, heads=(), replayed=True)

    def _call(self) -> None:
        """Look at the queue at the end of this turn of the event loop: what arrives in one turn goes together."""
        if not self._is_called and self._free:
            self._is_called = True
            self._loop.call_soon(self._send)

    def _send(self) -> None:
        self._is_called = False
        while self._queue and self._free:
            if self._free < DEPTH and len(self._queue) < min(COHORT, len(self._busy)):
                return
            share = -(-len(self._queue) // self._free)
            batch = self._take(min(SLICES_PER_BATCH, max(COHORT, share)))
            if not batch:
                return
            self._free -= 1
            task = asyncio.create_task(self._carry(batch))
            self._flushes.add(task)
            task.add_done_callback(self._flushes.discard)

    def _take(self, limit: int) -> list[Pending]:
        """At most one command per stream may be under way, oldest first: a stream keeps its order."""
        batch, later, blocked, slices = list[Pending](), list[Pending](), set(self._busy), 0
        while self._queue and slices < limit:
            pending = self._queue.popleft()
            touched = pending.streams
            if blocked.isdisjoint(touched):
                batch.append(pending)
                slices += len(touched)
                self._busy.update(touched)
            else:
                later.append(pending)
            blocked.update(touched)
        self._queue.extendleft(reversed(later))
        return batch

    async def _carry(self, batch: list[Pending]) -> None:
        stored = await self._flush(batch)
        self._busy.difference_update([stream for pending in batch for stream in pending.streams])
        self._free += 1
        self._send()  # first of all: the database works on while this process gives out the answers
        for one in stored:
            self._answer(one)

    async def _flush(self, batch: list[Pending]) -> list[_Stored]:
        number = self._order.begin()
        try:
            outcomes = await self._standing.run(lambda pipeline: append_batch(pipeline, batch))
        except Exception as error:
            self._tell(number, ())
            return await self._refuse(batch, error)
        return [_Stored(number, batch, outcomes)]

    def _answer(self, one: _Stored) -> None:
        pairs = list(zip(one.batch, one.outcomes, strict=True))
        rows = [row for pending, ways in pairs for row in rows_of(pending, ways)] if self._is_heard() else []
        self._tell(one.number, rows)
        for pending, ways in pairs:
            self._finish(pending, _answer(pending, ways))

    def _tell(self, number: int, stored: Sequence[StoredRow]) -> None:
        for rows in self._order.end(number, stored):
            self._committed(rows)

    async def _refuse(self, batch: list[Pending], error: Exception) -> list[_Stored]:
        """One command that the database refuses fails the whole statement: halve until it stands alone."""
        if isinstance(error, BUSY):
            self._fail(batch, Unavailable())
        elif isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
            self._fail(batch, Unavailable("The database cannot be reached."))
        elif len(batch) == 1:
            self._fail(batch, _named(error))
        else:
            middle = len(batch) // 2
            first = await self._flush(batch[:middle])
            return first + await self._flush(batch[middle:])
        return []

    def _wait_for(self, pending: Pending) -> asyncio.Future[Appended]:
        waiter: asyncio.Future[Appended] = self._loop.create_future()
        pending.waiters.append(waiter)
        return waiter

    def _fail(self, batch: list[Pending], error: Exception) -> None:
        for pending in batch:
            self._finish(pending, error)

    def _finish(self, pending: Pending, answer: Appended | Exception) -> None:
        self._in_flight.pop((pending.tenant_id, pending.command_id.int), None)
        for waiter in pending.waiters:
            if waiter.done():
                continue
            if isinstance(answer, Appended):
                waiter.set_result(answer)
            else:
                waiter.set_exception(answer)


class _Stored(msgspec.Struct, frozen=True):
    """A batch that the database took, before anybody is told."""

    number: int
    batch: list[Pending]
    outcomes: list[list[Outcome]]


def _named(error: Exception) -> Exception:
    """A plan without room in the application's words."""
    if isinstance(error, psycopg.Error) and error.sqlstate == NO_ROOM:
        full = frozenset((error.diag.message_detail or "").split(","))
        return LimitReached(frozenset(meter for meter in METERS if full.issuperset([meter])))
    return error


def _answer(pending: Pending, ways: Sequence[Outcome]) -> Appended | Exception:
    status = ways[0].status
    if status == 1:
        return VersionConflict()
    if status == 3:
        return IdempotencyMismatch()
    if status == 4:
        return DeskFull(load=ways[0].first, capacity=ways[0].last)
    heads = tuple([piece.events[-1].hash for piece in pending.slices]) if status == 0 else ()
    return Appended(ways[0].first, ways[-1].last, ways[-1].tpos, heads, replayed=status == 2)
