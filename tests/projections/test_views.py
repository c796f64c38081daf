"""The table of saved views."""

from __future__ import annotations

from uuid import UUID

import pytest

from application.view import ChangeView, CreateView, RemoveView
from domain.refusals import Invalid
from domain.view import ViewFilter
from projections.views import SavedView, ViewPage, read_view, read_views
from tests.projections.conftest import ReadModels
from tests.support.house import ANNA, BEN, TENANT, House, agent

BOSS, ANNAS = agent(UUID(int=0xC8), "supervisor"), agent(ANNA)
FILTER = ViewFilter(status="open", priority="high", q="Vera")


async def page(models: ReadModels, who: UUID = ANNA, tenant_id: int = TENANT, **asked: object) -> ViewPage:
    await models.fold()
    async with models.tenant(tenant_id) as connection:
        return await read_views(connection, TENANT, who, **asked)  # pyright: ignore[reportArgumentType]


def names(found: ViewPage) -> list[str]:
    return [one.name for one in found.rows]


async def test_a_view_is_read_as_it_was_saved_last(house: House, models: ReadModels) -> None:
    id = (await house.do(ANNAS, CreateView(name="Old", filter=FILTER))).events[0].originator_id
    await house.do(ANNAS, ChangeView(view_id=id, name="New"))
    (found,) = (await page(models)).rows
    assert found == SavedView(id, ANNA, "New", FILTER, "private", 0, 2, house.now)
    async with models.tenant() as connection:
        assert await read_view(connection, TENANT, ANNA, id) == found
        assert await read_view(connection, TENANT, BEN, id) is None


async def test_pages_follow_places_and_names(house: House, models: ReadModels) -> None:
    for name, place in (("d", 1), ("b", 0), ("a", 1), ("c", 0), ("a", 1)):
        await house.do(BOSS, CreateView(name=name, filter=FILTER, scope="shared", place=place))
    first = await page(models, limit=2)
    second = await page(models, limit=2, cursor=first.next_cursor)
    third = await page(models, limit=2, cursor=second.next_cursor)
    assert [names(one) for one in (first, second, third)] == [["b", "c"], ["a", "a"], ["d"]]
    assert third.next_cursor is None
    with pytest.raises(Invalid):
        await page(models, cursor="x")


async def test_a_removed_view_and_another_tenants_are_not_shown(house: House, models: ReadModels) -> None:
    id = (await house.do(ANNAS, CreateView(name="Mine", filter=FILTER))).events[0].originator_id
    assert names(await page(models, tenant_id=TENANT + 1)) == []
    await house.do(ANNAS, RemoveView(view_id=id))
    assert names(await page(models)) == []
