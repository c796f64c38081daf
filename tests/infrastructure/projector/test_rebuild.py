"""A read model is built anew beside the live one; readers see the old, then the new, never neither."""

from __future__ import annotations

import asyncio

import pytest

from infrastructure.eventstore.store import EventStore
from infrastructure.postgres import Database
from infrastructure.projector.builds import Standing, new_build, read_standings
from infrastructure.projector.fold import Fold
from infrastructure.projector.positions import ReadPositions
from infrastructure.projector.rebuild import RebuildFailed, rebuild
from infrastructure.projector.runner import Projector, projecting_connection
from projections.inbox import InboxFilter, read_inbox
from projections.inbox_fold import Inbox
from projections.transcript_fold import Transcript
from tests.infrastructure.projector.conftest import Words, poison, running, said
from tests.support.house import TENANT, House


async def standings(database: Database, name: str) -> list[Standing]:
    async with database.worker() as connection:
        return [each for each in await read_standings(connection) if each.name == name]


async def rows(database: Database, table: str) -> list[tuple[object, ...]]:
    async with database.worker() as connection:
        cursor = await connection.execute(f"SELECT * FROM read.{table} ORDER BY 1, 2, 3".encode())
        return await cursor.fetchall()


async def test_a_rebuild_equals_the_live_one_while_events_keep_arriving(store: EventStore, house: House) -> None:
    projector = Projector(store.database, store.reader, [Inbox(), Transcript()])
    store.on_commit.append(lambda rows: projector.wake())
    positions = ReadPositions(store.database, projector.progress)
    chats = [await house.chat("Hello", with_assistant=False) for _ in range(5)]
    done = asyncio.Event()

    async def talk() -> None:
        while not done.is_set():
            for chat in chats:
                await house.say(chat, "and another thing")

    seen: list[int] = []

    async def look() -> None:
        while not done.is_set():
            async with store.database.tenant(TENANT) as connection:
                page = await read_inbox(connection, TENANT, InboxFilter(), None)
            seen.append(page.rows[0].seq if len(page.rows) == 5 else -1)

    async with running(projector.run()):
        await positions.wait(TENANT, "inbox", await store.head(TENANT), 5)
        async with asyncio.TaskGroup() as busy:
            busy.create_task(talk())
            busy.create_task(look())
            progress: list[tuple[int, int]] = []
            number = await rebuild(store.database, store.reader, Inbox(), lambda *step: progress.append(step))
            await rebuild(store.database, store.reader, Transcript())
            done.set()
        await positions.wait(TENANT, "inbox", await store.head(TENANT), 5)
        await positions.wait(TENANT, "transcript", await store.head(TENANT), 5)
    assert number == 2
    assert progress[0][0] == 0
    assert progress[-1][0] == progress[-1][1]
    assert -1 not in seen
    assert seen == sorted(seen)  # no reader ever goes back in time
    assert [(one.build, one.state) for one in await standings(store.database, "inbox")] == [
        (2, "live"),
        (1, "retired"),
    ]
    live = [await rows(store.database, table) for table in ("inbox", "conversation", "message")]
    for projection in (Inbox(), Transcript()):
        await rebuild(store.database, store.reader, projection)
    assert live == [await rows(store.database, table) for table in ("inbox", "conversation", "message")]


async def test_a_build_goes_live_no_earlier_than_the_live_ones_position(store: EventStore, house: House) -> None:
    chat = await house.chat("one", with_assistant=False)
    words = Words()
    await Projector(store.database, store.reader, [words]).catch_up()
    async with projecting_connection(store.database.url) as connection:
        fold = Fold(connection, words, await new_build(connection, words))
        await house.say(chat, "two")
        await Projector(store.database, store.reader, [words]).catch_up()
        assert await fold.go_live(store.reader)
    assert await said(store.database) == ["one", "two"]
    newest, _ = await standings(store.database, "words")
    assert (newest.build, newest.state, newest.position) == (2, "live", await store.reader.head())


