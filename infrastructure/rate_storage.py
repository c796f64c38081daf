"""RateStorage: the store of the library `limits` in PostgreSQL, exact over all processes of an installation."""

from __future__ import annotations

import time
from collections.abc import Sequence

import msgspec
import psycopg
from limits import RateLimitItem
from limits.aio.storage import SlidingWindowCounterSupport, Storage
from psycopg_pool import PoolTimeout

from infrastructure.postgres import Database


class Hit(msgspec.Struct, frozen=True):
    """One key of a request: `key` is made by `item.key_for`."""

    item: RateLimitItem
    key: str


class Window(msgspec.Struct, frozen=True):
    """What a hit found: both windows' counts, and the share (1 to 0) of the previous one that still counts."""

    granted: bool
    previous: int
    current: int
    rest: float


_HIT = "SELECT granted FROM rates.hit(%s, %s::int[], %s::int[], %s)"
_TOGETHER = (
    "SELECT request, granted, previous, current, rest FROM rates.hit_together(%s::int[], %s, %s::int[], %s::int[])"
)


class RateStorage(Storage, SlidingWindowCounterSupport):
    """Sliding windows, for `SlidingWindowCounterRateLimiter`; `hit_together` asks for many requests at once."""

    STORAGE_SCHEME = None

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database

    @property
    def base_exceptions(self) -> type[Exception] | tuple[type[Exception], ...]:
        return (psycopg.Error, PoolTimeout)

    async def hit_together(self, requests: Sequence[Sequence[Hit]]) -> list[list[Window]]:
        """One statement. Each request's keys in their order, up to the first that has no room: later ones are not
        used up, by that request. Requests count one after the other. Raises psycopg.Error.
        """
        hits = [hit for one in requests for hit in one]
        values = (
            [len(one) for one in requests],
            [hit.key for hit in hits],
            [hit.item.amount for hit in hits],
            [hit.item.get_expiry() for hit in hits],
        )
        windows: list[list[Window]] = [[] for _ in requests]
        async with self._database.worker() as connection:
            for number, *found in await (await connection.execute(_TOGETHER, values)).fetchall():
                windows[number - 1].append(Window(*found))
        return windows

    async def acquire_sliding_window_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        async with self._database.worker() as connection:
            cursor = await connection.execute(_HIT, ([key], [limit], [expiry], amount))
            found = await cursor.fetchone()
        return bool(found and found[0])

    async def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        async with self._database.worker() as connection:
            cursor = await connection.execute(
                "SELECT slot, previous, current FROM rates.hits WHERE key = %s AND expires_at > now()", (key,)
            )
            found = await cursor.fetchone()
        now = time.time()
        left, behind = expiry - now % expiry, int(now // expiry) - (found[0] if found else 0)
        if found is None or behind > 1:
            return 0, 0.0, 0, left
        previous, current = (found[2], 0) if behind == 1 else (found[1], found[2])
        return previous, left, current, left + expiry

    async def clear_sliding_window(self, key: str, expiry: int) -> None:
        await self.clear(key)

    async def clear(self, key: str) -> None:
        async with self._database.worker() as connection:
            await connection.execute("DELETE FROM rates.hits WHERE key = %s", (key,))

    async def reset(self) -> int | None:
        async with self._database.worker() as connection:
            return (await connection.execute("DELETE FROM rates.hits")).rowcount

    async def check(self) -> bool:
        async with self._database.worker() as connection:
            await connection.execute("SELECT FROM rates.hits LIMIT 1")
        return True

    async def sweep(self) -> None:
        """Forget windows that count no more."""
        async with self._database.worker() as connection:
            await connection.execute("DELETE FROM rates.hits WHERE expires_at < now()")

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Fixed windows are not kept here."""
        raise NotImplementedError

    async def get(self, key: str) -> int:
        raise NotImplementedError

    async def get_expiry(self, key: str) -> float:
        raise NotImplementedError
