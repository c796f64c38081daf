"""Schedule: when a delivery that failed is tried again, and when no more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from random import SystemRandom

import msgspec

MINUTE, HOUR = 60.0, 3600.0
DELAYS = (5.0, 30.0, 2 * MINUTE, 10 * MINUTE, HOUR, 6 * HOUR, 12 * HOUR, 24 * HOUR, 24 * HOUR)
"""Seconds, at most, before the second to the tenth attempt: 2.8 days in all."""
HELD_ATTEMPTS = 4
"""So many hold up the events behind: two and a half minutes at most. Then the delivery steps aside."""
DOWN_AFTER = 3
"""So many in a row that stepped aside mean that the address is down: then nothing else does, all waits."""
LONGEST_WAIT = 24 * HOUR
"""Seconds that a `Retry-After` is heeded for."""
FAILING_FOR = timedelta(days=5)
"""Without a single success for so long, a webhook is paused."""


class Schedule(msgspec.Struct, frozen=True):
    """Exponential with full jitter: each wait is anywhere between nothing and the delay, by `spread` (0 to 1)."""

    delays: Sequence[float] = DELAYS
    held_attempts: int = HELD_ATTEMPTS
    failing_for: timedelta = FAILING_FOR
    spread: Callable[[], float] = SystemRandom().random

    def probe_at(self, attempts: int, now: datetime, retry_after: float | None) -> datetime:
        """Of what waits at the front for an address that is down: never the last, 10 minutes off at most."""
        at = self.next_at(min(attempts, self.held_attempts), now, retry_after)
        return at or now

    def next_at(self, attempts: int, now: datetime, retry_after: float | None) -> datetime | None:
        """After so many attempts failed; None where the last one was the last."""
        if attempts > len(self.delays):
            return None
        wait = self.delays[attempts - 1] * self.spread()
        return now + timedelta(seconds=max(wait, retry_after or 0.0))


def retry_after(text: str | None, now: datetime) -> float | None:
    """Seconds out of a header's number or date, at most a day; None where it says nothing."""
    if text is None:
        return None
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_WAIT)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    aware = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return min(max((aware - now).total_seconds(), 0.0), LONGEST_WAIT)
