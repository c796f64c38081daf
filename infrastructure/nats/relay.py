"""Relay: carries the log into JetStream, in order, once, whatever dies in between."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Literal

import nats.errors
import psycopg
import structlog

from infrastructure.ending import heed_cancellation
from infrastructure.eventstore.reader import EventReader
from infrastructure.eventstore.rows import StoredRow
from infrastructure.leadership import Keep, leadership
from infrastructure.nats.connection import NatsConnection
from infrastructure.nats.publisher import Fenced, Publisher, PublishFailed, open_publisher
from infrastructure.nats.stream import SUBJECTS, EventStream, StreamHead, StreamLimits, Subjects

State = Literal["standby", "following", "down", "rewound"]
Lead = Callable[[str, int], AbstractAsyncContextManager[Keep]]

LOCK = 7004
PAGE = 1000
OFFERS = 8 * PAGE
LOOK_EVERY = 0.25
AUDIT_EVERY = 5.0
RETRY_PAUSE = 1.0
REFILL = 100_000

TROUBLE = (psycopg.Error, nats.errors.Error, PublishFailed, OSError, TimeoutError)
"""What passes: PostgreSQL or NATS away, slow, or starting. Anything else is a bug and ends `run`."""

_log = structlog.get_logger(__name__)


class LogRewound(Exception):
    """The log no longer holds what was carried from it: PostgreSQL lost events. A person decides."""


class Relay:
    """The stream's last sequence is the only cursor. `state` and `position` are for /health.

    `rewound` means: PostgreSQL was set back. Nothing is published until either the log has the lost
    events again or a higher row in es.epoch accepts the loss; then the stream is made anew.
    """

    def __init__(
        self,
        url: str,
        reader: EventReader,
        nats: NatsConnection,
        *,
        subjects: Subjects = SUBJECTS,
        limits: StreamLimits | None = None,
        refill: int = REFILL,
        lead: Lead = leadership,
    ) -> None:
        """`refill`: how many of the last events a new stream gets. `lead`: who may relay (all, in a test)."""
        self.state: State = "standby"
        self.position = 0
        self._url = url
        self._reader = reader
        self._nats = nats
        self._subjects = subjects
        self._stream = EventStream(nats, subjects, limits)
        self._refill = refill
        self._lead = lead
        self._woken = asyncio.Event()
        self._resync = False
        self._look = True
        self._offered: list[StoredRow] = []
        self._ahead: list[StoredRow] = []
        self._epoch = 0
        self._anchor: StoredRow | None = None
        self._last: StoredRow | None = None

    def offer(self, rows: Sequence[StoredRow]) -> None:
        """Rows this process has just committed, in order; spares the relay a read where it can use them."""
        if self.state == "following" and len(self._offered) < OFFERS:
            self._offered.extend(rows)
        else:
            self._offered.clear()
            self._look = True
        self._woken.set()

    def wake(self) -> None:
        """Some process has committed something: look at the table."""
        self._look = True
        self._woken.set()

    async def run(self) -> None:
        """Until cancelled: stand by, lead, and start again after trouble."""
        self._nats.on_return.append(self._on_return)
        try:
            while True:
                await self._attempt()
                await self._rest(RETRY_PAUSE)
        finally:
            self._nats.on_return.remove(self._on_return)

    async def _attempt(self) -> None:
        if not self._nats.is_connected:
            self._change("down", "no connection to NATS")
            return
        self._change("standby")
        try:
            async with (
                self._lead(self._url, LOCK) as keep,
                open_publisher(self._nats, self._subjects) as publisher,
                asyncio.TaskGroup() as work,
            ):
                work.create_task(keep())
                work.create_task(self._follow(publisher))
        except* TROUBLE as problems:
            self._change("down", repr(problems.exceptions[0]))

    async def _follow(self, publisher: Publisher) -> None:
        while True:
            heed_cancellation()
            try:
                await self._synchronise(publisher)
                self._change("following")
                await self._pump(publisher)
            except Fenced:
                continue
            except LogRewound as problem:
                self._change("rewound", str(problem))
                await self._rest(RETRY_PAUSE)

    async def _synchronise(self, publisher: Publisher) -> None:
        """Take the cursor from the stream, if stream and log are the same as far as the stream goes."""
        self._resync = False
        epoch = await self._reader.epoch()
        head = await self._stream.inspect()
        if epoch == self._epoch and self._anchor is not None:
            await self._page_after(self._anchor, 1)
        if head is None or head.epoch < epoch:
            head = await self._make_anew(epoch)
        last = await self._find_same(head, epoch)
        self._epoch = publisher.epoch = epoch
        self.position = head.last_seq
        self._anchor = self._last = last
        self._ahead = []
        self._look = True

    async def _make_anew(self, epoch: int) -> StreamHead:
        first = max(await self._reader.head() - self._refill + 1, 1)
        _log.warning("relay.stream_made_anew", stream=self._subjects.stream, first_seq=first, epoch=epoch)
        await self._stream.delete()
        await self._stream.create(first, epoch)
        return StreamHead(first - 1, epoch, None)

    async def _find_same(self, head: StreamHead, epoch: int) -> StoredRow | None:
        """The event at the stream's end. The stream was read before the log, so a healthy log has it."""
        if head.epoch > epoch:
            raise LogRewound(f"the stream is of epoch {head.epoch}, the log of {epoch}")
        if head.last_seq == 0:
            return None
        found = await self._reader.raw_page(head.last_seq - 1, 1)
        if not found:
            raise LogRewound(f"the stream ends at {head.last_seq}, the log before it")
        if head.last_hash not in {None, found[0].hash.hex()}:
            raise LogRewound(f"stream and log differ at {head.last_seq}")
        return found[0]

    async def _pump(self, publisher: Publisher) -> None:
        """Publish what comes, until it is time to compare again."""
        clock = asyncio.get_running_loop().time
        until = clock() + AUDIT_EVERY
        while clock() < until and not self._resync:
            heed_cancellation()
            rows = await self._next_rows()
            if rows:
                await self._publish(publisher, rows)
            elif not self._nats.is_connected:
                raise PublishFailed("no connection to NATS")
            elif not await self._rest(LOOK_EVERY):
                self._look = True

    async def _next_rows(self) -> list[StoredRow]:
        rows, self._ahead = self._ahead, []
        if not rows:
            rows = self._take_offered()
        if not rows and self._look:
            self._look = False
            rows = await self._page_after(self._last, PAGE)
        return rows

    async def _page_after(self, known: StoredRow | None, limit: int) -> list[StoredRow]:
        """Read with the row before it, which must still be the known one: a log that was set back and has
        grown again looks like one that only grew.
        """
        if known is None:
            return await self._reader.raw_page(0, limit)
        rows = await self._reader.raw_page(known.pos - 1, limit + 1)
        if not rows or rows[0].hash != known.hash:
            raise LogRewound(f"position {known.pos} is no longer what was carried")
        return rows[1:]

    def _take_offered(self) -> list[StoredRow]:
        """What was handed over, if it continues exactly where the stream ends; else the table is asked."""
        offered, self._offered = self._offered, []
        fresh = [row for row in offered if row.pos > self.position]
        if not fresh or (fresh[0].pos, fresh[-1].pos) == (self.position + 1, self.position + len(fresh)):
            return fresh
        self._look = True
        return []

    async def _publish(self, publisher: Publisher, rows: list[StoredRow]) -> None:
        """A full page has more behind it: that is read while this one is under way."""
        if len(rows) < PAGE:
            self.position = await publisher.publish(rows)
            self._last = rows[-1]
            return
        published, ahead = await asyncio.gather(
            publisher.publish(rows), self._page_after(rows[-1], PAGE), return_exceptions=True
        )
        if isinstance(published, BaseException):
            raise published
        self.position = published
        self._last = rows[-1]
        if isinstance(ahead, BaseException):
            raise ahead
        self._ahead = ahead

    async def _rest(self, seconds: float) -> bool:
        """Wait until woken, at most so long; tells whether woken."""
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            return False
        self._woken.clear()
        return True

    def _on_return(self) -> None:
        """What the server had acknowledged may be gone: it syncs its files when it likes."""
        self._resync = True
        self._woken.set()

    def _change(self, state: State, why: str = "") -> None:
        if state == self.state:
            return
        self.state = state
        say = _log.error if state == "rewound" else _log.warning if state == "down" else _log.info
        say(f"relay.{state}", position=self.position, why=why)
