"""Seats are the log's shadow: what is kept is a fold of it, and can be made from it anew."""

from __future__ import annotations

import asyncio
import random
from uuid import UUID

import psycopg

from application.agent import InviteAgent
from application.availability import SetAvailability, SetCapacity
from application.command import Command
from application.handling import (
    AcceptConversation,
    AwakenConversation,
    EndConversation,
    ReopenConversation,
    ReturnConversation,
    SnoozeConversation,
    TransferConversation,
)
from domain.agent import CapacitySet
from domain.conversation import Conversation
from domain.handling import EVENTS
from domain.kernel import Aggregate
from domain.refusals import Refusal
from infrastructure.eventstore.store import EventStore
from infrastructure.migrate import migrate
from tests.support.house import ADMIN, ANNA, BEN, TENANT, House, agent
from tests.support.log_lock import waiting_for_the_log

ONCE_MORE = """
INSERT INTO es.event (pos, tpos, tenant_id, stream_id, version, type, at, payload, meta, hash)
  SELECT h.pos + 1, h.tpos + 1, e.tenant_id, e.stream_id, e.version + 10, e.type, e.at, e.payload, e.meta, e.hash
  FROM es.event e, (SELECT max(pos) AS pos, max(tpos) AS tpos FROM es.event) h
  WHERE e.stream_id = %s AND e.type = %s LIMIT 1"""

Kept = tuple[dict[UUID, UUID], dict[UUID, int]]
"""Conversation -> whose seat it takes, and agent -> their own number."""


async def told(store: EventStore) -> Kept:
    """What the log says, folded by the aggregates themselves."""
    folded: dict[UUID, Aggregate] = {}
    rooms: dict[UUID, int] = {}
    position = 0
    while page := await store.reader.page(position):
        position = page[-1].position
        for one in page:
            aggregate = one.event.mutate(folded.get(one.stream_id))
            if aggregate is not None:
                folded[one.stream_id] = aggregate
            if isinstance(one.event, CapacitySet):
                rooms.pop(one.stream_id, None)
                if one.event.capacity is not None:
                    rooms[one.stream_id] = one.event.capacity
    chats = [one for one in folded.values() if isinstance(one, Conversation)]
    return {one.id: one.handling.seat for one in chats if one.handling.seat is not None}, rooms


def kept(owner: psycopg.Connection) -> Kept:
    taken = owner.execute("SELECT conversation_id, agent_id FROM seats.taken WHERE tenant_id = %s", (TENANT,))
    desks = owner.execute("SELECT agent_id, capacity FROM seats.desk WHERE tenant_id = %s", (TENANT,))
    return dict(taken.fetchall()), dict(desks.fetchall())


def correct(owner: psycopg.Connection, after: int | None = 0) -> int:
    found = owner.execute("SELECT seats.correct(%s)", (after,)).fetchone()
    assert found is not None
    return found[0]


async def a_day(house: House, seed: int, steps: int = 120) -> None:
    """Agents and visitors do whatever comes to mind; what is refused is refused."""
    chance = random.Random(seed)
    await house.open()
    for id in (ANNA, BEN):
        await attempt(house, ADMIN, InviteAgent(agent_id=id, name="A", email=f"{id.hex}@example.test"))
        await attempt(house, agent(id), SetAvailability(agent_id=id, availability="online"))
    chats = [await house.chat(with_assistant=chance.random() < 0.3) for _ in range(12)]
    for _ in range(steps):
        chat, who = chance.choice(chats), agent(chance.choice((ANNA, BEN)))
        to = chance.choice((ANNA, BEN))
        await attempt(
            house,
            *chance.choice(
                (
                    (who, AcceptConversation(conversation_id=chat)),
                    (who, TransferConversation(conversation_id=chat, agent_id=to, force=True)),
                    (who, ReturnConversation(conversation_id=chat)),
                    (who, SnoozeConversation(conversation_id=chat)),
                    (who, AwakenConversation(conversation_id=chat)),
                    (who, EndConversation(conversation_id=chat)),
                    (who, ReopenConversation(conversation_id=chat)),
                    (ADMIN, SetCapacity(agent_id=to, capacity=chance.choice((None, 0, 3, 8)))),
                )
            ),
        )


