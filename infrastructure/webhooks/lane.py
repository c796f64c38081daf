"""Lane: one webhook's way along its tenant's log: its events one after another, in order, at least once.

An event that fails holds up those behind it for a few minutes, then it steps aside and is retried by itself. While
the address is down nothing steps aside any more: all waits in the log, in order, for as long as it takes.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from application.fault import fault
from application.log import Recorded
from domain.webhook import WebhookState
from infrastructure.ending import heed_cancellation
from infrastructure.waking import rest
from infrastructure.webhooks.delivery import Attempt, Delivery, Payload, new_delivery
from infrastructure.webhooks.ledger import Place
from infrastructure.webhooks.road import Road
from infrastructure.webhooks.schedule import DOWN_AFTER

if TYPE_CHECKING:
    import httpx

QUEUE = 200
"""Events held in memory, and read from the log at a time where those do not follow on."""
NOTED_AFTER = 50
NOTED_WITHIN = 0.25
"""Deliveries and seconds after which they are noted: what a crash may repeat."""
PASSED_UNNOTED = 500
"""Events of no interest that a restart may look at again."""
SLOW = 2.0
"""Seconds after which an answer counts as slow."""
IDLE = 60.0
PAUSE = 2.0
NOT_WANTED = "The webhook does not want this event any more."
REWOUND = "The webhook was sent elsewhere in the log."

_log = logging.getLogger("verbatim.webhooks")


class Known(msgspec.Struct, frozen=True):
    """A webhook as of some position. `created_seq`: its tenant's seq of its first event."""

    tenant_id: int
    webhook_id: UUID
    state: WebhookState
    created_seq: int
    version: int


