"""Ingest: beacons of this process that wait at the same time become one transaction and one fsync.

Its own queue and its own connection: tracking never waits for a command, nor a command for it.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Sequence

import msgspec
import psycopg
import structlog
from psycopg_pool import PoolTimeout

from application.tracking import Beacon, Sighting, valid_beacon
from domain.refusals import Unavailable
from infrastructure.clock import now
from infrastructure.ending import end
from infrastructure.postgres import Database
from infrastructure.standing import StandingPipeline
from infrastructure.track.batch import connect_track, store_new, store_sifted
from infrastructure.track.online import Here, see
from infrastructure.track.parcel import Parcel, parcel
from infrastructure.track.retention import make_partitions

QUEUE = 50_000
"""Events that may wait; then 503."""
EVENTS_PER_GROUP = 5_000
COHORT = 800
"""So many waiting events are worth a second group while PostgreSQL works on the first."""
GROUPS_AT_ONCE = 2
DEADLINE = 10.0
"""Seconds a group may take."""

_log = structlog.get_logger(__name__)

Observer = Callable[[Sequence[Sighting]], None]


class _Waiting(msgspec.Struct, frozen=True):
    parcel: Parcel
    done: asyncio.Future[None]


class Ingest:
    """`observers` are called on the event loop, and must not block, with who came or moved."""

    def __init__(self, database: Database, secret: bytes, queue: int = QUEUE) -> None:
        self.observers: list[Observer] = []
        self._database = database
        self._secret = hashlib.blake2b(secret, person=b"verbatim track", digest_size=32).digest()
        self._standing = StandingPipeline(lambda: connect_track(database.url))
        self._room = queue
        self._queue: deque[_Waiting] = deque()
        self._events = 0
        self._groups: set[asyncio.Task[None]] = set()
        self._is_called = False
        self._is_open = True

    async def accept(self, beacon: Beacon) -> None:
        """Durable when it returns; a repeat changes nothing. Raises Invalid, Unavailable: nothing is stored then,
        or, where the database went away in the middle, nobody knows, and a repeat puts it right.
        """
        made = parcel(valid_beacon(beacon), now(), self._secret)
        if self._events + _weight(made) > self._room or not self._is_open:
            raise Unavailable
        if made.count == 0 and beacon.visitor_id is None:
            return
        waiting = _Waiting(made, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        self._events += _weight(made)
        self._call()
        await waiting.done

    async def see(self, here: Sequence[Here]) -> None:
        """These visitors are here, each named once; for those whose sockets are open. Raises psycopg.Error."""
        self._tell(await self._standing.run(lambda pipeline: see(pipeline, here)))

    async def close(self) -> None:
        """What waits is still stored."""
        self._is_open = False
        if self._queue or self._groups:
            await asyncio.wait([one.done for one in self._queue] + list(self._groups), timeout=DEADLINE)
        await end(self._groups)
        _finish(self._queue, Unavailable())
        self._standing.close()

    def _call(self) -> None:
        """Look at the queue at the end of this turn of the event loop: what arrives in one turn goes together."""
        if not self._is_called:
            self._is_called = True
            asyncio.get_running_loop().call_soon(self._send)

    def _send(self) -> None:
        self._is_called = False
        while self._queue and len(self._groups) < GROUPS_AT_ONCE:
            if self._groups and self._events < COHORT:
                return
            share = self._events // (GROUPS_AT_ONCE - len(self._groups))
            task = asyncio.create_task(self._carry(self._take(min(EVENTS_PER_GROUP, max(COHORT, share)))))
            self._groups.add(task)
            task.add_done_callback(self._groups.discard)

    def _take(self, limit: int) -> list[_Waiting]:
        group, events = list[_Waiting](), 0
        while self._queue and events < limit:
            group.append(self._queue.popleft())
            events += _weight(group[-1].parcel)
        self._events -= events
        return group

    async def _carry(self, group: list[_Waiting]) -> None:
        try:
            sightings = await self._store([one.parcel for one in group])
        except asyncio.CancelledError:
            _finish(group, Unavailable())
            raise
        except Exception as error:
            _finish(group, _refusal(error))
            return
        finally:
            self._groups.discard(asyncio.current_task())  # pyright: ignore[reportArgumentType]  # it runs in one
            self._send()
        _finish(group, None)
        self._tell(sightings)

    async def _store(self, parcels: Sequence[Parcel]) -> tuple[Sighting, ...]:
        """Once more where the connection had died at rest, or the day has no partition yet."""
        async with asyncio.timeout(DEADLINE):
            try:
                return await self._store_once(parcels)
            except psycopg.errors.CheckViolation:
                await make_partitions(self._database)
            except (psycopg.OperationalError, psycopg.InterfaceError):
                _log.info("track_connection_lost")
            return await self._store_once(parcels)

    async def _store_once(self, parcels: Sequence[Parcel]) -> tuple[Sighting, ...]:
        try:
            return await self._standing.run(lambda pipeline: store_new(pipeline, parcels))
        except psycopg.errors.UniqueViolation:
            async with self._database.worker() as connection:
                return await store_sifted(connection, parcels)

    def _tell(self, sightings: Sequence[Sighting]) -> None:
        for observer in self.observers if sightings else ():
            observer(sightings)


def _weight(made: Parcel) -> int:
    """A heartbeat has no event and waits all the same."""
    return max(1, made.count)


def _finish(group: Iterable[_Waiting], error: Exception | None) -> None:
    for one in group:
        if one.done.done():
            continue
        if error is None:
            one.done.set_result(None)
        else:
            one.done.set_exception(error)


def _refusal(error: Exception) -> Exception:
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError | PoolTimeout | TimeoutError):
        return Unavailable("The database cannot be reached.")
    _log.error("track_group_failed", exc_info=error)
    return error
