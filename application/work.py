"""Work: the aggregates one command touches, from loading to the slices that are appended."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from application.actor import Actor
from application.cache import AggregateCache, Folded
from application.log import Appended, EventLog, LoadedStream, Slice
from application.seat_moves import AskedSeat
from domain.kernel import Aggregate, Event, Stamp
from domain.refusals import NotFound

A = TypeVar("A", bound=Aggregate)

LOOK_UP_AGE = 5.0
"""Seconds an aggregate that is only looked up may be older than the log (another process may have changed it)."""


class Work:
    """Handed to a handler for one try of one command; thrown away when the try fails.

    `may_be_stale`: something came out of the cache, and another process may have moved it since. A retry reads
    everything from the log.
    """

    def __init__(
        self,
        log: EventLog,
        cache: AggregateCache,
        actor: Actor,
        stamp: Stamp,
        new_id: Callable[[], UUID],
        *,
        is_retry: bool = False,
        full: frozenset[str] = frozenset(),
    ) -> None:
        self.actor = actor
        self.stamp = stamp
        self.new_id = new_id
        self._log = log
        self._cache = cache
        self._taken: dict[int, Folded] = {}  # by the stream's number: see AggregateCache
        self._is_retry = is_retry
        self._full = full
        self.may_be_stale = False
        self.asked_seat: AskedSeat | None = None

    @property
    def beyond(self) -> str | None:
        """The meter whose limit a visitor's message is over now, if any."""
        if not self._full or self.actor.role != "visitor":
            return None
        return next((meter for meter in ("messages", "tokens") if meter in self._full), None)

    def ask_for_seat(self, conversation_id: UUID, room: int) -> None:
        """Whoever gets this conversation by the command must have a seat; `room`: see AskedSeat. At most one."""
        self.asked_seat = AskedSeat(conversation_id, room)

    def touched(self, kind: type[A]) -> list[A]:
        """What was loaded or created of this kind."""
        return [one.aggregate for one in self._taken.values() if isinstance(one.aggregate, kind)]

    async def load(self, kind: type[A], id: UUID) -> A:
        """The aggregate, blank where it does not exist yet. Raises NotFound where the id is of another kind."""
        folded = self._taken.get(id.int)
        if folded is None:
            cached = self._cache.take(self.actor.tenant_id, id)
            if cached is not None and not self._is_retry:
                self.may_be_stale = True
                folded = cached
            else:
                folded = await self._fold(kind, id)
        self._taken[id.int] = folded
        return _as_kind(kind, folded)

    def create(self, kind: type[A]) -> A:
        """A blank aggregate under a new id: nothing to look for in the log."""
        aggregate = kind(self.new_id())
        self._taken[aggregate.id.int] = Folded(aggregate, b"", time.monotonic())
        return aggregate

    async def get(self, kind: type[A], id: UUID) -> A:
        """The aggregate. Raises NotFound where this tenant has none."""
        aggregate = await self.load(kind, id)
        if not aggregate.exists:
            raise NotFound
        return aggregate

    async def look_up(self, kind: type[A], id: UUID) -> A:
        """For reading only, up to 5 s old. Raises NotFound where this tenant has none."""
        folded = self._cache.peek(self.actor.tenant_id, id)
        if folded is None or time.monotonic() - folded.loaded_at > LOOK_UP_AGE:
            folded = await self._fold(kind, id)
            if folded.aggregate.exists:
                self._cache.put(self.actor.tenant_id, id, folded)
        if not folded.aggregate.exists:
            raise NotFound
        return _as_kind(kind, folded)

    async def history(self, id: UUID) -> tuple[Aggregate, tuple[Event, ...]]:
        """The aggregate folded anew, and the events that made it: for what is decided about the past.

        Raises NotFound where this tenant has none.
        """
        stream = await self._log.load(self.actor.tenant_id, id)
        aggregate = fold(stream)
        if aggregate is None:
            raise NotFound
        self._taken[id.int] = Folded(aggregate, stream.head, time.monotonic())
        return aggregate, stream.events

    def slices(self) -> tuple[Slice, ...]:
        """What the touched aggregates recorded, one slice per stream that has something new."""
        found: list[Slice] = []
        for folded in self._taken.values():
            aggregate = folded.aggregate
            events = tuple(aggregate.collect_events())
            if events:
                before = events[0].originator_version - 1
                found.append(Slice(aggregate.id, aggregate.KIND, before, folded.head, events))
        return tuple(found)

    def keep(self, slices: tuple[Slice, ...], appended: Appended) -> None:
        """The events are durable: what was taken goes back into the cache."""
        for piece, head in zip(slices, appended.heads, strict=True):
            changed = self._taken.pop(piece.stream_id.int)
            self._cache.put(
                self.actor.tenant_id, piece.stream_id, Folded(changed.aggregate, head, time.monotonic())
            )
        self.put_back()

    def put_back(self) -> None:
        """What was taken and not changed is as it was."""
        for folded in self._taken.values():
            if folded.aggregate.exists:
                self._cache.put(self.actor.tenant_id, folded.aggregate.id, folded)

    async def _fold(self, kind: type[Aggregate], id: UUID) -> Folded:
        stream = await self._log.load(self.actor.tenant_id, id)
        return Folded(fold(stream) or kind(id), stream.head, time.monotonic())


def fold(stream: LoadedStream) -> Aggregate | None:
    """The aggregate that these events make, None for an empty stream."""
    aggregate: Aggregate | None = None
    for event in stream.events:
        aggregate = event.mutate(aggregate)
    return aggregate


def _as_kind(kind: type[A], folded: Folded) -> A:
    if not isinstance(folded.aggregate, kind):
        raise NotFound
    return folded.aggregate