class Lane:
    def __init__(self, road: Road, known: Known, place: Place | None = None, held: Delivery | None = None) -> None:
        """`place` and `held`: where it was when somebody else drove here."""
        self.tenant_id = known.tenant_id
        self.webhook_id = known.webhook_id
        self.state = known.state
        self.version = known.version
        self._road = road
        self._client = road.sender.client()
        self._outworn: list[httpx.AsyncClient] = []
        self._wake = asyncio.Event()
        self._queue: deque[Recorded] = deque()
        self._settled: list[Delivery] = []
        self._noted_at = time.monotonic()
        self._held = held
        self._failing_since = place.failing_since if place else None
        self._stepped_aside = 0
        self._is_ailing = self._failing_since is not None
        self._head = 0
        self._rewind = place.version if place else 0
        self._position = self._read = self._noted = place.seq if place else known.created_seq
        self._follow_rewind()

    @property
    def place(self) -> Place:
        return Place(self.tenant_id, self.webhook_id, self._position, self._rewind, self._failing_since)

    @property
    def _is_down(self) -> bool:
        return self._stepped_aside >= DOWN_AFTER

    def offer(self, recorded: Sequence[Recorded]) -> None:
        """The tenant's newest events; what does not follow on, or has no room, is read from the log later."""
        self._head = max(self._head, recorded[-1].seq)
        for one in recorded:
            if one.seq == self._read + 1 and len(self._queue) < QUEUE and self.state.is_active:
                self._queue.append(one)
                self._read = one.seq
        self._wake.set()

    def learn(self, head: int) -> None:
        """The tenant's log reaches so far."""
        self._head = max(self._head, head)
        self._wake.set()

    def become(self, state: WebhookState, version: int) -> None:
        """Changed, paused, resumed or rewound. What is under way ends as it began."""
        before, self.state, self.version = self.state, state, version
        if before.subscription.url != state.subscription.url:
            self._outworn.append(self._client)
            self._client = self._road.sender.client()
        self._follow_rewind()
        if before.paused is not None and state.paused is None:
            self._failing_since, self._stepped_aside = None, 0
            if self._held is not None:
                self._held = msgspec.structs.replace(self._held, next_at=None)
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled. What goes wrong here is told, and tried again; it is nobody else's trouble."""
        try:
            while True:
                heed_cancellation()
                self._wake.clear()
                try:
                    seconds = await self._step()
                except Exception as error:
                    _log.error("webhook %s of tenant %s: %s", self.webhook_id, self.tenant_id, fault(error))
                    await asyncio.sleep(PAUSE)
                    continue
                if seconds > 0:
                    await rest(self._wake, seconds)
        finally:
            for client in (*self._outworn, self._client):
                await client.aclose()

    async def retry(self, due: Sequence[Delivery]) -> None:
        """What stepped aside, or was asked for, once more each; noted one by one, for they are few."""
        events = await self._road.ledger.events(self.tenant_id, [one.seq for one in due])
        for delivery in due:
            if not self.state.is_active and not delivery.asked_version:
                await self._road.ledger.lay_by(self.tenant_id, self.webhook_id)
                return
            payload = self._road.payload_again(delivery, events[delivery.seq], self.state.subscription)
            if payload is None:
                await self._road.ledger.note([_given_up(delivery, NOT_WANTED)], None)
            else:
                await self._deliver_again(delivery, payload)

    async def _step(self) -> float:
        """Deliver what is next; the seconds until there may be more to do."""
        while self._outworn:
            await self._outworn.pop().aclose()
        if not self.state.is_active:
            await self._note()
            return IDLE
        wait = self._must_wait()
        if wait > 0:
            return wait
        recorded = await self._next()
        if recorded is None:
            if self._settled or self._position - self._noted >= PASSED_UNNOTED:
                await self._note()
            return IDLE
        payload = self._road.payload_of(recorded, self.state.subscription)
        if payload is None:
            self._let_pass(recorded)
        else:
            await self._deliver(recorded, payload)
        return 0.0

    async def _deliver_again(self, delivery: Delivery, payload: Payload) -> None:
        """A test says nothing of how the webhook fares."""
        attempt = await self._attempt(delivery, payload, is_ailing=True)
        if attempt.is_success and not delivery.is_test:
            await self._recover()
        await self._road.ledger.note([self._road.judged(delivery, attempt)], None)
        if not attempt.is_success and not delivery.is_test:
            await self._suspend_if_hopeless(attempt)

    async def _next(self) -> Recorded | None:
        """The next event, still in the queue; out of the log where the queue has run dry behind its head."""
        if not self._queue and self._read < self._head:
            for one in await self._road.reader.tenant_page(self.tenant_id, self._read, QUEUE):
                if one.seq == self._read + 1:
                    self._queue.append(one)
                    self._read = one.seq
        return self._queue[0] if self._queue else None

    async def _deliver(self, recorded: Recorded, payload: Payload) -> None:
        rewind = self._rewind
        fresh = new_delivery(recorded, self.webhook_id, rewind, payload, self._road.clock())
        held = self._held
        delivery = held if held is not None and held.delivery_id == fresh.delivery_id else fresh
        attempt = await self._attempt(delivery, payload, is_ailing=self._is_ailing)
        settled = self._road.judged(delivery, attempt, is_down=self._is_down)
        self._settled.append(settled)
        if self._rewind == rewind:
            self._move_on(recorded, settled)
        await self._take_note_of(attempt)
        is_due = len(self._settled) >= NOTED_AFTER or time.monotonic() - self._noted_at > NOTED_WITHIN
        if is_due or not attempt.is_success:
            await self._note()
        if not attempt.is_success:
            await self._suspend_if_hopeless(attempt)

    def _move_on(self, recorded: Recorded, settled: Delivery) -> None:
        if settled.status == "waiting" and not settled.is_aside:
            self._held = settled
            return
        self._stepped_aside += settled.is_aside
        self._held = None
        self._queue.popleft()
        self._position = recorded.seq

    def _let_pass(self, recorded: Recorded) -> None:
        if self._held is not None and self._held.seq == recorded.seq:
            self._settled.append(_given_up(self._held, NOT_WANTED))
            self._held = None
        self._queue.popleft()
        self._position = recorded.seq

    async def _attempt(self, delivery: Delivery, payload: Payload, *, is_ailing: bool) -> Attempt:
        return await self._road.attempt(self._client, delivery, self.state, payload, is_ailing=is_ailing)

    async def _take_note_of(self, attempt: Attempt) -> None:
        self._is_ailing = not attempt.is_success or attempt.seconds > SLOW
        if attempt.is_success:
            await self._recover()
        else:
            self._failing_since = self._failing_since or attempt.at

    async def _recover(self) -> None:
        """Where the address was down, what stepped aside meanwhile is due at once."""
        was_down, self._stepped_aside = self._is_down, 0
        if self._failing_since is not None:
            self._failing_since = None
            await self._note()
        if was_down:
            if self._held is not None:
                self._held = msgspec.structs.replace(self._held, next_at=None)
                self._wake.set()
            await self._road.ledger.hurry(self.tenant_id, self.webhook_id, self._road.clock())

    async def _suspend_if_hopeless(self, attempt: Attempt) -> None:
        since = self._failing_since or attempt.at
        is_hopeless = attempt.at - since >= self._road.schedule.failing_for
        if attempt.is_gone or is_hopeless:
            why = "gone" if attempt.is_gone else "failing"
            await self._road.suspend(self.tenant_id, self.webhook_id, why)
            self.state = msgspec.structs.replace(self.state, paused=why)  # the log says so too, a moment later

    async def _note(self) -> None:
        settled, self._settled = self._settled, []
        place = self.place
        try:
            await self._road.ledger.note(settled, place)
        except BaseException:
            self._settled = [*settled, *self._settled]
            raise
        self._noted, self._noted_at = place.seq, time.monotonic()

    def _follow_rewind(self) -> None:
        if self.state.rewound_at <= self._rewind:
            return
        if self._held is not None:
            self._settled.append(_given_up(self._held, REWOUND))
            self._held = None
        self._rewind = self.state.rewound_at
        self._position = self._read = self.state.rewound_to - 1
        self._noted = self._position - PASSED_UNNOTED  # the new place is noted although nothing was sent there
        self._queue.clear()

    def _must_wait(self) -> float:
        """Seconds until what is held up is tried again."""
        if self._held is None or self._held.next_at is None:
            return 0.0
        return (self._held.next_at - self._road.clock()).total_seconds()


def _given_up(delivery: Delivery, why: str) -> Delivery:
    return msgspec.structs.replace(delivery, status="failed", next_at=None, error=why)