async def test_a_flip_that_a_reader_holds_up_changes_nothing_and_can_be_tried_again(
    store: EventStore, house: House
) -> None:
    await house.chat("one", with_assistant=False)
    words = Words()
    await Projector(store.database, store.reader, [words]).catch_up()
    async with projecting_connection(store.database.url) as connection:
        fold = Fold(connection, words, await new_build(connection, words))
        async with store.database.tenant(TENANT) as reader:
            await (await reader.execute("SELECT count(*) FROM read.word")).fetchone()
            assert not await fold.go_live(store.reader)
        assert (fold.build.state, fold.position) == ("building", 0)
        assert await fold.go_live(store.reader)
    assert await said(store.database) == ["one"]


async def test_only_the_last_build_is_kept_beside_the_live_one(store: EventStore, house: House) -> None:
    await house.chat("one", with_assistant=False)
    for _ in range(4):
        await rebuild(store.database, store.reader, Words())
    assert [(one.build, one.state) for one in await standings(store.database, "words")] == [
        (4, "live"),
        (3, "retired"),
    ]
    async with store.database.worker() as connection:
        cursor = await connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'read' ORDER BY 1")
        assert await cursor.fetchall() == [("word_3",), ("word_4",)]
    assert await said(store.database) == ["one"]


async def test_a_rebuild_that_fails_leaves_the_live_one_alone(store: EventStore, house: House) -> None:
    for number in range(10):
        await house.chat(f"poison {number}", with_assistant=False)
    await Projector(store.database, store.reader, [Words()]).catch_up()
    with pytest.raises(RebuildFailed):
        await rebuild(store.database, store.reader, Words(stumble=poison))
    assert len(await said(store.database)) == 10
    await house.chat("another", with_assistant=False)
    await Projector(store.database, store.reader, [Words()]).catch_up()
    assert len(await said(store.database)) == 11
    await rebuild(store.database, store.reader, Words())
    assert [(one.build, one.state) for one in await standings(store.database, "words")] == [
        (3, "live"),
        (1, "retired"),
    ]


async def test_a_new_version_is_built_beside_the_old_and_replaces_it(store: EventStore, house: House) -> None:
    await house.chat("one", with_assistant=False)
    await Projector(store.database, store.reader, [Words(version=1)]).catch_up()
    await Projector(store.database, store.reader, [Words(version=2)]).catch_up()
    assert [(one.version, one.state) for one in await standings(store.database, "words")] == [
        (2, "live"),
        (1, "retired"),
    ]
    assert await said(store.database) == ["one"]


async def test_an_old_process_keeps_its_own_build_and_never_the_new_one(store: EventStore, house: House) -> None:
    await house.chat("one", with_assistant=False)
    old = Projector(store.database, store.reader, [Words(version=1)])
    new = Projector(store.database, store.reader, [Words(version=2)])
    positions = ReadPositions(store.database)
    async with running(old.run()):
        await positions.wait(TENANT, "words", await store.head(TENANT), 5)
        async with running(new.run()):
            await new.catch_up()
            await house.chat("two", with_assistant=False)
            await positions.wait(TENANT, "words", await store.head(TENANT), 5)
            assert await said(store.database) == ["one", "two"]
            async with asyncio.timeout(5):
                while await said(store.database, "word_1") != ["one", "two"]:
                    old.wake()  # the one before is kept up to date as long as its code runs
    stands = await standings(store.database, "words")
    assert [(one.version, one.state) for one in stands] == [(2, "live"), (1, "retired")]


async def test_an_older_release_stands_down_where_nothing_of_it_is_left(store: EventStore, house: House) -> None:
    await house.chat("one", with_assistant=False)
    await Projector(store.database, store.reader, [Words(version=2)]).catch_up()
    old = Projector(store.database, store.reader, [Words(version=1)])
    async with running(old.run()):
        await rebuild(store.database, store.reader, Words(version=2))
    assert {one.version for one in await standings(store.database, "words")} == {2}
