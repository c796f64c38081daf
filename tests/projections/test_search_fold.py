"""The search index forgets: erased people, now and after a rebuild; a stream, so that it can be folded again."""

from __future__ import annotations

from application.contact import EraseContact, IntroduceContact
from infrastructure.postgres import Database
from projections.search import SearchFilter, SearchIn, search
from projections.search_fold import Search
from tests.projections.conftest import ReadModels, fold_page
from tests.support.house import TENANT, VISITING, VISITOR, House, agent
from tests.support.memory_log import MemoryLog


async def texts(models: ReadModels, q: str, within: SearchIn = "messages") -> list[str]:
    await models.fold()
    async with models.tenant() as connection:
        page = await search(connection, TENANT, SearchFilter(q=q, within=within))
    return [hit.snippet for hit in page.hits]


async def test_an_erased_person_is_not_in_the_index(house: House, models: ReadModels) -> None:
    await house.do(VISITING, IntroduceContact(contact_id=VISITOR, name="Vera", email="vera@shop.test"))
    chat = await house.chat("Elm Street", with_assistant=False)
    await house.say(chat, "Elm Street it is", agent())
    assert len(await texts(models, "elm")) == 2
    await house.say(chat, "Number 5, Elm Street")
    await house.do(agent(role="owner"), EraseContact(contact_id=VISITOR, reason="asked"))
    for within in ("messages", "conversations", "contacts"):
        for q in ("elm", "vera", "shop"):
            assert await texts(models, q, within) == []
    async with models.tenant() as connection:
        for table in ("search_message", "search_contact"):
            cursor = await connection.execute(f"SELECT count(*) FROM read.{table}".encode())
            assert await cursor.fetchone() == (0,)


async def test_a_stream_is_folded_again_after_it_was_forgotten(
    house: House, models: ReadModels, database: Database
) -> None:
    assert isinstance(house.log, MemoryLog)
    chat = await house.chat("hello", with_assistant=False)
    await house.say(chat, "hello again")
    before = await texts(models, "hello")
    async with database.worker() as connection:
        await Search().forget(connection, 1, TENANT, chat)
        assert await texts(models, "hello") == []
        await fold_page(connection, Search(), 1, [one for one in house.log.recorded if one.stream_id == chat])
    assert await texts(models, "hello") == before != []


async def test_a_rebuild_after_an_erasure_finds_nothing_either(
    house: House, models: ReadModels, database: Database
) -> None:
    assert isinstance(house.log, MemoryLog)
    await house.do(VISITING, IntroduceContact(contact_id=VISITOR, name="Vera"))
    await house.chat("Elm Street", with_assistant=False)
    await house.do(agent(role="owner"), EraseContact(contact_id=VISITOR, reason="asked"))
    await models.fold()
    house.log.shred(VISITOR)
    async with database.worker() as connection:
        await connection.execute(Search().ddl(2).encode(), prepare=False)
        page = [one for one in house.log.recorded if one.type in Search.concerns]
        await fold_page(connection, Search(), 2, page)
        for table in Search.tables:
            both = [
                await (await connection.execute(f"SELECT * FROM read.{table}_{build}".encode())).fetchall()
                for build in (1, 2)
            ]
            assert both[0] == both[1], table
            assert bool(both[0]) == (table in {"search_thread", "search_shelf"})
