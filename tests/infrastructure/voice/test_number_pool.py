"""A number is in one open call, whoever asks from wherever; the one that rested longest goes out first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import psycopg
import pytest

from application.ports import Line, LineWish
from domain.voice import NoNumberFree, VoiceSettings
from infrastructure.postgres import Database
from infrastructure.voice.number_pool import NumberPool

TENANT, OTHER = 7, 8
FIRST, SECOND, THIRD = "+14165550101", "+14165550102", "+14165550103"


def wish(
    *numbers: str, contact: UUID | None = None, chat: UUID | None = None, tenant: int = TENANT, seconds: int = 60
) -> LineWish:
    settings = VoiceSettings(enabled=True, numbers=numbers, prefixes=("+1",))
    return LineWish(tenant, contact or uuid4(), chat or uuid4(), settings, None, seconds)


async def tried(pool: NumberPool, asked: LineWish) -> Line | None:
    try:
        return await pool.allocate(asked)
    except NoNumberFree:
        return None


@pytest.fixture
def pool(database: Database) -> NumberPool:
    return NumberPool(database)


@pytest.fixture
async def elsewhere(database_url: str) -> AsyncIterator[NumberPool]:
    """Another process's."""
    pools = Database(database_url)
    await pools.open()
    yield NumberPool(pools)
    await pools.close()


async def test_two_processes_that_race_for_the_last_numbers_get_each_once(
    pool: NumberPool, elsewhere: NumberPool
) -> None:
    for _ in range(10):
        asked = [wish(FIRST, SECOND) for _ in range(8)]
        lines = await asyncio.gather(*(tried((pool, elsewhere)[n % 2], one) for n, one in enumerate(asked)))
        given = [line for line in lines if line is not None]
        assert sorted(line.number for line in given) == [FIRST, SECOND]
        for line in given:
            await pool.release(TENANT, line.conversation_id)


async def test_the_table_itself_refuses_a_number_twice(pool: NumberPool, database: Database) -> None:
    await pool.allocate(wish(FIRST))
    with pytest.raises(psycopg.errors.UniqueViolation):
        async with database.worker() as connection:
            await connection.execute(
                "INSERT INTO voice.lease (tenant_id, conversation_id, contact_id, number, leased_at, expires_at) "
                "VALUES (%s, %s, %s, %s, now(), now())",
                (TENANT, uuid4(), uuid4(), FIRST),
            )


async def test_the_number_that_rested_longest_goes_out_first(pool: NumberPool) -> None:
    numbers = (THIRD, FIRST, SECOND)
    given: list[str] = []
    for _ in range(6):
        line = await pool.allocate(wish(*numbers))
        given.append(line.number)
        await pool.release(TENANT, line.conversation_id)
    assert given == [FIRST, SECOND, THIRD] * 2


async def test_a_visitor_has_one_number_at_a_time(pool: NumberPool) -> None:
    contact = uuid4()
    first = await pool.allocate(wish(FIRST, SECOND, contact=contact))
    second = await pool.allocate(wish(FIRST, SECOND, contact=contact))
    assert (second.conversation_id, second.number) == (first.conversation_id, first.number)
    assert (first.is_new, second.is_new) == (True, False)


async def test_a_number_that_nobody_gives_back_comes_free_by_itself(pool: NumberPool) -> None:
    await pool.allocate(wish(FIRST, seconds=0))
    assert (await pool.allocate(wish(FIRST))).is_new


async def test_releasing_twice_or_in_another_tenant_changes_nothing(pool: NumberPool) -> None:
    line = await pool.allocate(wish(FIRST))
    await pool.release(OTHER, line.conversation_id)
    assert await tried(pool, wish(FIRST)) is None
    assert await tried(pool, wish(FIRST, tenant=OTHER)) is not None  # theirs is another one
    await pool.release(TENANT, line.conversation_id)
    taken = await pool.allocate(wish(FIRST))
    await pool.release(TENANT, line.conversation_id)
    assert await pool.conversation_of(TENANT, "CA1", FIRST) == taken.conversation_id


async def test_a_start_that_came_to_nothing_may_be_tried_again_with_another_number(pool: NumberPool) -> None:
    chat = uuid4()
    assert (await pool.allocate(wish(FIRST, SECOND, chat=chat))).number == FIRST
    await pool.release(TENANT, chat)
    assert (await pool.allocate(wish(FIRST, SECOND, chat=chat))).number == SECOND


async def test_the_first_call_that_reaches_a_number_is_its_call_for_good(pool: NumberPool) -> None:
    line = await pool.allocate(wish(FIRST))
    assert await pool.conversation_of(TENANT, "CA0", None) is None
    assert await pool.conversation_of(TENANT, "CA1", FIRST) == line.conversation_id
    assert await pool.conversation_of(TENANT, "CA2", FIRST) is None
    assert await pool.conversation_of(OTHER, "CA1", FIRST) is None
    await pool.release(TENANT, line.conversation_id)
    later = await pool.allocate(wish(FIRST))
    assert await pool.conversation_of(TENANT, "CA1", FIRST) == line.conversation_id
    assert await pool.conversation_of(TENANT, "CA3", FIRST) == later.conversation_id
