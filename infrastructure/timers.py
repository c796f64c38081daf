"""Timers: what is due at a time is done at that time: a transfer nobody accepted, a snooze, an opening.

The log sets them and lifts them. This process holds them in memory while it leads, and sleeps until the next
one: nothing is searched for in between. What was due while nobody led is done as soon as somebody does.
"""

from __future__ import annotations

import asyncio
import heapq
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from application.actor import system
from application.bus import CommandBus, Request
from application.due import Clock, Due, Holds, command_of, command_without_room, due_of
from application.fault import fault
from application.log import Recorded
from application.ports import DueTimes
from domain.refusals import NotFound, ProjectionBehind, UsageLimitExceeded
from infrastructure.ending import heed_cancellation
from infrastructure.eventstore.reader import EventReader
from infrastructure.waking import rest

AT_ONCE = 32
AGAIN = 5.0
"""Seconds until what could not be done is tried again."""
HELD = 60.0
"""Seconds until it is asked again whether what is held may be done."""
LONGEST_SLEEP = 60.0
"""Seconds; a clock that was set, or a machine that slept, is noticed after as many."""

_log = logging.getLogger("verbatim.timers")


class Timers:
    """A policy that hears of due times, and a task beside it (`run`) that keeps them. Both only where it leads.

    The key of a command names its stream and version, and the command looks again: twice is once.
    """

    name = "timers"

    def __init__(
        self,
        bus: CommandBus,
        reader: EventReader,
        due_times: DueTimes,
        clock: Callable[[], datetime],
        holds: Holds | None = None,
    ) -> None:
        """`holds`: asked before anything is done."""
        self._bus = bus
        self._reader = reader
        self._due_times = due_times
        self._clock = clock
        self._holds = holds
        self._due: dict[Clock, Due] = {}
        self._queue: list[tuple[datetime, Clock, int]] = []
        self._is_loaded = asyncio.Event()
        self._wake = asyncio.Event()

    def concerns(self, recorded: Recorded) -> bool:
        return due_of(recorded) is not None

    async def react(self, recorded: Recorded) -> None:
        """The newest event of a stream says what is due there."""
        await self._is_loaded.wait()
        due = due_of(recorded)
        if due is not None:
            self._set(due)

    def wake(self) -> None:
        """The clock may have moved."""
        self._wake.set()

    @property
    def outstanding(self) -> int:
        return len(self._due)

    async def run(self) -> None:
        """Until cancelled. Raises what PostgreSQL raises while it loads what is due."""
        self._due, self._queue = {}, []
        self._is_loaded.clear()
        await self._load()
        self._is_loaded.set()
        while True:
            heed_cancellation()
            self._wake.clear()
            ripe = self._ripe(self._clock())
            if ripe:
                await asyncio.gather(*(self._carry_out(due) for due in ripe))
            else:
                await self._sleep()

    async def _load(self) -> None:
        """All that is due by now or later, as of the head of the log: events after it come by `react`."""
        head = await self._reader.head()
        while True:
            try:
                outstanding = await self._due_times.outstanding(head)
            except ProjectionBehind as behind:
                _log.warning("timers wait for the read model: %s", fault(behind))
            else:
                break
        for due in outstanding:
            self._set(due)

    def _set(self, due: Due) -> None:
        key = due.clock
        known = self._due.get(key)
        if known is not None and known.version >= due.version:
            return  # older, or read at the start and heard of too
        if due.at is None:
            self._due.pop(key, None)
            return
        self._due[key] = due
        heapq.heappush(self._queue, (due.at, key, due.version))
        self._wake.set()

    def _ripe(self, now: datetime) -> list[Due]:
        """What is due, out of the queue; lifted ones are thrown away on the way."""
        ripe: list[Due] = []
        while self._queue and len(ripe) < AT_ONCE:
            at, clock, version = self._queue[0]
            due = self._due.get(clock)
            if due is not None and due.version == version and at > now:
                break
            heapq.heappop(self._queue)
            if due is not None and due.version == version:
                ripe.append(due)
        return ripe

    async def _carry_out(self, due: Due) -> None:
        request = Request(
            f"{self.name}:{due.stream_id.hex}:{due.version}", policy=self.name, position=due.position
        )
        try:
            if self._holds is not None and await self._holds(due):
                self._try_later(due, HELD)
                return
            await self._bus.execute(system(due.tenant_id), command_of(due), request)
        except UsageLimitExceeded as refusal:
            if not await self._give_up(due, refusal):
                return
        except NotFound:
            _log.error("timer of tenant %s for a stream that is not there: %s", due.tenant_id, due.stream_id)
        except Exception as error:
            _log.warning("timer of tenant %s: %s, trying again", due.tenant_id, fault(error))
            self._try_later(due)
            return
        if self._due.get(due.clock) is due:
            del self._due[due.clock]

    async def _give_up(self, due: Due, refusal: UsageLimitExceeded) -> bool:
        """The plan has no room for it: that is said, and not tried again. False where it could not be said."""
        command = command_without_room(due, refusal.code)
        if command is not None:
            key = f"{self.name}:{due.stream_id.hex}:{due.version}:{refusal.code}"
            request = Request(key, policy=self.name, position=due.position)
            try:
                await self._bus.execute(system(due.tenant_id), command, request)
            except Exception as error:
                _log.warning("timer of tenant %s: %s, trying again", due.tenant_id, fault(error))
                self._try_later(due)
                return False
        return True

    def _try_later(self, due: Due, seconds: float = AGAIN) -> None:
        later = self._clock() + timedelta(seconds=seconds)
        heapq.heappush(self._queue, (later, due.clock, due.version))

    async def _sleep(self) -> None:
        seconds = LONGEST_SLEEP
        if self._queue:
            ahead = (self._queue[0][0] - self._clock().astimezone(UTC)).total_seconds()
            seconds = min(max(ahead, 0.0), LONGEST_SLEEP)
        await rest(self._wake, seconds)
