"""Seats: counted in the append's own transaction, never one too many, whoever asks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from application.log import Append, Appended, Charge, DeskFull, LimitReached, Meta, SeatMove, VersionConflict
from infrastructure.eventstore.store import EventStore, open_event_store
from infrastructure.eventstore.verify import verify_log
from tests.support.appends import MASTER_KEY, append_of, plain
from tests.support.log_lock import waiting_for_the_log

TENANT, MONTH = 7, 202603
ANNA, BEN = UUID(int=0xC1), UUID(int=0xC2)


@pytest.fixture
async def other(database_url: str) -> AsyncIterator[EventStore]:
    """Another process: its own writer and connections."""
    async with open_event_store(database_url, MASTER_KEY) as opened:
        yield opened


def held(owner: psycopg.Connection, agent_id: UUID = ANNA) -> int:
    query = "SELECT count(*) FROM seats.taken WHERE tenant_id = %s AND agent_id = %s"
    found = owner.execute(query, (TENANT, agent_id)).fetchone()
    assert found is not None
    return found[0]


def moved(*moves: SeatMove, stream_id: UUID | None = None, command_id: UUID | None = None, **more: Any) -> Append:
    pieces = (plain(stream_id or uuid4()),)
    return Append(TENANT, Meta(command_id or uuid4()), b"same", pieces, seats=moves, **more)


def take(room: int | None, agent_id: UUID = ANNA, chat: UUID | None = None) -> SeatMove:
    return SeatMove("takes", agent_id, chat or uuid4(), room)


async def outcomes(*appends: Any) -> tuple[int, int]:
    """(stored, refused)"""
    answers = await asyncio.gather(*appends, return_exceptions=True)
    stored = sum(isinstance(one, Appended) for one in answers)
    refused = sum(isinstance(one, DeskFull) for one in answers)
    assert stored + refused == len(answers), answers
    return stored, refused


async def test_a_burst_over_two_processes_gets_the_seats_there_are(
    store: EventStore, other: EventStore, owner: psycopg.Connection
) -> None:
    burst = (store.append(moved(take(5))) for _ in range(100))
    rivals = (other.append(moved(take(5))) for _ in range(100))
    assert await outcomes(*burst, *rivals) == (5, 195)
    assert held(owner) == 5
    assert await store.head(TENANT) == 5
    assert (await verify_log(store.database)).fault is None


async def test_two_who_wait_for_the_log_at_once_are_counted_one_after_the_other(
    store: EventStore, other: EventStore, owner: psycopg.Connection
) -> None:
    with owner.transaction():
        owner.execute("SELECT pg_advisory_xact_lock(7001)")
        rivals = asyncio.gather(outcomes(store.append(moved(take(1)))), outcomes(other.append(moved(take(1)))))
        await waiting_for_the_log(owner, 2)
    assert sorted(await rivals) == [(0, 1), (1, 0)]
    assert held(owner) == 1


async def test_a_refusal_says_load_and_room_and_leaves_its_batch_alone(
    store: EventStore, owner: psycopg.Connection
) -> None:
    await store.append(moved(take(2)))
    neighbours = [store.append(append_of(TENANT + 1, plain(uuid4()))) for _ in range(4)]
    asked = [store.append(moved(take(2))) for _ in range(3)]
    answers = await asyncio.gather(*neighbours[:2], *asked, *neighbours[2:], return_exceptions=True)
    full = [(one.load, one.capacity) for one in answers if isinstance(one, DeskFull)]
    assert full == [(2, 2), (2, 2)]
    assert sum(isinstance(one, Appended) for one in answers) == 5
    assert await store.head(TENANT + 1) == 4
    assert (await verify_log(store.database)).fault is None


async def test_an_own_number_holds_from_its_own_append_on_whatever_the_asker_read(
    store: EventStore, owner: psycopg.Connection
) -> None:
    await store.append(moved(SeatMove("capacity", ANNA, room=1)))
    assert await outcomes(*(store.append(moved(take(8))) for _ in range(4))) == (1, 3)
    await store.append(moved(SeatMove("capacity", ANNA)))
    assert await outcomes(*(store.append(moved(take(3))) for _ in range(4))) == (2, 2)


async def test_a_lowered_number_takes_nothing_away(store: EventStore, owner: psycopg.Connection) -> None:
    assert await outcomes(*(store.append(moved(take(8))) for _ in range(4))) == (4, 0)
    await store.append(moved(SeatMove("capacity", ANNA, room=2)))
    with pytest.raises(DeskFull) as full:
        await store.append(moved(take(8)))
    assert (full.value.load, full.value.capacity, held(owner)) == (4, 2, 4)


async def test_what_nobody_asks_for_is_counted_and_may_go_over(
    store: EventStore, owner: psycopg.Connection
) -> None:
    await outcomes(*(store.append(moved(take(None))) for _ in range(3)))
    with pytest.raises(DeskFull) as full:
        await store.append(moved(take(2)))
    assert (full.value.load, held(owner)) == (3, 3)


async def test_a_seat_goes_from_one_to_the_other_and_is_free_once_given_up(
    store: EventStore, owner: psycopg.Connection
) -> None:
    chat = uuid4()
    await store.append(moved(take(1, ANNA, chat)))
    await store.append(moved(take(1, BEN, chat)))
    assert (held(owner, ANNA), held(owner, BEN)) == (0, 1)
    gone = store.append(moved(SeatMove("gives_up", BEN, chat)))
    asked = (store.append(moved(take(1, BEN))) for _ in range(2))
    assert await outcomes(gone, *asked) == (2, 1)
    assert held(owner, BEN) == 1


async def test_another_tenants_agent_with_the_same_id_sits_elsewhere(
    store: EventStore, owner: psycopg.Connection
) -> None:
    await store.append(moved(take(1)))
    theirs = Append(TENANT + 1, Meta(uuid4()), b"same", (plain(uuid4()),), seats=(take(1),))
    await store.append(theirs)
    assert held(owner) == 1


async def test_a_repeated_command_takes_one_seat_and_a_late_one_none(
    store: EventStore, other: EventStore, owner: psycopg.Connection
) -> None:
    stream_id, chat, key = uuid4(), uuid4(), uuid4()
    same = moved(take(1, chat=chat), stream_id=stream_id, command_id=key)
    answers = await asyncio.gather(*(one.append(same) for one in (store, other, store, other)))
    assert sorted(one.replayed for one in answers) == [False, True, True, True]
    with pytest.raises(VersionConflict):
        await store.append(moved(take(9), stream_id=stream_id))
    assert held(owner) == 1


async def test_who_comes_too_late_is_told_so_though_the_desk_is_full(
    store: EventStore, owner: psycopg.Connection
) -> None:
    stream_id = uuid4()
    await store.append(moved(take(1), stream_id=stream_id))
    with pytest.raises(VersionConflict):
        await store.append(moved(take(1), stream_id=stream_id))


async def test_a_command_that_is_refused_by_its_seat_or_its_plan_counts_for_neither(
    store: EventStore, owner: psycopg.Connection
) -> None:
    owner.execute("INSERT INTO usage.counter VALUES (%s, 'messages', %s, 0, 1)", (TENANT, MONTH))
    charges = (Charge("used", "messages", MONTH, 1, 1),)
    with pytest.raises(DeskFull):
        await store.append(moved(take(0), charges=charges))
    await store.append(moved(take(5), charges=charges))
    with pytest.raises(LimitReached):
        await store.append(moved(take(5), charges=charges))
    used = owner.execute("SELECT used FROM usage.counter WHERE tenant_id = %s", (TENANT,)).fetchall()
    assert (held(owner), used) == (1, [(1,)])


async def test_what_else_a_refused_command_would_move_stays(store: EventStore, owner: psycopg.Connection) -> None:
    chat = uuid4()
    await store.append(moved(take(None, BEN, chat)))
    with pytest.raises(DeskFull):
        await store.append(moved(take(0), SeatMove("gives_up", BEN, chat)))
    assert held(owner, BEN) == 1