async def attempt(house: House, actor: object, command: Command) -> None:
    try:
        await house.do(actor, command)  # pyright: ignore[reportArgumentType]
    except Refusal:
        return


async def test_after_whatever_happened_seats_are_what_the_log_says(
    store: EventStore, owner: psycopg.Connection
) -> None:
    await a_day(House(store), seed=1)
    expected = await told(store)
    assert len(expected[0]) > 2, "nobody has anything"
    assert kept(owner) == expected
    assert correct(owner) == 0


async def test_seats_are_made_anew_from_the_log(store: EventStore, owner: psycopg.Connection) -> None:
    await a_day(House(store), seed=2)
    expected = await told(store)
    owner.execute("UPDATE seats.taken SET agent_id = %s WHERE agent_id = %s", (ANNA, BEN))
    owner.execute("DELETE FROM seats.taken WHERE ctid IN (SELECT ctid FROM seats.taken LIMIT 2)")
    owner.execute("INSERT INTO seats.taken VALUES (%s, %s, %s)", (TENANT, UUID(int=1), ANNA))
    owner.execute("UPDATE seats.desk SET capacity = 99")
    owner.execute("INSERT INTO seats.desk VALUES (%s, %s, 5)", (TENANT, UUID(int=2)))
    assert correct(owner) > 0
    assert kept(owner) == expected
    assert correct(owner) == 0


async def test_what_came_since_the_last_time_is_enough_for_the_next(
    store: EventStore, owner: psycopg.Connection
) -> None:
    house = House(store)
    await a_day(house, seed=3, steps=60)
    correct(owner)
    await a_day(house, seed=4, steps=30)
    owner.execute("DELETE FROM seats.taken")  # as if an older release had appended all of it
    correct(owner, None)
    since = kept(owner)[0]
    assert since.items() <= (await told(store))[0].items()
    assert since
    assert correct(owner, None) == 0


async def test_seats_are_put_right_while_others_take_them(store: EventStore, owner: psycopg.Connection) -> None:
    house = House(store)
    await a_day(house, seed=5, steps=40)
    owner.execute("DELETE FROM seats.taken")
    busy = asyncio.create_task(a_day(house, seed=6, steps=150))
    while not busy.done():
        await asyncio.to_thread(correct, owner)
    await busy
    correct(owner)
    assert kept(owner) == await told(store)


async def test_what_is_appended_while_the_log_is_read_is_seen_under_its_lock(
    store: EventStore, owner: psycopg.Connection, database_url: str
) -> None:
    """One conversation is accepted by who counts no seats, another is given back by who does."""
    house = House(store)
    accepted, returned = [await house.chat(with_assistant=False) for _ in range(2)]
    for chat in (accepted, returned):
        await house.do(agent(), AcceptConversation(conversation_id=chat))
        await house.do(agent(), ReturnConversation(conversation_id=chat))
    await house.do(agent(), AcceptConversation(conversation_id=returned))
    owner.execute("DELETE FROM seats.taken")
    with psycopg.connect(database_url) as writer:
        writer.execute("SELECT pg_advisory_xact_lock(7001)")
        correcting = asyncio.create_task(asyncio.to_thread(correct, owner))
        await waiting_for_the_log(writer, 1)
        for chat, type in ((accepted, "conversation.accepted.1"), (returned, "conversation.returned.1")):
            writer.execute(ONCE_MORE, (chat, type))
    assert await correcting == 1
    assert kept(owner)[0] == {accepted: ANNA}


async def test_a_database_that_was_filled_before_begins_with_the_owners_it_has(
    store: EventStore, owner: psycopg.Connection, database_url: str
) -> None:
    await a_day(House(store), seed=7)
    expected = await told(store)
    owner.execute("DROP SCHEMA seats CASCADE")
    owner.execute("DROP FUNCTION es.append_seated, es.append_some_seated")
    owner.execute("DELETE FROM public.verbatim_migration WHERE name LIKE '%_seats.sql'")
    (applied,) = migrate(database_url)
    assert applied.endswith("_seats.sql")
    assert kept(owner) == expected


def test_the_database_knows_every_event_that_moves_a_conversation(owner: psycopg.Connection) -> None:
    found = owner.execute("SELECT seats.moving()").fetchone()
    assert found is not None
    assert sorted(found[0]) == sorted(event.TYPE for event in EVENTS)
