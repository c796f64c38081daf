"""Canned responses are found while an agent types."""

from __future__ import annotations

from uuid import UUID

import pytest

from application.canned_response import RemoveCannedResponse, SaveCannedResponse
from projections.canned import read_canned_responses
from tests.projections.conftest import ReadModels
from tests.support.house import ADMIN, TENANT, House

TEXTS = {
    1: ("hi", "Greeting", "Hello, how can I help?"),
    2: ("hours", "Opening hours", "We are open from 9 to 5."),
    3: ("refund", "Refund policy", "Within 30 days you get 100% back."),
    4: ("thanks", "Goodbye", "Thank you. Opening hours are on our site."),
}


async def save(house: House, number: int) -> None:
    shortcut, title, body = TEXTS[number]
    command = SaveCannedResponse(canned_response_id=UUID(int=number), shortcut=shortcut, title=title, body=body)
    await house.do(ADMIN, command)


async def found(models: ReadModels, q: str | None) -> list[int]:
    await models.fold()
    async with models.tenant() as connection:
        return [one.canned_response_id.int for one in await read_canned_responses(connection, TENANT, q)]


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        (None, [1, 2, 3, 4]),
        ("", [1, 2, 3, 4]),
        ("H", [1, 2, 3, 4]),
        ("/ho", [2, 1, 4]),
        ("opening", [2, 4]),
        ("openning", [2]),
        ("100%", [3]),
        ("_", []),
        ("zebra", []),
    ],
)
async def test_a_shortcuts_beginning_comes_first_then_words(
    house: House, models: ReadModels, q: str | None, expected: list[int]
) -> None:
    for number in TEXTS:
        await save(house, number)
    assert await found(models, q) == expected


async def test_a_removed_response_is_gone_until_it_is_saved_again(house: House, models: ReadModels) -> None:
    await save(house, 1)
    await save(house, 2)
    await house.do(ADMIN, RemoveCannedResponse(canned_response_id=UUID(int=1)))
    assert await found(models, None) == [2]
    await save(house, 1)
    assert await found(models, None) == [1, 2]


async def test_another_tenants_responses_do_not_exist(house: House, models: ReadModels) -> None:
    await save(house, 1)
    await models.fold()
    async with models.tenant(TENANT + 1) as connection:
        assert await read_canned_responses(connection, TENANT) == ()
