"""KnownRules: what a policy remembers of tenants' rules, so that an event costs a look into a dict, no query."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import msgspec

from application.log import Recorded

RULES_AGE = 30.0
"""Seconds after which a tenant's rules are read again, though nothing was heard of a change: another process may
have led meanwhile, and have heard it."""

R = TypeVar("R")


class KnownRules(Generic[R]):
    """A change of rules is an event of the same log: whoever hears of it reads them anew, as of then."""

    def __init__(
        self, read: Callable[[int, int], Awaitable[R]], now: Callable[[], float] = time.monotonic
    ) -> None:
        """`read` is asked for a tenant's rules as of its seq or later; `now` is monotonic seconds."""
        self._read = read
        self._now = now
        self._known: dict[int, _Known[R]] = {}
        self._changed: dict[int, int] = {}

    def heard(self, change: Recorded) -> None:
        """Of a change of the tenant's rules."""
        self._changed[change.tenant_id] = max(change.seq, self._changed.get(change.tenant_id, 0))

    async def of(self, recorded: Recorded) -> R:
        """No older than the last change that was heard of. Raises what `read` raises."""
        tenant_id = recorded.tenant_id
        known = self._known.get(tenant_id)
        if known is None or not self._is_good(tenant_id, known):
            at = self._now()
            rules = await self._read(tenant_id, recorded.seq)
            known = self._known[tenant_id] = _Known(at, recorded.seq, rules)
        return known.rules

    def _is_good(self, tenant_id: int, known: _Known[R]) -> bool:
        """No change was heard of since these were asked for, and that is not long ago."""
        return known.seq >= self._changed.get(tenant_id, 0) and self._now() - known.at <= RULES_AGE


class _Known(msgspec.Struct, Generic[R], frozen=True):
    """A tenant's rules as of its `seq` or later, and when they were asked for (monotonic s)."""

    at: float
    seq: int
    rules: R
