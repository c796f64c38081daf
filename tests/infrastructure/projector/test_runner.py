"""The projector folds every event once, whoever dies: it, its connection, or PostgreSQL's patience."""

from __future__ import annotations

import asyncio

import psycopg
import pytest

from application.actor import system
from application.tenant import OpenTenant, RenameTenant
from domain.catalog import EVENT_TYPES
from domain.tenant import TenantRenamed
from infrastructure.eventstore.mapper import EventMapper
from infrastructure.eventstore.reader import EventReader
from infrastructure.eventstore.store import EventStore
from infrastructure.postgres import Connection, Database, connect
from infrastructure.projector.builds import Fenced, install_builds, take_build
from infrastructure.projector.fold import Fold
from infrastructure.projector.positions import ReadPositions
from infrastructure.projector.runner import DUTY, Projector
from projections.inbox import InboxFilter, read_inbox
from projections.registry import PROJECTIONS
from tests.infrastructure.projector.conftest import Words, running, said, standing
from tests.support.house import TENANT, House

AT_ONCE = 5.0
"""Seconds a wait may take before a test fails; they all end at once."""


async def test_what_was_folded_is_not_folded_again(store: EventStore, house: House) -> None:
    chat = await house.chat("one", with_assistant=False)
    await Projector(store.database, store.reader, [Words()]).catch_up()
    await house.say(chat, "two")
    folded: list[str] = []
    await Projector(store.database, store.reader, [Words(stumble=folded.append)]).catch_up()
    assert folded == ["two"]
    assert await said(store.database) == ["one", "two"]


async def test_a_committed_event_is_readable_as_soon_as_its_seq_is_reached(
    store: EventStore, house: House
) -> None:
    projector = Projector(store.database, store.reader, PROJECTIONS)
    store.on_commit.append(lambda rows: projector.wake())
    positions = ReadPositions(store.database, projector.progress)
    async with running(projector.run()):
        for text in ("one", "two", "three"):
            await house.chat(text, with_assistant=False)
            await positions.wait(TENANT, "inbox", await store.head(TENANT), AT_ONCE)
            async with store.database.tenant(TENANT) as connection:
                page = await read_inbox(connection, TENANT, InboxFilter(sort="oldest"), None)
            assert page.rows[-1].last_text == text


async def test_read_models_are_readable_before_any_projector_ran(store: EventStore, house: House) -> None:
    async with store.database.worker() as connection:
        for _ in range(2):
            await install_builds(connection, PROJECTIONS)
    async with store.database.tenant(TENANT) as connection:
        assert (await read_inbox(connection, TENANT, InboxFilter(), None)).rows == ()
    await house.chat("one", with_assistant=False)
    await Projector(store.database, store.reader, PROJECTIONS).catch_up()
    async with store.database.tenant(TENANT) as connection:
        assert len((await read_inbox(connection, TENANT, InboxFilter(), None)).rows) == 1


async def test_a_tenant_whose_events_do_not_concern_a_projection_still_advances(
    store: EventStore, house: House
) -> None:
    await house.do(system(TENANT), OpenTenant(name="Shop"))
    await house.do(system(8), OpenTenant(name="Other"))
    await Projector(store.database, store.reader, PROJECTIONS).catch_up()
    positions = ReadPositions(store.database)
    assert [await positions.reached(tenant, "inbox") for tenant in (TENANT, 8, 9)] == [1, 1, 0]


async def test_rows_and_position_are_stored_together_or_not_at_all(
    database_url: str, store: EventStore, house: House
) -> None:
    await house.chat("one", with_assistant=False)
    owner = await psycopg.AsyncConnection.connect(database_url, autocommit=True)
    connection = await connect(database_url)
    async with owner, connection:
        words = DiesInFold(owner)
        fold = Fold(connection, words, await taken(connection, words))
        with pytest.raises(psycopg.OperationalError):
            await fold.advance(await store.reader.page(0))
    assert (await standing(store.database)).position == 0
    assert await said(store.database) == []
    await Projector(store.database, store.reader, [Words()]).catch_up()
    assert await said(store.database) == ["one"]


