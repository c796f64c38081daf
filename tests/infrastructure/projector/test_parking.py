"""A poison event parks its stream, for its projection; everything else flows."""

from __future__ import annotations

import pytest

from infrastructure.eventstore.store import EventStore
from infrastructure.postgres import Database
from infrastructure.projector.parking import unpark
from infrastructure.projector.positions import ReadPositions
from infrastructure.projector.runner import Projector
from tests.infrastructure.projector.conftest import Words, poison, said, standing
from tests.support.house import TENANT, House


async def parked(database: Database) -> list[tuple[str | None, int]]:
    """(error, tries) of what is parked, in order."""
    async with database.worker() as connection:
        cursor = await connection.execute("SELECT error, tries FROM es.parked ORDER BY pos")
        return await cursor.fetchall()


async def catch_up(store: EventStore, words: Words) -> None:
    await Projector(store.database, store.reader, [words]).catch_up()


async def test_a_poison_event_parks_its_stream_and_no_other(store: EventStore, house: House) -> None:
    sick = await house.chat("fine", with_assistant=False)
    well = await house.chat("also fine", with_assistant=False)
    await house.say(sick, "poison")
    await house.say(well, "still fine")
    await catch_up(store, Words(stumble=poison))
    await house.say(sick, "later")
    await house.say(well, "later too")
    await catch_up(store, Words(stumble=poison))
    assert await said(store.database) == ["fine", "also fine", "still fine", "later too"]
    stands = await standing(store.database)
    assert (stands.parked, stands.halted, stands.position) == (1, None, await store.reader.head())
    assert await ReadPositions(store.database).reached(TENANT, "words") == await store.head(TENANT)


async def test_an_event_is_tried_three_times_and_its_error_tells_no_words(store: EventStore, house: House) -> None:
    tried: list[str] = []

    def stumble(text: str) -> None:
        tried.append(text)
        raise ValueError(text)

    chat = await house.chat("poison", with_assistant=False)
    await house.say(chat, "later")
    await catch_up(store, Words(stumble=stumble))
    (error, tries), later = await parked(store.database)
    assert (tries, later) == (3, (None, 0))
    assert error is not None
    assert error.startswith("ValueError at test_parking.py:")
    assert set(tried) == {"poison"}
    assert len(tried) >= 3


async def test_what_postgres_refuses_is_parked_too(store: EventStore, house: House) -> None:
    sick = await house.chat("one", with_assistant=False)
    await house.chat("two", with_assistant=False)
    async with store.database.worker() as connection:
        await catch_up(store, Words())
        await connection.execute("ALTER TABLE read.word_1 ADD CONSTRAINT short CHECK (length(text) < 10)")
    await house.say(sick, "much too long")
    await house.chat("three", with_assistant=False)
    await catch_up(store, Words())
    assert sorted(await said(store.database)) == ["one", "three", "two"]
    assert [tries for _, tries in await parked(store.database)] == [3]


async def test_unparking_folds_the_stream_again_from_its_start(store: EventStore, house: House) -> None:
    chat = await house.chat("fine", with_assistant=False)
    await house.say(chat, "poison")
    await house.say(chat, "later")
    await catch_up(store, Words(stumble=poison))
    mended = Words()
    async with store.database.worker() as connection:  # what a faulty fold may have left
        await connection.execute("INSERT INTO read.word_1 VALUES (%s, %s, 99, 'stray')", (TENANT, chat))
    assert await unpark(store.database, store.reader, mended, TENANT, chat) == 3
    assert await said(store.database) == ["fine", "poison", "later"]
    assert await parked(store.database) == []
    await house.say(chat, "last")
    await catch_up(store, mended)
    assert await said(store.database) == ["fine", "poison", "later", "last"]


async def test_an_unparking_that_fails_leaves_all_as_it_was(store: EventStore, house: House) -> None:
    chat = await house.chat("fine", with_assistant=False)
    await house.say(chat, "poison")
    await catch_up(store, Words(stumble=poison))
    with pytest.raises(ValueError, match="poison"):
        await unpark(store.database, store.reader, Words(stumble=poison), TENANT, chat)
    assert await said(store.database) == ["fine"]
    assert len(await parked(store.database)) == 1


async def test_another_tenant_cannot_unpark_a_stream(store: EventStore, house: House) -> None:
    chat = await house.chat("poison", with_assistant=False)
    await catch_up(store, Words(stumble=poison))
    assert await unpark(store.database, store.reader, Words(), TENANT + 1, chat) == 0
    assert len(await parked(store.database)) == 1


async def test_a_fault_of_the_code_halts_instead_of_parking_everything(store: EventStore, house: House) -> None:
    for number in range(10):
        await house.chat(f"poison {number}", with_assistant=False)
    await catch_up(store, Words(stumble=poison))
    stands = await standing(store.database)
    assert stands.halted is not None
    assert "ValueError" in stands.halted
    assert stands.parked == 6
    assert stands.position < await store.reader.head()


async def test_a_halted_projection_stops_no_other(store: EventStore, house: House) -> None:
    for number in range(10):
        await house.chat(f"poison {number}", with_assistant=False)
    others = Words()
    others.name = "others"
    others.tables = ()
    others.ddl = lambda build: "SELECT 1"  # type: ignore[method-assign]
    others.fold = folds_nothing  # type: ignore[method-assign]
    await Projector(store.database, store.reader, [Words(stumble=poison), others]).catch_up()
    positions = ReadPositions(store.database)
    assert await positions.reached(TENANT, "others") == await store.head(TENANT)
    assert await positions.reached(TENANT, "words") < await store.head(TENANT)


async def folds_nothing(*page: object) -> None:
    """A projection without tables."""
