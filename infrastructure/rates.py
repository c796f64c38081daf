"""Rates: how often a visitor, an address and a widget may write; a visitor's own first."""

from __future__ import annotations

import asyncio
import itertools
import logging
import math
from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from uuid import UUID

import limits
import msgspec
import psycopg
from prometheus_client import CollectorRegistry, Counter
from psycopg_pool import PoolTimeout

from domain.refusals import RateLimited
from infrastructure.access.keys import derived, keyed_digest
from infrastructure.access.throttle import network_of
from infrastructure.eventstore.gathered import Gathered
from infrastructure.postgres import Database
from infrastructure.rate_storage import Hit, RateStorage, Window

DEADLINE = 0.5
"""Seconds the store may take; without its word nobody is refused."""
SWEPT_EVERY = 600.0
OFF = "off"

_log = logging.getLogger("verbatim.rates")


class RateRules(msgspec.Struct, frozen=True):
    """`COUNT/second|minute|hour`, or `off`."""

    visitor: str = "120/minute"
    address: str = "1200/minute"
    widget: str = "60000/minute"


class Sender(msgspec.Struct, frozen=True):
    """Who writes, as far as known. `address`: as the server sees it, behind trusted proxies the real one."""

    tenant_id: int
    visitor: UUID | None = None
    address: str | None = None
    widget: UUID | None = None


class _Ask(msgspec.Struct, frozen=True):
    """One message's hits; `number` tells it from another one of the same sender."""

    number: int
    hits: tuple[Hit, ...]


class Rates:
    """Fails open: where the store does not answer, everybody may write, and the metric tells.

    Whoever asks in the same turn of the event loop is counted in one statement.
    """

    def __init__(
        self,
        database: Database,
        secrets: bytes,
        rules: RateRules,
        registry: CollectorRegistry,
        deadline: float = DEADLINE,
    ) -> None:
        self.storage = RateStorage(database)
        self._deadline = deadline
        self._key = derived(secrets, "rates")
        named = {"visitor": rules.visitor, "address": rules.address, "widget": rules.widget}
        self._items = {name: limits.parse(text) for name, text in named.items() if text != OFF}
        self._asks = Gathered[_Ask, list[Window]](self._count)
        self._numbers = itertools.count()
        self._refused = Counter("verbatim_rate_limited", "Requests refused.", ["limit"], registry=registry)
        self._failed = Counter("verbatim_rate_store_failures", "Requests let through unasked.", registry=registry)

    async def permit(self, sender: Sender) -> None:
        """Counts one message. Raises RateLimited."""
        hits = self._hits(sender)
        if not hits:
            return
        try:
            ask = _Ask(next(self._numbers), tuple(hit for _, hit in hits))
            windows = await self._asks.get(ask)
        except (psycopg.Error, PoolTimeout, TimeoutError) as error:
            self._failed.inc()
            _log.warning("rates are not counted: %s", type(error).__name__)
            return
        if not windows[-1].granted:
            name, hit = hits[len(windows) - 1]
            self._refused.labels(name).inc()
            raise _refusal(name, hit, windows[-1])

    async def _count(self, asks: Sequence[_Ask]) -> Mapping[_Ask, list[Window] | Exception]:
        async with asyncio.timeout(self._deadline):
            windows = await self.storage.hit_together([ask.hits for ask in asks])
        return dict(zip(asks, windows, strict=True))

    def _hits(self, sender: Sender) -> list[tuple[str, Hit]]:
        """A visitor, then an address as a ceiling, then a widget."""
        address = None if sender.address is None or _is_here(sender.address) else self._digest(sender.address)
        known = (
            ("visitor", None if sender.visitor is None else sender.visitor.hex),
            ("address", address),
            ("widget", None if sender.widget is None else sender.widget.hex),
        )
        return [
            (name, Hit(self._items[name], self._items[name].key_for(str(sender.tenant_id), name, id)))
            for name, id in known
            if id is not None and name in self._items
        ]

    def _digest(self, address: str) -> str:
        return keyed_digest(self._key, network_of(address)).hex()


def _is_here(address: str) -> bool:
    """This machine: a proxy that tells no address, or somebody who develops. Nobody's in particular."""
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return True


def _refusal(name: str, hit: Hit, window: Window) -> RateLimited:
    count, span = hit.item.amount, hit.item.get_expiry()
    refusal = RateLimited(max(1, math.ceil(_wait(window, count, span))))
    refusal.policy = (name, count, span)
    return refusal


def _wait(window: Window, count: int, span: int) -> float:
    """Seconds until one more has room: the previous window fades, or the current one becomes the previous one."""
    left = window.rest * span
    if window.current >= count or window.previous == 0:
        return left
    return min(left, left - (count - window.current) * span / window.previous)
