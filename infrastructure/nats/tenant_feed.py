"""TenantFeed: one tenant's events in one process, in order of seq, without hole or double."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import msgspec
import nats.errors
import structlog
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from application.log import Recorded
from infrastructure.ending import end
from infrastructure.eventstore.mapper import EventMapper
from infrastructure.eventstore.reader import EventReader
from infrastructure.eventstore.rows import StoredRow, decode_row
from infrastructure.nats.connection import NatsConnection
from infrastructure.nats.follower import Follower
from infrastructure.nats.stream import Subjects

PAGE = 1000
BUFFER = 10_000

_log = structlog.get_logger(__name__)


class SeqRewound(Exception):
    """PostgreSQL has fewer events of the tenant than were delivered: resume tokens are of an older epoch."""


class TenantFeed:
    """NATS says early what happened, PostgreSQL what is missing. `position` is the last seq delivered.

    Core NATS also carries what the fence keeps out of the stream: the same events again, dropped by seq.
    """

    def __init__(
        self, tenant_id: int, nats: NatsConnection, reader: EventReader, mapper: EventMapper, subjects: Subjects
    ) -> None:
        self.tenant_id = tenant_id
        self.position = 0
        self.entered = 0
        self._nats = nats
        self._reader = reader
        self._mapper = mapper
        self._subjects = subjects
        self._opening = asyncio.Lock()
        self._subscriptions: list[Subscription] = []
        self._delivery: asyncio.Task[None] | None = None
        self._followers: list[Follower] = []
        self._rows: dict[int, StoredRow] = {}
        self._known = 0
        self._news = asyncio.Event()

    async def open(self) -> None:
        """Subscribed first, position read second; opening twice changes nothing.

        Raises psycopg.Error, nats.errors.Error.
        """
        async with self._opening:
            if self._delivery is not None:
                return
            if not self._subscriptions:
                await self._subscribe()
            await self._nats.barrier()
            self.position = (await self._reader.tenant_heads([self.tenant_id]))[self.tenant_id]
            self._delivery = asyncio.get_running_loop().create_task(self._deliver_what_comes())

    async def close(self) -> None:
        """Nothing is delivered any more."""
        if self._delivery is not None:
            await end([self._delivery])
        for subscription in self._subscriptions:
            with suppress(nats.errors.ConnectionClosedError):
                await subscription.unsubscribe()

    def add(self, follower: Follower) -> int:
        """From the seq it answers on, the follower hears everything."""
        self._followers.append(follower)
        return self.position

    def remove(self, follower: Follower) -> None:
        if follower in self._followers:
            self._followers.remove(follower)

    def compare(self, delivered: int, head: int) -> None:
        """`head` is PostgreSQL's last seq, read after `delivered` had been: it can only be the same or more."""
        if head < delivered:
            why = SeqRewound(f"tenant {self.tenant_id}: delivered {delivered}, the log ends at {head}")
            for follower in tuple(self._followers):
                follower.cut_off(why)
        elif head > self.position:
            self._known = max(self._known, head)
            self._news.set()

    async def _subscribe(self) -> None:
        events = self._subjects.tenant_events(self.tenant_id)
        ephemeral = self._subjects.tenant_ephemeral(self.tenant_id)
        self._subscriptions.append(await self._nats.subscribe(events, cb=self._hear))
        self._subscriptions.append(await self._nats.subscribe(ephemeral, cb=self._hear_ephemeral))

    async def _hear(self, message: Msg) -> None:
        try:
            row = decode_row(message.data)
        except msgspec.DecodeError:
            _log.warning("feed.unreadable", subject=message.subject)
            return
        if row.tenant_id != self.tenant_id:
            _log.error("feed.foreign_row", subject=message.subject, tenant=row.tenant_id)
            return
        if row.tpos <= self.position:
            return
        if len(self._rows) < BUFFER:
            self._rows[row.tpos] = row
        self._known = max(self._known, row.tpos)
        self._news.set()

    async def _hear_ephemeral(self, message: Msg) -> None:
        for follower in tuple(self._followers):
            follower.hear_ephemeral(message.data)

    async def _deliver_what_comes(self) -> None:
        """Whatever goes wrong is told and tried again when the next event or comparison comes."""
        while True:
            await self._news.wait()
            self._news.clear()
            try:
                while recorded := await self._next_batch():
                    self._deliver(recorded)
            except Exception:
                _log.exception("feed.delayed", tenant=self.tenant_id, position=self.position)

    async def _next_batch(self) -> list[Recorded]:
        rows = self._take_run()
        if rows:
            recorded = await self._mapper.open(rows)
            self._mapper.forget_erased(recorded)
            return recorded
        if self._known <= self.position:
            return []
        recorded = await self._reader.tenant_page(self.tenant_id, self.position, PAGE)
        if not recorded:  # somebody announced what is not in the log
            self._known = self.position
            self._rows.clear()
        return recorded

    def _take_run(self) -> list[StoredRow]:
        """The rows at hand that continue where we are; leaves what is behind a hole."""
        run: list[StoredRow] = []
        while len(run) < PAGE and (row := self._rows.pop(self.position + len(run) + 1, None)):
            run.append(row)
        return run

    def _deliver(self, recorded: Sequence[Recorded]) -> None:
        self.position = recorded[-1].seq
        self._rows = {seq: row for seq, row in self._rows.items() if seq > self.position}
        for follower in tuple(self._followers):
            follower.hear(recorded)
