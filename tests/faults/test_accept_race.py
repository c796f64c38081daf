"""Fifty agents in two processes race for a thousand conversations: one owner each, and nobody over their room."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from application.actor import Actor
from application.agent import InviteAgent
from application.availability import SetAvailability, SetCapacity
from application.bus import CommandBus
from application.handling import AcceptConversation
from domain.handling import Accepted
from domain.refusals import AlreadyAccepted, AtCapacity
from infrastructure.ending import end
from infrastructure.eventstore.store import EventStore, open_event_store
from infrastructure.projector.runner import Projector
from interfaces.routing import open_seats, seated_bus
from projections.registry import PROJECTIONS
from tests.support.house import ADMIN, House, agent

AGENTS = tuple(UUID(int=0xA000 + number) for number in range(50))
CONVERSATIONS = 1_000
ROOM = 20
LATE = 50
"""Accepts of others that an inbox does not show yet."""


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[EventStore]:
    async with open_event_store(database_url, b"k" * 32) as opened:
        yield opened


@pytest.fixture
async def projected(store: EventStore) -> AsyncIterator[Projector]:
    projector = Projector(store.database, store.reader, PROJECTIONS)
    running = asyncio.create_task(projector.run())
    store.on_commit.append(lambda _: projector.wake())
    yield projector
    await end([running])


async def staff(house: House) -> None:
    async def one(id: UUID) -> None:
        await house.do(ADMIN, InviteAgent(agent_id=id, name="A", email=f"{id.hex}@example.test"))
        await house.do(ADMIN, SetCapacity(agent_id=id, capacity=ROOM))
        await house.do(agent(id), SetAvailability(agent_id=id, availability="online"))

    await asyncio.gather(*(one(id) for id in AGENTS))


class Inbox:
    """What agents see: those that were taken go out of sight a little later."""

    def __init__(self, chats: list[UUID]) -> None:
        self.chats = chats
        self._taken: list[UUID] = []
        self._gone: set[UUID] = set()

    def shows(self, chat: UUID) -> bool:
        return chat not in self._gone

    def take(self, chat: UUID) -> None:
        self._taken.append(chat)
        if len(self._taken) > LATE:
            self._gone.add(self._taken[-LATE - 1])


async def grab(bus: CommandBus, actor: Actor, inbox: Inbox, chance: random.Random) -> Counter[str]:
    """Try one after the other until full, as somebody does who clicks fast."""
    outcomes: Counter[str] = Counter()
    for chat in chance.sample(inbox.chats, len(inbox.chats)):
        if not inbox.shows(chat):
            continue
        try:
            await bus.execute(actor, AcceptConversation(conversation_id=chat))
        except AlreadyAccepted:
            outcomes["taken"] += 1
        except AtCapacity:
            outcomes["full"] += 1
            break
        else:
            outcomes["won"] += 1
            inbox.take(chat)
    return outcomes


async def owners(store: EventStore, chats: list[UUID]) -> Counter[UUID]:
    position, found, wanted = 0, Counter[UUID](), set(chats)
    accepted: list[UUID] = []
    while page := await store.reader.page(position):
        position = page[-1].position
        for one in page:
            if isinstance(one.event, Accepted):
                found[one.event.agent_id] += 1
                accepted.append(one.stream_id)
    assert len(accepted) == len(set(accepted))
    assert set(accepted) == wanted
    return found


async def test_a_thousand_conversations_get_a_thousand_owners(store: EventStore, projected: Projector) -> None:
    house = House(store)
    await staff(house)
    chats: list[UUID] = await asyncio.gather(
        *(house.chat(None, with_assistant=False) for _ in range(CONVERSATIONS))
    )
    await projected.catch_up()
    processes = [seated_bus(store, open_seats(store)) for _ in range(2)]
    inbox, chance = Inbox(chats), random.Random(7)
    grabbed = [grab(processes[number % 2], agent(id), inbox, chance) for number, id in enumerate(AGENTS)]
    outcomes = sum(await asyncio.gather(*grabbed), Counter[str]())
    assert outcomes["won"] == CONVERSATIONS
    assert outcomes["taken"] > 100, "nobody raced"
    assert await owners(store, chats) == Counter(dict.fromkeys(AGENTS, ROOM))


async def test_an_agent_in_two_places_gets_what_they_have_room_for_though_no_read_model_shows_it(
    store: EventStore, projected: Projector
) -> None:
    house = House(store)
    await staff(house)
    chats: list[UUID] = await asyncio.gather(*(house.chat(None, with_assistant=False) for _ in range(3 * ROOM)))
    await projected.catch_up()
    here, there = (seated_bus(store, open_seats(store)) for _ in range(2))
    anna, chance = agent(AGENTS[0]), random.Random(7)
    one, other, last = Inbox(chats[:ROOM]), Inbox(chats[ROOM : 2 * ROOM]), Inbox(chats[2 * ROOM :])
    races = await asyncio.gather(grab(here, anna, one, chance), grab(there, anna, other, chance))
    assert sum(race["won"] for race in races) == ROOM
    assert (await grab(here, anna, last, chance))["won"] == 0
    assert (await grab(there, anna, last, chance))["won"] == 0
