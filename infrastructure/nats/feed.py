"""Feed: what a process hears of the tenants it has sockets of, live and complete."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import structlog

from infrastructure.eventstore.mapper import EventMapper
from infrastructure.eventstore.reader import EventReader
from infrastructure.nats.connection import NatsConnection
from infrastructure.nats.follower import EphemeralListener, Follower, Listener
from infrastructure.nats.stream import SUBJECTS, Subjects
from infrastructure.nats.tenant_feed import TenantFeed

COMPARE_EVERY = 1.5
COMPARE_WITHOUT_NATS = 0.5

_log = structlog.get_logger(__name__)


class Feed:
    """One subscription per tenant and process, however many follow; gone with the last of them.

    A timer compares all followed tenants with PostgreSQL in one query, so that a lost message or an
    absent NATS only delays events (by `COMPARE_EVERY`, `COMPARE_WITHOUT_NATS` seconds).
    """

    def __init__(
        self, nats: NatsConnection, reader: EventReader, mapper: EventMapper, subjects: Subjects = SUBJECTS
    ) -> None:
        self._nats = nats
        self._reader = reader
        self._mapper = mapper
        self._subjects = subjects
        self._tenants: dict[int, TenantFeed] = {}
        self._watch: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self._closing: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def follow(
        self, tenant_id: int, listener: Listener, on_ephemeral: EphemeralListener | None = None
    ) -> AsyncGenerator[int]:
        """Yields the seq after which `listener` gets every event of the tenant, once and in order.

        Listeners are called on the event loop with lists of at most 1,000 and must not block. One that
        raises is cut off: the body is cancelled and FollowEnded raised; the others hear on. Entering
        raises psycopg.Error, nats.errors.Error.
        """
        tenant = self._enter(tenant_id)
        follower = Follower(listener, on_ephemeral)
        try:
            await tenant.open()
            with follower.scope():
                yield tenant.add(follower)
        finally:
            tenant.remove(follower)
            await self._leave(tenant)

    async def ephemeral(self, tenant_id: int, body: bytes) -> None:
        """To `on_ephemeral` of all followers of the tenant in all processes; lost while NATS is away."""
        if self._nats.is_connected:
            await self._nats.publish(self._subjects.tenant_ephemeral(tenant_id), body)

    def _enter(self, tenant_id: int) -> TenantFeed:
        if tenant_id not in self._tenants:
            self._tenants[tenant_id] = TenantFeed(
                tenant_id, self._nats, self._reader, self._mapper, self._subjects
            )
        tenant = self._tenants[tenant_id]
        tenant.entered += 1
        if self._watch is None:
            self._watch = asyncio.get_running_loop().create_task(self._compare_for_ever())
        return tenant

    async def _leave(self, tenant: TenantFeed) -> None:
        """Shielded: a follower that is being cancelled must not leave its subscription behind."""
        tenant.entered -= 1
        if tenant.entered:
            return
        del self._tenants[tenant.tenant_id]
        if not self._tenants and self._watch is not None:
            self._watch.cancel()
            self._watch = None
        closing = asyncio.get_running_loop().create_task(tenant.close())
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)
        await asyncio.shield(closing)

    async def _compare_for_ever(self) -> None:
        self._nats.on_return.append(self._changed.set)
        self._nats.on_loss.append(self._changed.set)
        try:
            while True:
                await self._pause()
                await self._compare()
        finally:
            self._nats.on_return.remove(self._changed.set)
            self._nats.on_loss.remove(self._changed.set)

    async def _compare(self) -> None:
        delivered = {tenant_id: tenant.position for tenant_id, tenant in self._tenants.items()}
        try:
            heads = await self._reader.tenant_heads(list(delivered))
        except Exception:
            _log.exception("feed.not_compared")  # and tried again at the next turn
            return
        for tenant_id, head in heads.items():
            if tenant_id in self._tenants:
                self._tenants[tenant_id].compare(delivered[tenant_id], head)

    async def _pause(self) -> None:
        """Until the timer, or until NATS comes or goes."""
        seconds = COMPARE_EVERY if self._nats.is_connected else COMPARE_WITHOUT_NATS
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return
        self._changed.clear()