class DiesInFold(Words):
    """Its connection is killed after the rows are written, before the page commits."""

    def __init__(self, owner: psycopg.AsyncConnection) -> None:
        super().__init__()
        self._owner = owner

    async def fold(self, connection: Connection, build: int, recorded: object) -> None:
        await super().fold(connection, build, recorded)  # type: ignore[arg-type]
        await connection.execute("SELECT 1")
        await self._owner.execute("SELECT pg_terminate_backend(%s, 5000)", (connection.info.backend_pid,))


async def taken(connection: Connection, words: Words):
    build = await take_build(connection, words)
    assert build is not None
    return build


async def test_a_zombie_projector_stores_nothing(database_url: str, store: EventStore, house: House) -> None:
    chat = await house.chat("one", with_assistant=False)
    words = Words()
    async with await connect(database_url) as first, await connect(database_url) as second:
        zombie = Fold(first, words, await taken(first, words))
        owner = Fold(second, words, await taken(second, words))
        await owner.advance(await store.reader.page(0))
        await house.say(chat, "two")
        for after in (zombie.position, owner.position):
            with pytest.raises(Fenced):
                await zombie.advance(await store.reader.page(after))
        assert await said(store.database) == ["one"]
        await owner.advance(await store.reader.page(owner.position))
    assert await said(store.database) == ["one", "two"]


async def test_standbys_take_over_when_connections_die(store: EventStore, database_url: str, house: House) -> None:
    projectors = [Projector(store.database, store.reader, [Words()]) for _ in range(3)]
    positions = ReadPositions(store.database)
    chat = await house.chat("0", with_assistant=False)
    async with (
        running(*(projector.run() for projector in projectors)),
        await psycopg.AsyncConnection.connect(database_url, autocommit=True) as owner,
    ):
        for number in range(1, 4):
            await positions.wait(TENANT, "words", await store.head(TENANT), AT_ONCE)
            killed = await owner.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory' AND granted "
                "AND classid = %s AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
                (DUTY,),
            )
            assert killed.rowcount == 1
            await house.say(chat, str(number))
        await positions.wait(TENANT, "words", await store.head(TENANT), AT_ONCE)
    assert await said(store.database) == ["0", "1", "2", "3"]


async def test_an_unknown_event_type_halts_until_a_release_that_knows_it(
    store: EventStore, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.chat("before", with_assistant=False)
    await house.do(system(TENANT), OpenTenant(name="Shop"))
    await house.do(system(TENANT), RenameTenant(name="New"))
    await house.chat("after", with_assistant=False)
    with monkeypatch.context() as older:
        older.delitem(EVENT_TYPES, TenantRenamed.TYPE)  # type: ignore[arg-type]
        old_reader = EventReader(store.database, EventMapper(store.keyring))
    await Projector(store.database, old_reader, [Words()]).catch_up()
    halted = await standing(store.database)
    assert halted.halted is not None
    assert TenantRenamed.TYPE in halted.halted
    assert await said(store.database) == ["before"]
    await Projector(store.database, store.reader, [Words()]).catch_up()
    assert (await standing(store.database)).halted is None
    assert await said(store.database) == ["before", "after"]


async def test_one_page_is_read_for_all_projections(database: Database, store: EventStore, house: House) -> None:
    await house.chat("Hello", with_assistant=False)
    reader = CountingReader(store.database, store.mapper)
    await Projector(store.database, reader, PROJECTIONS).catch_up()
    assert reader.pages == 2  # the events, and that there are no more


class CountingReader(EventReader):
    pages = 0

    async def page(self, after: int, limit: int = 1000):
        self.pages += 1
        return await super().page(after, limit)


async def test_a_waking_ends_the_rest_at_once(store: EventStore, house: House) -> None:
    projector = Projector(store.database, store.reader, [Words()])
    async with running(projector.run()):
        clock = asyncio.get_running_loop().time
        took: list[float] = []
        for number in range(5):
            await house.chat(str(number), with_assistant=False)
            began = clock()
            projector.wake()
            assert await projector.progress.wait(TENANT, "words", await store.head(TENANT), AT_ONCE)
            took.append(clock() - began)
    assert min(took) < 0.2  # the timer alone needs up to 0.25 s
