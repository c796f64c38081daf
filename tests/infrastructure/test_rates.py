"""Rates: exact over processes, a visitor's own limit first, open where the store is gone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from uuid import UUID

import limits
import psycopg
import pytest
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from prometheus_client import CollectorRegistry

from domain.refusals import RateLimited
from infrastructure.postgres import Database
from infrastructure.rate_storage import Hit, RateStorage, Window
from infrastructure.rates import RateRules, Rates, Sender

ANN, BOB, WIDGET = UUID(int=1), UUID(int=2), UUID(int=3)
HOUR = limits.parse("5/hour")


@pytest.fixture
async def other(database_url: str) -> AsyncIterator[Database]:
    """Another process."""
    pools = Database(database_url)
    await pools.open()
    yield pools
    await pools.close()


def rates(database: Database, visitor: str = "off", address: str = "off", widget: str = "off") -> Rates:
    return Rates(database, b"k" * 32, RateRules(visitor, address, widget), CollectorRegistry(), deadline=3)


async def granted(door: Rates, sender: Sender) -> bool:
    try:
        await door.permit(sender)
    except RateLimited:
        return False
    return True


async def test_a_burst_over_two_processes_is_granted_exactly_the_limit(
    database: Database, other: Database
) -> None:
    doors = [rates(pools, visitor="10/hour") for pools in (database, other)]
    outcomes = await asyncio.gather(*(granted(doors[number % 2], Sender(7, ANN)) for number in range(64)))
    assert sum(outcomes) == 10


class Counting(RateStorage):
    """Notes how many requests each statement had."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.statements: list[int] = []

    async def hit_together(self, requests: Sequence[Sequence[Hit]]) -> list[list[Window]]:
        self.statements.append(len(requests))
        return await super().hit_together(requests)


async def test_a_turn_of_the_loop_is_one_statement_and_each_message_of_it_counts(database: Database) -> None:
    door = rates(database, visitor="10/hour", address="7/hour", widget="15/hour")
    door.storage = counting = Counting(database)
    outcomes = await asyncio.gather(*(granted(door, Sender(7, ANN, "192.0.2.1", WIDGET)) for _ in range(64)))
    assert (sum(outcomes), counting.statements) == (7, [64])
    outcomes = await asyncio.gather(*(granted(door, Sender(7, BOB, None, WIDGET)) for _ in range(64)))
    assert (sum(outcomes), counting.statements) == (8, [64, 64]), "who was refused used up no room of the widget"


async def test_bursts_of_two_processes_in_any_order_do_not_deadlock(database: Database, other: Database) -> None:
    doors = [rates(pools, visitor="3/hour", address="40/hour", widget="1000/hour") for pools in (database, other)]
    people = [Sender(7, UUID(int=number), f"192.0.2.{number % 5}", WIDGET) for number in range(1, 61)]
    for turn in range(5):
        order = people if turn % 2 else people[::-1]
        asked = [granted(doors[0], one) for one in order] + [granted(doors[1], one) for one in reversed(order)]
        await asyncio.gather(*asked)
    assert [door._failed._value.get() for door in doors] == [0, 0]  # pyright: ignore[reportPrivateUsage]
    used = await asyncio.gather(*(granted(doors[0], one) for one in people))
    assert not any(used), "three each, and forty for each address"


async def test_who_asks_too_often_uses_up_nobody_elses_room(database: Database) -> None:
    door = rates(database, visitor="2/hour", widget="5/hour")
    assert [await granted(door, Sender(7, ANN, widget=WIDGET)) for _ in range(9)] == [True] * 2 + [False] * 7
    assert [await granted(door, Sender(7, BOB, widget=WIDGET)) for _ in range(3)] == [True, True, False]


async def test_an_address_is_a_ceiling_over_its_visitors_and_a_widget_over_all(database: Database) -> None:
    door = rates(database, visitor="9/hour", address="3/hour", widget="5/hour")

    async def told(number: int, address: str) -> tuple[str, int, int]:
        try:
            await door.permit(Sender(7, UUID(int=number), address, WIDGET))
        except RateLimited as refusal:
            return refusal.policy if refusal.policy and 1 <= refusal.retry_after <= 3600 else ("wrong", 0, 0)
        return ("", 0, 0)

    answers = [(await told(number, "192.0.2.1"))[0] for number in range(10, 14)]
    answers += [(await told(number, "192.0.2.2"))[0] for number in range(20, 23)]
    assert answers == ["", "", "", "address", "", "", "widget"]
    assert await told(30, "192.0.2.1") == ("address", 3, 3600)


async def test_tenants_do_not_share_a_limit_and_this_machine_is_nobodys_address(database: Database) -> None:
    door = rates(database, visitor="1/hour", address="1/hour")
    assert [await granted(door, Sender(tenant, ANN)) for tenant in (7, 8, 7)] == [True, True, False]
    assert [await granted(door, Sender(7, None, "127.0.0.1")) for _ in range(3)] == [True] * 3


async def test_without_its_table_everybody_may_write(database: Database, database_url: str) -> None:
    door = rates(database, visitor="1/hour")
    with psycopg.connect(database_url, autocommit=True) as owner:
        owner.execute("DROP TABLE rates.hits")
    assert [await granted(door, Sender(7, ANN)) for _ in range(3)] == [True] * 3
    assert door._failed._value.get() == 3  # pyright: ignore[reportPrivateUsage]


async def test_a_store_that_does_not_answer_holds_nobody_up(database: Database, database_url: str) -> None:
    door = Rates(database, b"k" * 32, RateRules(visitor="1/hour"), CollectorRegistry(), deadline=0.1)
    with psycopg.connect(database_url) as owner:
        owner.execute("LOCK TABLE rates.hits")
        async with asyncio.timeout(3):
            assert await granted(door, Sender(7, ANN))


async def test_the_library_counts_on_it(database: Database) -> None:
    storage = RateStorage(database)
    limiter = SlidingWindowCounterRateLimiter(storage)
    assert [await limiter.hit(HOUR, "k") for _ in range(7)] == [True] * 5 + [False] * 2
    assert not await limiter.test(HOUR, "k")
    stats = await limiter.get_window_stats(HOUR, "k")
    assert stats.remaining == 0
    assert stats.reset_time > time.time()
    await limiter.clear(HOUR, "k")
    assert await limiter.hit(HOUR, "k", cost=5)
    assert not await limiter.hit(HOUR, "k")
    assert await storage.reset() == 1
    assert await storage.check()


async def test_the_last_window_fades_and_what_counts_no_more_is_swept(
    database: Database, database_url: str
) -> None:
    storage, hit = RateStorage(database), Hit(HOUR, HOUR.key_for("k"))
    for _ in range(5):
        await storage.hit_together([[hit]])
    with psycopg.connect(database_url, autocommit=True) as owner:
        owner.execute("UPDATE rates.hits SET slot = slot - 1")
        ((faded,),) = await storage.hit_together([[hit]])
        assert faded.previous == 5
        assert faded.granted == (int(5 * faded.rest) + 1 <= 5)
        owner.execute("UPDATE rates.hits SET slot = slot - 2, expires_at = now() - interval '1 second'")
        await storage.sweep()
        assert owner.execute("SELECT count(*) FROM rates.hits").fetchone() == (0,)
