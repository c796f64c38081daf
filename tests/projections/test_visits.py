"""What visitors looked at is kept for a while, beside what they asked and thought."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from application.handling import EndConversation
from application.receipts import RateConversation
from application.tracking import TrackedEvent
from infrastructure.postgres import Database
from infrastructure.track.ingest import Ingest
from infrastructure.track.online import ONLINE_SECONDS
from projections.online import OnlinePage, read_online
from projections.visits import forget_page_views, is_known
from tests.projections.conftest import ReadModels
from tests.projections.test_contacts import MIA, introduce, start, timeline
from tests.support.beacons import beacon, page, rows
from tests.support.house import TENANT, VISITING, House

SECRET = b"s" * 32
STRANGER = UUID(int=0xE9)


def earlier(house: House, minutes: int) -> datetime:
    """Tests' time is far ahead of the database's, which no client may be."""
    return house.now - timedelta(days=1500, minutes=minutes)


async def test_the_timeline_tells_what_they_saw_asked_and_thought_in_order(
    house: House, models: ReadModels, database: Database
) -> None:
    ingest = Ingest(database, SECRET)
    unknown: dict[str, Any] = {"visitor": STRANGER, "is_proven": False}
    shoes = page("b", earlier(house, 1), title="Shoes", referrer="https://search.test/")
    await ingest.accept(beacon(shoes, page("a", earlier(house, 2)), **unknown))
    await ingest.accept(beacon(page("c", earlier(house, 1)), **unknown, session_id="visit-2"))
    opened = TrackedEvent(name="widget_opened", at=earlier(house, 0), props={"by": "hand"})
    await ingest.accept(beacon(opened, visitor=MIA, session_id="visit-3"))
    chat = await start(house, MIA, "visit-1")
    house.later(hours=1)
    await house.do(VISITING, EndConversation(conversation_id=chat))
    await house.do(VISITING, RateConversation(conversation_id=chat, score=4))
    found, cursor = [], None
    for _ in range(5):
        part = await timeline(models, MIA, 1, cursor)
        found += part.moments
        cursor = part.next_cursor
    assert cursor is None
    assert [(one.kind, one.url or one.score or one.status or one.name) for one in found] == [
        ("rating", 4),
        ("conversation", "resolved"),
        ("event", "widget_opened"),
        ("page", "https://shop.test/b"),
        ("page", "https://shop.test/a"),
    ]
    assert (found[3].title, found[3].referrer, found[2].props) == ("Shoes", "https://search.test/", {"by": "hand"})


async def test_pages_hold_everything_once_also_where_all_happened_at_one_instant(
    models: ReadModels, database: Database, house: House
) -> None:
    ingest, at = Ingest(database, SECRET), earlier(house, 0)
    events = [page(str(number), at) for number in range(10)]
    opened = [TrackedEvent(name="opened", event_id=f"o{number}", at=at) for number in range(10)]
    await ingest.accept(beacon(*events, *opened, visitor=MIA))
    found, cursor = list[str](), None
    for _ in range(7):
        part = await timeline(models, MIA, 3, cursor)
        found += [one.id for one in part.moments]
        cursor = part.next_cursor
    assert (len(found), len(set(found)), cursor) == (20, 20, None)


async def test_somebody_who_never_wrote_is_known_to_their_tenant_only(
    house: House, models: ReadModels, database: Database
) -> None:
    ingest = Ingest(database, SECRET)
    await ingest.accept(beacon(page("a"), visitor=MIA))
    await introduce(house, UUID(int=0xF1), "Ben")
    await models.fold()
    for tenant_id, visitor_id, known in (
        (TENANT, MIA, True),
        (TENANT, UUID(int=0xF1), True),
        (TENANT, STRANGER, False),
        (TENANT + 1, MIA, False),
        (TENANT + 1, UUID(int=0xF1), False),
    ):
        async with models.tenant(tenant_id) as connection:
            assert await is_known(connection, tenant_id, visitor_id) is known


async def test_a_persons_trail_is_forgotten_with_the_visits_their_words_came_from(
    house: House, models: ReadModels, database: Database
) -> None:
    ingest = Ingest(database, SECRET)
    await start(house, MIA, "visit-1")
    await models.fold()
    await ingest.accept(beacon(page("before"), visitor=STRANGER, is_proven=False))
    await ingest.accept(beacon(page("after"), page("later"), visitor=MIA))
    await ingest.accept(beacon(page("neighbour"), visitor=uuid4()))
    await ingest.accept(beacon(page("elsewhere"), visitor=MIA, tenant_id=TENANT + 1))
    async with models.tenant() as connection:
        assert await forget_page_views(connection, TENANT, [MIA]) == 3
    left = await rows(database, "SELECT url FROM track.event ORDER BY url")
    assert [one[0].rpartition("/")[2] for one in left] == ["elsewhere", "neighbour"]
    assert await rows(database, "SELECT tenant_id FROM track.online WHERE visitor_id = %s", [MIA]) == [
        (TENANT + 1,)
    ]
    found = await timeline(models, MIA)
    assert [one.kind for one in found.moments] == ["conversation"]


async def test_who_is_on_the_site_is_listed_newest_first_with_page_and_conversation(
    house: House, models: ReadModels, database: Database
) -> None:
    ingest, ended = Ingest(database, SECRET), await start(house, MIA, "visit-0")
    await house.do(VISITING, EndConversation(conversation_id=ended))
    chat = await start(house, MIA, "visit-1")
    await models.fold()
    others = [uuid4() for _ in range(3)]
    for who in (*others, MIA):
        await ingest.accept(beacon(page("a", title="A", referrer="https://search.test/"), visitor=who))
    await ingest.accept(beacon(page("b", title="B"), visitor=MIA))
    await ingest.accept(beacon(page("c"), visitor=STRANGER, tenant_id=TENANT + 1))
    found, cursor = [], None
    for _ in range(4):
        part = await online(models, limit=1, cursor=cursor)
        found += part.visitors
        cursor = part.next_cursor
        assert part.total == 4
    assert cursor is None
    assert [one.visitor_id for one in found] == [MIA, *reversed(others)]
    newest = found[0]
    assert (newest.url, newest.title, newest.referrer) == ("https://shop.test/b", "B", "https://search.test/")
    assert [one.conversation_id for one in found] == [chat, None, None, None]
    assert (await online(models, seconds=-1)).visitors == ()


async def online(
    models: ReadModels, limit: int = 50, cursor: str | None = None, seconds: float = ONLINE_SECONDS
) -> OnlinePage:
    async with models.tenant() as connection:
        return await read_online(connection, TENANT, seconds, limit, cursor)
