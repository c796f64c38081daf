"""Gathered: what is looked up in one turn of the event loop is looked up at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from itertools import chain
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

MOST = 256
"""Keys of one look."""


def _one(_: object) -> Hashable:
    return None


class Gathered(Generic[K, V]):
    """`fetch` is asked for up to `MOST` keys, none twice; what it raises is raised to all who wait for it.

    So a hundred commands that begin together cost one query, and nobody has to know of the others. A value that is
    an exception is raised to those alone who asked for its key. Keys of different groups are never asked together.
    """

    def __init__(
        self,
        fetch: Callable[[Sequence[K]], Awaitable[Mapping[K, V | Exception]]],
        group: Callable[[K], Hashable] = _one,
    ) -> None:
        self._fetch = fetch
        self._group = group
        self._asked: dict[K, list[asyncio.Future[V]]] = {}
        self._looking: set[asyncio.Task[None]] = set()

    async def get(self, key: K) -> V:
        """Raises KeyError where `fetch` left it out."""
        answer: asyncio.Future[V] = asyncio.get_running_loop().create_future()
        if not self._asked:
            self._begin()
        self._asked.setdefault(key, []).append(answer)
        return await answer

    def _begin(self) -> None:
        task = asyncio.get_running_loop().create_task(self._look())
        self._looking.add(task)
        task.add_done_callback(self._looking.discard)

    async def _look(self) -> None:
        asked, self._asked = self._asked, {}
        try:
            await asyncio.gather(*[self._answer(keys, asked) for keys in self._parts(asked)])
        finally:
            for future in chain.from_iterable(asked.values()):
                future.cancel()  # nothing where it is settled: only at the end of the process nobody answers

    def _parts(self, asked: Iterable[K]) -> list[list[K]]:
        groups: dict[Hashable, list[K]] = {}
        for key in asked:
            groups.setdefault(self._group(key), []).append(key)
        return [keys[start : start + MOST] for keys in groups.values() for start in range(0, len(keys), MOST)]

    async def _answer(self, keys: Sequence[K], asked: Mapping[K, Sequence[asyncio.Future[V]]]) -> None:
        try:
            found = await self._fetch(keys)
        except Exception as error:  # told to each of them, as if they had looked alone
            found = dict.fromkeys(keys, error)
        for key in keys:
            value = found.get(key, KeyError(key))
            for future in asked[key]:
                _settle(future, value)


def _settle(future: asyncio.Future[V], value: V | Exception) -> None:
    if future.done():
        return  # whoever asked has gone
    if isinstance(value, Exception):
        future.set_exception(value)
    else:
        future.set_result(value)
