"""Breaker: stops asking a provider that keeps failing, and tries it again after a while."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable


class Breaker:
    """Closed, open after `failures` in a row for `rest` seconds, then half-open: one trial decides.

    Ask `permits()` before a call; report `succeeded()` or `failed()` after it, `abandoned()` where the call
    said nothing about the provider. Meant for one event loop.
    """

    def __init__(self, failures: int = 5, rest: float = 30.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = failures
        self._rest = rest
        self._clock = clock
        self._failures = 0
        self._opened_at: float | None = None
        self._on_trial = False

    @property
    def is_open(self) -> bool:
        return self._opened_at is not None

    def permits(self) -> bool:
        """True where a call may go out now. While half-open, only the first caller gets it."""
        if self._opened_at is None:
            return True
        if self._on_trial or self._clock() - self._opened_at < self._rest:
            return False
        self._on_trial = True
        return True

    def succeeded(self) -> None:
        self._failures, self._opened_at, self._on_trial = 0, None, False

    def failed(self) -> None:
        """The trial's failure opens it anew; a late one, of a call sent before it opened, changes nothing."""
        self._failures += 1
        if self._on_trial or (self._opened_at is None and self._failures >= self._limit):
            self._opened_at = self._clock()
        self._on_trial = False

    def abandoned(self) -> None:
        """The call was given up by us: if it was the trial, another may try."""
        self._on_trial = False


class Breakers:
    """A breaker per tenant and provider, made on first use: one tenant's wrong model shuts out nobody else."""

    def __init__(self, make: Callable[[], Breaker] = Breaker, size: int = 10_000) -> None:
        self._make = make
        self._size = size
        self._known: OrderedDict[tuple[int, str | None], Breaker] = OrderedDict()

    def of(self, tenant_id: int, url: str | None) -> Breaker:
        """`url` None is the installation's own provider."""
        breaker = self._known.pop((tenant_id, url), None) or self._make()
        self._known[tenant_id, url] = breaker
        if len(self._known) > self._size:
            self._known.popitem(last=False)
        return breaker
