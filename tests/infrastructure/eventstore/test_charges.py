"""Charges: counted in the append's own transaction, all or none, exactly at the last unit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from application.log import Append, Appended, Charge, LimitReached, Meta, VersionConflict
from infrastructure.eventstore.store import EventStore, open_event_store
from infrastructure.eventstore.verify import verify_log
from tests.support.appends import MASTER_KEY, append_of, plain

MONTH = 202603
TENANT = 7


@pytest.fixture
async def other(database_url: str) -> AsyncIterator[EventStore]:
    """Another process: its own writer and connections."""
    async with open_event_store(database_url, MASTER_KEY) as opened:
        yield opened


@pytest.fixture
def counter(owner: psycopg.Connection) -> psycopg.Connection:
    """Both meters of the tenant begun and compared with the log."""
    for meter in ("messages", "tokens"):
        owner.execute("INSERT INTO usage.counter VALUES (%s, %s, %s, 0, 1)", (TENANT, meter, MONTH))
    return owner


def used(owner: psycopg.Connection, meter: str = "messages") -> int:
    found = owner.execute("SELECT used FROM usage.counter WHERE tenant_id = 7 AND meter = %s", (meter,)).fetchone()
    assert found is not None
    return found[0]


def held(owner: psycopg.Connection) -> list[int]:
    return [row[0] for row in owner.execute("SELECT amount FROM usage.reservation ORDER BY key").fetchall()]


def message(limit: int | None, amount: int = 1) -> Charge:
    return Charge("used", "messages", MONTH, amount, limit)


def hold(limit: int, amount: int, key: UUID, seconds: int = 60) -> Charge:
    return Charge("held", "tokens", MONTH, amount, limit, key, seconds)


def charged(*charges: Charge, stream_id: UUID | None = None, command_id: UUID | None = None) -> Append:
    return Append(TENANT, Meta(command_id or uuid4()), b"same", (plain(stream_id or uuid4()),), charges)


async def outcomes(*appends: Any) -> tuple[int, int]:
    """(stored, refused)"""
    answers = await asyncio.gather(*appends, return_exceptions=True)
    stored = sum(isinstance(one, Appended) for one in answers)
    refused = sum(isinstance(one, LimitReached) for one in answers)
    assert stored + refused == len(answers), answers
    return stored, refused


async def test_a_burst_over_two_processes_at_the_last_unit_is_granted_it_once(
    store: EventStore, other: EventStore, counter: psycopg.Connection
) -> None:
    await store.append(charged(message(10, 9)))
    burst = (store.append(charged(message(10))) for _ in range(32))
    rivals = (other.append(charged(message(10))) for _ in range(32))
    assert await outcomes(*burst, *rivals) == (1, 63)
    assert used(counter) == 10
    assert (await verify_log(store.database)).fault is None


async def test_a_burst_of_two_event_loops_is_granted_what_is_left(
    store: EventStore, database_url: str, counter: psycopg.Connection
) -> None:
    async def there() -> tuple[int, int]:
        async with open_event_store(database_url, MASTER_KEY) as rival:
            return await outcomes(*(rival.append(charged(message(20))) for _ in range(32)))

    elsewhere = asyncio.to_thread(asyncio.run, there())
    here = outcomes(*(store.append(charged(message(20))) for _ in range(32)))
    answers = await asyncio.gather(elsewhere, here)
    assert sum(stored for stored, _ in answers) == 20
    assert used(counter) == 20


async def test_who_stands_in_the_same_batch_is_stored_though_another_is_refused(
    store: EventStore, counter: psycopg.Connection
) -> None:
    plain_ones = [store.append(append_of(TENANT + 1, plain(uuid4()))) for _ in range(5)]
    refused = [store.append(charged(message(0))) for _ in range(3)]
    assert await outcomes(*plain_ones[:2], *refused, *plain_ones[2:]) == (5, 3)
    assert await store.head(TENANT) == 0


async def test_a_refusal_names_the_meters_that_have_no_room(
    store: EventStore, counter: psycopg.Connection
) -> None:
    with pytest.raises(LimitReached) as refused:
        await store.append(charged(message(5), hold(0, 10, uuid4())))
    assert refused.value.meters == {"tokens"}
    assert used(counter) == 0


async def test_a_counter_that_was_never_compared_with_the_log_grants_nothing(
    store: EventStore, owner: psycopg.Connection
) -> None:
    with pytest.raises(LimitReached):
        await store.append(charged(message(5)))
    owner.execute("INSERT INTO usage.counter VALUES (7, 'messages', %s, 0, 0)", (MONTH,))
    with pytest.raises(LimitReached):
        await store.append(charged(message(5)))


async def test_what_is_not_stored_is_not_charged(store: EventStore, counter: psycopg.Connection) -> None:
    stream_id, command_id = uuid4(), uuid4()
    await store.append(charged(message(5), stream_id=stream_id, command_id=command_id))
    again = await store.append(charged(message(5), stream_id=stream_id, command_id=command_id))
    assert again.replayed
    with pytest.raises(VersionConflict):
        await store.append(charged(message(5), stream_id=stream_id))
    assert used(counter) == 1


async def test_of_a_batch_that_goes_in_only_partly_the_stored_part_is_charged(
    store: EventStore, counter: psycopg.Connection
) -> None:
    taken = uuid4()
    await store.append(append_of(TENANT, plain(taken)))
    late = store.append(charged(message(5), stream_id=taken))
    answers = await asyncio.gather(late, store.append(charged(message(5))), return_exceptions=True)
    assert isinstance(answers[0], VersionConflict)
    assert isinstance(answers[1], Appended)
    assert used(counter) == 1


async def test_what_is_counted_without_a_limit_may_go_over_it(
    store: EventStore, counter: psycopg.Connection
) -> None:
    await store.append(charged(message(None, 7)))
    assert used(counter) == 7
    with pytest.raises(LimitReached):
        await store.append(charged(message(7)))


async def test_a_reservation_is_room_that_nobody_else_gets_until_it_is_settled(
    store: EventStore, counter: psycopg.Connection
) -> None:
    key = uuid4()
    await store.append(charged(hold(100, 100, key)))
    with pytest.raises(LimitReached):
        await store.append(charged(hold(100, 1, uuid4())))
    spent = Charge("used", "tokens", MONTH, 30)
    await store.append(charged(spent, Charge("let_go", "tokens", MONTH, key=key)))
    assert (used(counter, "tokens"), held(counter)) == (30, [])
    await store.append(charged(hold(100, 70, uuid4())))
    assert held(counter) == [70]


async def test_a_reservation_is_made_as_small_as_there_is_room_for(
    store: EventStore, counter: psycopg.Connection
) -> None:
    burst = [store.append(charged(hold(250, 100, UUID(int=number)))) for number in range(8)]
    assert await outcomes(*burst) == (3, 5)
    assert sorted(held(counter)) == [50, 100, 100]


async def test_the_same_conversation_holds_once(store: EventStore, counter: psycopg.Connection) -> None:
    key = uuid4()
    await store.append(charged(hold(100, 80, key)))
    await store.append(charged(hold(100, 90, key)))
    assert held(counter) == [90]


async def test_a_reservation_past_its_time_holds_nothing_and_goes_with_the_next_charge(
    store: EventStore, counter: psycopg.Connection
) -> None:
    await store.append(charged(hold(100, 100, uuid4(), seconds=0)))
    await store.append(charged(hold(100, 60, uuid4())))
    assert held(counter) == [60]
