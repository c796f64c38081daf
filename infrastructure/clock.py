"""Time and ids: handed to the application as functions, so its decisions stay pure."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from uuid import UUID

from infrastructure.randomness import RandomBytes


def now() -> datetime:
    """UTC, with microseconds."""
    return datetime.now(UTC)


def uuid7() -> UUID:
    """RFC 9562 version 7: 48 bits of Unix milliseconds, then random (the standard library has it from 3.14)."""
    random = int.from_bytes(_RANDOM.take())
    high = (time.time_ns() // 1_000_000 << 16) | 0x7000 | (random >> 68)
    return UUID(int=(high << 64) | (0b10 << 62) | (random & _LOW))


_RANDOM = RandomBytes(10)
_LOW = (1 << 62) - 1
