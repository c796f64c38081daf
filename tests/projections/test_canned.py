"""Canned responses are found while an agent types, by who may see them."""

from __future__ import annotations

from uuid import UUID

import pytest

from application.canned_response import (
    ChangeCannedResponse,
    RemoveCannedResponse,
    SaveCannedResponse,
)
from application.canned_use import CannedChoice, RecordCannedUse
from domain.canned_response import Scope
from domain.refusals import Invalid
from infrastructure.postgres import Database
from projections.canned import (
    EVERYTHING,
    CannedFilter,
    CannedPage,
    Viewer,
    read_canned_response,
    read_canned_responses,
)
from projections.canned_fold import CannedResponses
from projections.cursor import Cursor, encode_cursor
from tests.projections.conftest import ReadModels, fold_page
from tests.support.cases import cases
from tests.support.house import ADMIN, ANNA, BEN, TENANT, House, agent
from tests.support.memory_log import MemoryLog

TEXTS = {
    1: ("hi", "Greeting", "Hello, how can I help?"),
    2: ("hours", "Opening hours", "We are open from 9 to 5."),
    3: ("refund", "Refund policy", "Within 30 days you get 100% back."),
    4: ("thanks", "Goodbye", "Thank you. Opening hours are on our site."),
}
VIEWER = Viewer(ANNA)


async def save(house: House, number: int, scope: Scope = "tenant", by: UUID | None = None) -> None:
    shortcut, title, body = TEXTS[number]
    command = SaveCannedResponse(
        canned_response_id=UUID(int=number), shortcut=shortcut, title=title, body=body, scope=scope
    )
    await house.do(ADMIN if by is None else agent(by, "supervisor"), command)


async def use(house: House, number: int, message: int, version: int = 1) -> None:
    """As if a message had been made of it."""
    chat = await house.chat(with_assistant=False)
    choice = CannedChoice(UUID(int=number), version)
    await house.do(agent(), RecordCannedUse(conversation_id=chat, message_id=UUID(int=message), choice=choice))


async def page_of(
    models: ReadModels, chosen: CannedFilter = EVERYTHING, viewer: Viewer = VIEWER, tenant_id: int = TENANT
) -> CannedPage:
    await models.fold()
    async with models.tenant(tenant_id) as connection:
        return await read_canned_responses(connection, TENANT, viewer, chosen)


async def found(models: ReadModels, chosen: CannedFilter = EVERYTHING, viewer: Viewer = VIEWER) -> list[int]:
    return [one.canned_response_id.int for one in (await page_of(models, chosen, viewer)).rows]


@cases(
    ("q", "expected"),
    [
        (None, [1, 2, 3, 4]),
        ("", [1, 2, 3, 4]),
        ("H", [1, 2, 3, 4]),
        ("/ho", [2, 1, 4]),
        ("re", [3, 1, 2, 4]),
        ("opening", [2, 4]),
        ("openning", [2]),
        ("100%", [3]),
        ("_", []),
        ("zebra", []),
    ],
)
async def test_a_shortcuts_beginning_comes_first_then_titles_then_words(
    house: House, models: ReadModels, q: str | None, expected: list[int]
) -> None:
    for number in TEXTS:
        await save(house, number)
    assert await found(models, CannedFilter(q)) == expected


@pytest.mark.parametrize("q", [None, "H"])
async def test_pages_hold_each_once(house: House, models: ReadModels, q: str | None) -> None:
    for number in TEXTS:
        await save(house, number)
    await use(house, 3, 100)
    for sort in ("best", "used"):
        seen, cursor = [], None
        for _ in range(2):
            page = await page_of(models, CannedFilter(q, sort=sort, limit=2, cursor=cursor))
            seen += [one.canned_response_id.int for one in page.rows]
            cursor = page.next_cursor
        assert sorted(seen) == [1, 2, 3, 4]
        assert cursor is None


