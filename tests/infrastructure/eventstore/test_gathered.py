"""Gathered: one look for all who ask in a turn of the loop; each gets its own answer or its own error."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from infrastructure.eventstore.gathered import MOST, Gathered


class Source:
    """Doubles numbers; 13 is an error, 0 is absent, a look for 99 fails as a whole."""

    def __init__(self) -> None:
        self.looks: list[list[int]] = []

    async def fetch(self, keys: Sequence[int]) -> Mapping[int, int | Exception]:
        self.looks.append(list(keys))
        if 99 in keys:
            raise OSError
        return {key: ValueError(key) if key == 13 else 2 * key for key in keys if key}


async def asked(gathered: Gathered[int, int], *keys: int) -> list[int | BaseException]:
    return await asyncio.gather(*[gathered.get(key) for key in keys], return_exceptions=True)


async def test_who_asks_in_the_same_turn_shares_a_look() -> None:
    source = Source()
    gathered = Gathered(source.fetch)
    assert await asked(gathered, 1, 2, 1) == [2, 4, 2]
    assert await asked(gathered, 3) == [6]
    assert source.looks == [[1, 2], [3]]


async def test_an_error_is_theirs_who_asked_for_its_key() -> None:
    answers = await asked(Gathered(Source().fetch), 1, 13, 0)
    assert [type(one) for one in answers] == [int, ValueError, KeyError]


async def test_a_look_that_fails_fails_for_all_of_it() -> None:
    assert {type(one) for one in await asked(Gathered(Source().fetch), 1, 99, 99)} == {OSError}


async def test_groups_are_looked_up_apart_and_no_look_is_endless() -> None:
    source = Source()
    await asked(Gathered(source.fetch, group=lambda key: key % 2), 1, 2, 3, 4)
    assert source.looks == [[1, 3], [2, 4]]
    source.looks.clear()
    await asked(Gathered(source.fetch), *range(1000, 1000 + MOST + 1))
    assert [len(keys) for keys in source.looks] == [MOST, 1]


async def test_who_goes_away_takes_nobody_along() -> None:
    gathered = Gathered(Source().fetch)
    leaving = asyncio.create_task(gathered.get(1))
    staying = asyncio.create_task(gathered.get(1))
    await asyncio.sleep(0)
    leaving.cancel()
    assert await staying == 2
    with pytest.raises(asyncio.CancelledError):
        await leaving
