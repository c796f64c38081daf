"""Courier: carries the log to the tenants' webhooks. One process does it, the others stand by."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from uuid import UUID

import msgspec

from application.fault import fault
from application.log import Recorded
from domain.refusals import ProjectionBehind
from domain.webhook import EVENTS, Webhook, WebhookCreated
from infrastructure.ending import heed_cancellation
from infrastructure.eventstore.rows import StoredRow
from infrastructure.leadership import leadership
from infrastructure.postgres import Database
from infrastructure.waking import rest
from infrastructure.webhooks.deliveries import Deliveries
from infrastructure.webhooks.delivery import Delivery
from infrastructure.webhooks.lane import Known, Lane
from infrastructure.webhooks.road import Road

LOCK = 7011
PAGE = 1_000
TIMER = 0.25
RETRY_TIMER = 1.0
SWEEP_EVERY = 3600.0
UNHEARD = timedelta(minutes=1)
"""So old a delivery belongs to a webhook that was removed; a younger one to one that was not read of yet."""
DUE_AT_ONCE = 500
PAUSE = 1.0
"""Seconds after a failure until this process tries to lead again."""

KnownAsOf = Callable[[int], Awaitable[Sequence[Known]]]
"""All webhooks of all tenants, as of a global position or later. Raises ProjectionBehind."""

_OF_WEBHOOKS = frozenset(event.TYPE for event in EVENTS)

_log = logging.getLogger("verbatim.webhooks")


class CourierState(msgspec.Struct, frozen=True):
    """For health checks. `position`: up to where this process has read the log, while it leads."""

    is_leading: bool
    webhooks: int
    position: int


class Courier:
    """Reads the log once for all webhooks; each has a lane of its own, and its own place in the log."""

    def __init__(
        self, database: Database, road: Road, known_as_of: KnownAsOf, retry_timer: float = RETRY_TIMER
    ) -> None:
        self._database = database
        self._road = road
        self._known_as_of = known_as_of
        self._retry_timer = retry_timer
        self._deliveries = Deliveries(database)
        self._wake = asyncio.Event()
        self._due = asyncio.Event()
        self._is_leading = False
        self._position = 0
        self._lanes: dict[UUID, Lane] = {}
        self._tenants: dict[int, dict[UUID, Lane]] = {}
        self._driving: dict[UUID, asyncio.Task[None]] = {}
        self._retrying: dict[UUID, asyncio.Task[None]] = {}

    @property
    def state(self) -> CourierState:
        return CourierState(self._is_leading, len(self._lanes), self._position)

    def wake(self) -> None:
        """There may be new events. Cheap, never blocks; the timers find them anyway."""
        self._wake.set()

    def hurry(self) -> None:
        """Something may be due."""
        self._due.set()

    async def run(self) -> None:
        """Until cancelled. A failure of the database steps down and tries again."""
        while True:
            try:
                await self._lead()
            except Exception as error:
                _log.error("stepped down: %s", fault(_first(error)))
            await asyncio.sleep(PAUSE)

    async def _lead(self) -> None:
        async with leadership(self._database.url, LOCK) as keep:
            try:
                async with asyncio.TaskGroup() as work:
                    work.create_task(keep())
                    await self._load(work)
                    self._is_leading = True
                    work.create_task(self._follow(work))
                    work.create_task(self._retry(work))
                    work.create_task(self._sweep())
            finally:
                self._is_leading = False
                for every in (self._lanes, self._tenants, self._driving, self._retrying):
                    every.clear()

    async def _load(self, work: asyncio.TaskGroup) -> None:
        """Every webhook where it was left, as of the head of the log: what comes after it is read."""
        self._position = await self._road.reader.head()
        known = await self._known(self._position)
        places, held = await self._road.ledger.places(), await self._road.ledger.held()
        for one in known:
            self._open(work, Lane(self._road, one, places.get(one.webhook_id), held.get(one.webhook_id)))
        active = [one.webhook_id for one in known if one.state.is_active]
        await self._road.ledger.take_up(active, self._road.clock())
        heads = await self._road.reader.tenant_heads(list(self._tenants))
        for tenant_id, lanes in self._tenants.items():
            for lane in lanes.values():
                lane.learn(heads[tenant_id])

    async def _known(self, position: int) -> Sequence[Known]:
        while True:
            try:
                return await self._known_as_of(position)
            except ProjectionBehind as behind:
                _log.warning("webhooks wait for the read model: %s", fault(behind))

    async def _follow(self, work: asyncio.TaskGroup) -> None:
        while True:
            heed_cancellation()
            self._wake.clear()
            rows = await self._road.reader.raw_page(self._position, PAGE)
            await self._hand_out(work, self._concerned(rows))
            if rows:
                self._position = rows[-1].pos
            if len(rows) < PAGE:
                await rest(self._wake, TIMER)

    def _concerned(self, rows: Sequence[StoredRow]) -> list[StoredRow]:
        """Those of tenants that have a webhook, or begin one in this page. The others are never opened."""
        tenants, found = set(self._tenants), list[StoredRow]()
        for row in rows:
            if row.type in _OF_WEBHOOKS:
                tenants.add(row.tenant_id)
            if row.tenant_id in tenants:
                found.append(row)
        return found

    async def _hand_out(self, work: asyncio.TaskGroup, rows: Sequence[StoredRow]) -> None:
        """To each tenant's lanes at once; a webhook that begins in this page hears of what comes after."""
        by_tenant: dict[int, list[Recorded]] = {}
        for one in await self._road.reader.opened(rows):
            if one.type in _OF_WEBHOOKS:
                await self._heed(work, one)
            by_tenant.setdefault(one.tenant_id, []).append(one)
        for tenant_id, recorded in by_tenant.items():
            for lane in self._tenants.get(tenant_id, {}).values():
                lane.offer(recorded)

    async def _heed(self, work: asyncio.TaskGroup, recorded: Recorded) -> None:
        """What somebody did to a webhook, or asked of it."""
        event, webhook = recorded.event, Webhook(recorded.stream_id)
        lane = self._lanes.get(recorded.stream_id)
        if isinstance(event, WebhookCreated) and lane is None:
            event.apply(webhook)
            known = Known(recorded.tenant_id, recorded.stream_id, webhook.state, recorded.seq, recorded.version)
            self._open(work, Lane(self._road, known))
        elif lane is not None and recorded.version > lane.version:
            was_paused = lane.state.paused is not None
            webhook.state = lane.state
            event.apply(webhook)
            lane.become(webhook.state, recorded.version)
            if webhook.state.is_removed:
                await self._close(lane)
            elif was_paused and webhook.state.is_active:
                await self._road.ledger.hurry(lane.tenant_id, lane.webhook_id, self._road.clock())
                self._due.set()

    def _open(self, work: asyncio.TaskGroup, lane: Lane) -> None:
        heed_cancellation()  # a group that ends refuses a new task, and leaves its coroutine to the collector
        self._lanes[lane.webhook_id] = lane
        self._tenants.setdefault(lane.tenant_id, {})[lane.webhook_id] = lane
        self._driving[lane.webhook_id] = work.create_task(lane.run())

    async def _close(self, lane: Lane) -> None:
        del self._lanes[lane.webhook_id]
        self._driving.pop(lane.webhook_id).cancel()
        lanes = self._tenants[lane.tenant_id]
        del lanes[lane.webhook_id]
        if not lanes:
            del self._tenants[lane.tenant_id]
        await self._road.ledger.close(lane.tenant_id, lane.webhook_id)

    async def _retry(self, work: asyncio.TaskGroup) -> None:
        """One query for all that is due, of webhooks that are not at it already."""
        while True:
            heed_cancellation()
            self._due.clear()
            due: dict[UUID, list[Delivery]] = {}
            for one in await self._road.ledger.due(self._road.clock(), self._retrying, DUE_AT_ONCE):
                due.setdefault(one.webhook_id, []).append(one)
            for webhook_id, deliveries in due.items():
                lane = self._lanes.get(webhook_id)
                if lane is None:
                    await self._drop_unknown(deliveries)
                else:
                    heed_cancellation()
                    self._retrying[webhook_id] = work.create_task(self._again(lane, deliveries))
            await rest(self._due, self._retry_timer)

    async def _drop_unknown(self, deliveries: Sequence[Delivery]) -> None:
        """Of a webhook that was removed; one that this process has not heard of yet is left for the next look."""
        first = deliveries[0]
        if first.created_at < self._road.clock() - UNHEARD:
            await self._road.ledger.close(first.tenant_id, first.webhook_id)

    async def _again(self, lane: Lane, deliveries: Sequence[Delivery]) -> None:
        try:
            await lane.retry(deliveries)
        except Exception as error:
            _log.error("webhook %s of tenant %s: %s", lane.webhook_id, lane.tenant_id, fault(error))
            await asyncio.sleep(PAUSE)
        finally:
            del self._retrying[lane.webhook_id]
            self._due.set()

    async def _sweep(self) -> None:
        while True:
            await self._deliveries.sweep(self._road.clock())
            heed_cancellation()
            await asyncio.sleep(SWEEP_EVERY)


def _first(error: Exception) -> BaseException:
    """Of what failed together, the first."""
    found: BaseException = error
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found
