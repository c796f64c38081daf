"""What visitors looked at is kept for a while, beside what they asked and thought."""

from __future__ import annotations

from datetime import timedelta

import pytest

from application.handling import EndConversation
from application.receipts import RateConversation
from domain.refusals import Invalid
from infrastructure.postgres import Database
from projections.visits import KEPT, PageView, forget_page_views, record_page_views, sweep_page_views
from tests.projections.conftest import ReadModels
from tests.projections.test_contacts import MIA, start, timeline
from tests.support.house import TENANT, VISITING, House


def view(house: House, event_id: str, minutes: int, **more: object) -> PageView:
    facts = {"session_id": "visit-1", "url": f"https://shop.test/{event_id}"} | more
    return PageView(event_id=event_id, at=house.now + timedelta(minutes=minutes), **facts)  # pyright: ignore[reportArgumentType]


async def test_the_timeline_tells_what_they_saw_asked_and_thought_in_order(
    house: House, models: ReadModels
) -> None:
    async with models.tenant() as connection:
        batch = [view(house, "b", -1, title="Shoes", referrer="https://search.test/"), view(house, "a", -2)]
        other = [
            view(house, "c", -1, session_id="visit-2"),
            view(house, "d", 120, contact_id=MIA, session_id="visit-3"),
        ]
        assert await record_page_views(connection, TENANT, batch + other) == 4
        assert await record_page_views(connection, TENANT, batch) == 0
    chat = await start(house, MIA, "visit-1")
    house.later(hours=1)
    await house.do(VISITING, EndConversation(conversation_id=chat))
    await house.do(VISITING, RateConversation(conversation_id=chat, score=4))
    found, cursor = [], None
    for _ in range(5):
        page = await timeline(models, MIA, 1, cursor)
        found += page.moments
        cursor = page.next_cursor
    assert cursor is None
    assert [(one.kind, one.url or one.score or one.status) for one in found] == [
        ("page", "https://shop.test/d"),
        ("rating", 4),
        ("conversation", "resolved"),
        ("page", "https://shop.test/b"),
        ("page", "https://shop.test/a"),
    ]
    assert (found[3].title, found[3].referrer) == ("Shoes", "https://search.test/")


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "javascript:x"},
        {"url": "https://" + "x" * 2048},
        {"title": "x" * 257},
        {"event_id": ""},
        {"title": "\x00"},
    ],
)
async def test_a_view_that_cannot_be_is_refused_and_nothing_stored(
    house: House, models: ReadModels, wrong: dict[str, object]
) -> None:
    facts = {"event_id": "a", "minutes": 0} | wrong
    with pytest.raises(Invalid):
        async with models.tenant() as connection:
            await record_page_views(connection, TENANT, [view(house, "ok", 0), view(house, **facts)])  # pyright: ignore[reportArgumentType]
    async with models.tenant() as connection:
        assert await record_page_views(connection, TENANT, [view(house, "ok", 0)]) == 1


async def test_views_are_forgotten_with_their_person_and_with_time(
    house: House, models: ReadModels, database: Database
) -> None:
    await start(house, MIA, "visit-1")
    await models.fold()
    async with models.tenant() as connection:
        batch = [
            view(house, "a", 0),
            view(house, "b", 0, contact_id=MIA),
            view(house, "c", 0, session_id="visit-9"),
        ]
        await record_page_views(connection, TENANT, batch)
        assert await forget_page_views(connection, TENANT, [MIA]) == 2
    async with database.worker() as connection:
        assert await sweep_page_views(connection, house.now - KEPT) == 0
        assert await sweep_page_views(connection, house.now + KEPT) == 1
