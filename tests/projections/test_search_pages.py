"""Search, page after page: every match once, back to the first message, whatever happens meanwhile."""

from __future__ import annotations

from uuid import uuid4

import pytest

from domain.refusals import Invalid
from infrastructure.postgres import Database
from projections import search_query
from projections.search import SearchFilter, SearchIn, SearchPage, search
from projections.search_fold import SHELF_BITS
from tests.projections.conftest import ReadModels
from tests.support.house import TENANT, House


async def find(
    models: ReadModels,
    q: str,
    *,
    within: SearchIn = "messages",
    label: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> SearchPage:
    await models.fold()
    chosen = SearchFilter(q=q, within=within, label=label, limit=limit, cursor=cursor)
    async with models.tenant() as connection:
        return await search(connection, TENANT, chosen)


async def texts(models: ReadModels, q: str) -> list[str]:
    return [hit.snippet for hit in (await find(models, q)).hits]


async def test_pages_hold_every_match_once_whatever_is_said_meanwhile(
    house: House, models: ReadModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_query, "WINDOW", 5)
    chat = await house.chat("word 0", with_assistant=False)
    for number in range(1, 13):
        await house.say(chat, "word " + "and " * (number % 3) + str(number))
    seen: list[str] = []
    cursor, pages = None, 0
    while True:
        page = await find(models, "word", limit=2, cursor=cursor)
        seen += [hit.snippet.split()[-1] for hit in page.hits]
        await house.say(chat, "word said meanwhile 99")
        cursor, pages = page.next_cursor, pages + 1
        if cursor is None:
            break
    assert sorted(seen, key=int) == [str(number) for number in range(13)]
    assert pages >= 7


async def test_every_shelf_of_the_past_is_looked_at(house: House, models: ReadModels, database: Database) -> None:
    """300 shelves are 4.9 million events; only what can be found stands on them."""
    await house.chat("needle", with_assistant=False)
    await models.fold()
    async with database.worker() as connection:
        await connection.execute(
            "INSERT INTO read.search_shelf_1 SELECT %s, g, now(), now() FROM generate_series(1, 300) g", (TENANT,)
        )
        await connection.execute(
            "INSERT INTO read.search_message_1 SELECT tenant_id, conversation_id, 100, %s, %s, contact_id, role, "
            "author_id, private, at, 'needle two', read.words_of('needle two') FROM read.search_message_1",
            (300 << SHELF_BITS, uuid4()),
        )
    assert await texts(models, "needle") == ["needle", "needle two"]
    assert await texts(models, "needle tw") == ["needle two"]


async def test_a_search_out_of_patience_goes_on_with_its_cursor(
    house: House, models: ReadModels, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_query, "PATIENCE", -1.0)
    await house.chat("needle", with_assistant=False)
    await models.fold()
    async with database.worker() as connection:
        await connection.execute(
            "INSERT INTO read.search_shelf_1 SELECT %s, g, now(), now() FROM generate_series(1, 3) g", (TENANT,)
        )
    page = await find(models, "needle")
    assert page.hits == ()
    assert page.next_cursor is not None
    monkeypatch.undo()
    assert [hit.snippet for hit in (await find(models, "needle", cursor=page.next_cursor)).hits] == ["needle"]


async def test_a_cursor_of_another_search_is_refused(house: House, models: ReadModels) -> None:
    chat = await house.chat("word", with_assistant=False)
    await house.say(chat, "word again")
    cursor = (await find(models, "word", limit=1)).next_cursor
    assert cursor is not None
    with pytest.raises(Invalid):
        await find(models, "words", cursor=cursor)
    with pytest.raises(Invalid):
        await find(models, "word", within="conversations", cursor=cursor)
    with pytest.raises(Invalid):
        await find(models, "word", label="x", cursor=cursor)