async def test_a_cursor_of_another_order_is_refused(house: House, models: ReadModels) -> None:
    for number in TEXTS:
        await save(house, number)
    cursor = (await page_of(models, CannedFilter(limit=1))).next_cursor
    with pytest.raises(Invalid):
        await page_of(models, CannedFilter(sort="used", cursor=cursor))


@cases("key", ["x/hi", "", "1/a\x00b", "9" * 300 + "/a"])
async def test_a_cursor_that_we_did_not_make_is_refused(models: ReadModels, key: str) -> None:
    cursor = encode_cursor(Cursor("canned/best", key, UUID(int=1).hex))
    with pytest.raises(Invalid):
        await page_of(models, CannedFilter(cursor=cursor))


async def test_a_removed_response_is_gone_until_it_is_saved_again(house: House, models: ReadModels) -> None:
    await save(house, 1)
    await save(house, 2)
    await house.do(ADMIN, RemoveCannedResponse(canned_response_id=UUID(int=1)))
    assert await found(models) == [2]
    await save(house, 1)
    assert await found(models) == [1, 2]


async def test_a_private_one_is_there_for_its_author_alone(house: House, models: ReadModels) -> None:
    await save(house, 1, "private", ANNA)
    await save(house, 2, "private", BEN)
    assert await found(models, viewer=Viewer(ANNA, sees_all_teams=True)) == [1]
    async with models.tenant() as connection:
        assert await read_canned_response(connection, TENANT, Viewer(BEN), UUID(int=1)) is None
        assert await read_canned_response(connection, TENANT, Viewer(ANNA), UUID(int=1)) is not None


async def test_its_uses_are_counted_and_the_most_used_comes_first(house: House, models: ReadModels) -> None:
    for number in TEXTS:
        await save(house, number)
    for message, number in enumerate((3, 4, 3)):
        house.later(minutes=1)
        await use(house, number, message + 100)
    await use(house, 3, 100)
    page = await page_of(models, CannedFilter(sort="used"))
    assert [(one.canned_response_id.int, one.used_count) for one in page.rows] == [(3, 2), (4, 1), (1, 0), (2, 0)]
    assert page.rows[0].last_used_at == house.now
    assert page.rows[3].last_used_at is None


async def test_a_change_raises_the_version_and_keeps_the_count(house: House, models: ReadModels) -> None:
    await save(house, 1)
    await use(house, 1, 100)
    await house.do(ADMIN, ChangeCannedResponse(canned_response_id=UUID(int=1), body="Hello."))
    (row,) = (await page_of(models)).rows
    assert (row.version, row.body, row.used_count) == (2, "Hello.", 1)


async def test_a_page_that_is_folded_twice_counts_once(
    house: House, models: ReadModels, database: Database
) -> None:
    await save(house, 1)
    await use(house, 1, 100)
    await models.fold()
    assert isinstance(house.log, MemoryLog)
    async with database.worker() as connection:
        await fold_page(connection, CannedResponses(), 1, house.log.recorded)
    assert [row.used_count for row in (await page_of(models)).rows] == [1]


async def test_what_is_forgotten_and_folded_again_counts_the_same(
    house: House, models: ReadModels, database: Database
) -> None:
    await save(house, 1)
    await use(house, 1, 100)
    await use(house, 1, 101)
    await models.fold()
    assert isinstance(house.log, MemoryLog)
    projection, log = CannedResponses(), house.log.recorded
    async with database.worker() as connection:
        for stream_id in {one.stream_id for one in log if one.type in projection.concerns}:
            await projection.forget(connection, 1, TENANT, stream_id)
            await fold_page(connection, projection, 1, [one for one in log if one.stream_id == stream_id])
    (row,) = (await page_of(models)).rows
    assert row.used_count == 2


async def test_another_tenants_responses_do_not_exist(house: House, models: ReadModels) -> None:
    await save(house, 1)
    assert (await page_of(models, tenant_id=TENANT + 1)).rows == ()
