"""Reading one's own writes: a read waits for its seq, and says how far it is when it cannot."""

from __future__ import annotations

import asyncio

import pytest

from domain.refusals import ProjectionBehind
from infrastructure.eventstore.store import EventStore
from infrastructure.projector import positions as polling
from infrastructure.projector.positions import ReadPositions
from infrastructure.projector.runner import Projector
from tests.infrastructure.projector.conftest import Words, running
from tests.support.house import TENANT, House


async def test_a_position_that_is_reached_is_answered_at_once(store: EventStore, house: House) -> None:
    await house.chat("one", with_assistant=False)
    await Projector(store.database, store.reader, [Words()]).catch_up()
    positions = ReadPositions(store.database)
    assert await positions.wait(TENANT, "words", 2, timeout=0) == await store.head(TENANT)
    assert await positions.wait(TENANT + 1, "words", 0, timeout=0) == 0


async def test_a_read_model_that_stays_behind_says_where_it_is(store: EventStore, house: House) -> None:
    await house.chat("one", with_assistant=False)
    await Projector(store.database, store.reader, [Words()]).catch_up()
    head = await store.head(TENANT)
    with pytest.raises(ProjectionBehind) as behind:
        await ReadPositions(store.database).wait(TENANT, "words", head + 1, timeout=0.1)
    assert behind.value.details == {"at": head}


async def test_a_read_model_that_does_not_exist_is_at_nothing(store: EventStore) -> None:
    with pytest.raises(ProjectionBehind) as behind:
        await ReadPositions(store.database).wait(TENANT, "nothing", 1, timeout=0)
    assert behind.value.details == {"at": 0}


async def test_a_reader_beside_the_projector_is_woken_without_asking(
    store: EventStore, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling, "POLL", 60.0)
    projector = Projector(store.database, store.reader, [Words()])
    positions = ReadPositions(store.database, projector.progress)
    async with running(projector.run()):
        waits = asyncio.gather(*(positions.wait(TENANT, "words", seq, timeout=30) for seq in (1, 2, 3)))
        await house.chat("one", with_assistant=False)
        projector.wake()
        async with asyncio.timeout(10):
            assert await waits == [await store.head(TENANT)] * 3


async def test_a_reader_in_another_process_sees_it_by_looking(store: EventStore, house: House) -> None:
    projector = Projector(store.database, store.reader, [Words()])
    elsewhere = ReadPositions(store.database)
    async with running(projector.run()):
        wait = asyncio.create_task(elsewhere.wait(TENANT, "words", 2, timeout=10))
        await house.chat("one", with_assistant=False)
        projector.wake()
        assert await wait >= 2


async def test_one_tenants_position_is_not_anothers(store: EventStore, house: House) -> None:
    await house.chat("one", with_assistant=False)
    await Projector(store.database, store.reader, [Words()]).catch_up()
    assert await ReadPositions(store.database).reached(TENANT + 1, "words") == 0
