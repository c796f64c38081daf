"""Reactions: one policy's way along the log, many events at once, one after another within a stream."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from uuid import UUID

from psycopg import OperationalError
from psycopg.errors import QueryCanceled
from psycopg_pool import PoolTimeout

from application.fault import fault
from application.log import Recorded
from application.ports import Policy
from domain.refusals import Unavailable
from infrastructure.ending import heed_cancellation
from infrastructure.eventstore.reader import EventReader
from infrastructure.postgres import Database
from infrastructure.waking import rest

PAGE = 500
AT_ONCE = 256
"""Reactions under way at a time: most of them wait for a language model, and nobody waits for them."""
BACKLOG = 1_000
"""Events read but not done; beyond it, reading waits."""
TIMER = 0.25
BACKOFF = (0.5, 2.0)
"""Seconds before the second and the third try; then the event is parked."""
OUTAGE_PAUSE = 1.0
_OUTAGES = (OperationalError, PoolTimeout, Unavailable)

_log = logging.getLogger("verbatim.reactor")


class Reactions:
    """`position`: all events up to it are done, durably noted. Lost notes are repeated, never skipped."""

    def __init__(
        self, database: Database, reader: EventReader, policy: Policy, backoff: Sequence[float] = BACKOFF
    ) -> None:
        self.name = policy.name
        self.position = 0
        self._database = database
        self._reader = reader
        self._policy = policy
        self._backoff = backoff
        self._wake = asyncio.Event()
        self._moved = asyncio.Condition()
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._read = 0
        self._open: dict[int, None] = {}
        self._tails: dict[UUID, asyncio.Task[None]] = {}

    def wake(self) -> None:
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled. Raises what reading the log raises; unfinished reactions are repeated next time."""
        self._open, self._tails = {}, {}
        self._read = await self._noted()
        async with asyncio.TaskGroup() as tasks:
            while True:
                heed_cancellation()
                self._wake.clear()
                more = await self._advance(tasks)
                await self._note()
                if not more:
                    await rest(self._wake, TIMER)

    async def reached(self, position: int) -> None:
        async with self._moved:
            await self._moved.wait_for(lambda: self.position >= position)

    async def _advance(self, tasks: asyncio.TaskGroup) -> bool:
        """Read on and start what is concerned; True where there is more to read at once."""
        if len(self._open) >= BACKLOG:
            return False
        page = await self._reader.page(self._read, PAGE)
        for recorded in page:
            self._read = recorded.position
            if self._policy.concerns(recorded):
                self._start(tasks, recorded)
        return len(page) == PAGE

    def _start(self, tasks: asyncio.TaskGroup, recorded: Recorded) -> None:
        self._open[recorded.position] = None
        before = self._tails.get(recorded.stream_id)
        self._tails[recorded.stream_id] = tasks.create_task(self._in_turn(recorded, before))

    async def _in_turn(self, recorded: Recorded, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait([before])
        async with self._slots:
            await self._carry_out(recorded)
        del self._open[recorded.position]
        if self._tails[recorded.stream_id] is asyncio.current_task():
            del self._tails[recorded.stream_id]
        self._wake.set()

    async def _carry_out(self, recorded: Recorded) -> None:
        """Try until it is done; an outage is waited out, what fails three times is parked."""
        tries = 0
        while True:
            try:
                await self._policy.react(recorded)
            except Exception as error:
                is_outage = isinstance(error, _OUTAGES) and not isinstance(error, QueryCanceled)
                tries += not is_outage
                if tries > len(self._backoff):
                    await self._park(recorded, error, tries)
                    return
                _log.warning("%s at %s: %s, trying again", self.name, recorded.position, fault(error))
                await asyncio.sleep(OUTAGE_PAUSE if is_outage else self._backoff[tries - 1])
            else:
                return

    async def _park(self, recorded: Recorded, error: Exception, tries: int) -> None:
        _log.error(
            "%s parked event %s of tenant %s: %s", self.name, recorded.position, recorded.tenant_id, fault(error)
        )
        place = (recorded.position, recorded.tenant_id, recorded.stream_id, recorded.type)
        async with self._database.worker() as connection:
            await connection.execute(
                "INSERT INTO es.reactor_parked (name, pos, tenant_id, stream_id, type, error, tries) "
                "VALUES (%s, %s, %s, %s, %s, %s, %s) "
                "ON CONFLICT (name, pos) DO UPDATE SET error = EXCLUDED.error, tries = EXCLUDED.tries, at = now()",
                (self.name, *place, fault(error), tries),
            )

    async def _noted(self) -> int:
        async with self._database.worker() as connection:
            cursor = await connection.execute("SELECT pos FROM es.reactor WHERE name = %s", (self.name,))
            found = await cursor.fetchone()
        await self._move_to(found[0] if found else 0)
        return self.position

    async def _note(self) -> None:
        """Write down how far all is done, where that moved."""
        done = next(iter(self._open), self._read + 1) - 1
        if done <= self.position:
            return
        async with self._database.worker() as connection:
            await connection.execute(
                "UPDATE es.reactor SET pos = %s, at = now() WHERE name = %s AND pos < %s", (done, self.name, done)
            )
        await self._move_to(done)

    async def _move_to(self, position: int) -> None:
        async with self._moved:
            self.position = position
            self._moved.notify_all()
