"""Two api processes and agents who take what they can: nobody gets one more than they have room for."""

from __future__ import annotations

import asyncio
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import httpx
import msgspec
import psycopg
import pytest

from application.actor import system
from application.agent import InviteAgent
from application.availability import SetAvailability, SetCapacity
from application.conversation import StartConversation
from domain.ids import wire
from infrastructure.embedded.nats import NatsServer
from infrastructure.settings import settings_from
from interfaces.write_side import WriteSide, open_write_side
from tests.support.house import agent
from tests.support.two_apis import SECRET, TENANT, TwoApis, two_apis

ROOM, RACERS = 5, 200
TEAM, WAITING, TEAM_ROOM, TRIES = 50, 1_000, 7, 16
OWNERS = "SELECT agent_id, count(*) FROM seats.taken WHERE tenant_id = %s GROUP BY 1"
ACCEPTED = "SELECT count(*) FROM es.event WHERE type = 'conversation.accepted.1'"


class Scene(msgspec.Struct, frozen=True):
    """Two processes, what gives commands beside them, and a client."""

    apis: TwoApis
    side: WriteSide
    http: httpx.AsyncClient

    async def wait(self, count: int) -> list[UUID]:
        """So many conversations that nobody has."""
        start = StartConversation(contact_id=UUID(int=0xD1))
        chats: list[UUID] = []
        while len(chats) < count:
            some = (self.side.bus.execute(system(TENANT), start) for _ in range(min(50, count - len(chats))))
            chats += [one.events[-1].originator_id for one in await asyncio.gather(*some)]
        return chats

    async def staff(self, capacity: int, count: int) -> list[UUID]:
        """Agents who are online and may have so much."""

        async def one(id: UUID) -> UUID:
            boss, email = system(TENANT), f"{id.hex}@shop.test"
            await self.side.bus.execute(boss, InviteAgent(agent_id=id, name="Anna", email=email))
            await self.side.bus.execute(boss, SetCapacity(agent_id=id, capacity=capacity))
            here = SetAvailability(agent_id=id, availability="online")
            await self.side.bus.execute(agent(id, tenant_id=TENANT), here)
            return id

        return list(await asyncio.gather(*(one(UUID(int=0xA000 + number)) for number in range(count))))

    async def log_in(self, agent_id: UUID) -> dict[str, str]:
        session = await self.side.access.session_for(TENANT, agent_id)
        return {"Authorization": f"Bearer {session.access_token}"}

    async def accept(self, chat: UUID, who: dict[str, str], number: int) -> httpx.Response:
        """By one process and the other in turn."""
        path = f"/api/v1/chat/agent/conversations/{wire('conversation', chat)}/accept"
        return await self.http.post(self.apis.urls[number % 2] + path, headers=who)


@pytest.fixture
async def scene(built_url: str, nats_server: NatsServer, tmp_path: Path) -> AsyncIterator[Scene]:
    pool = httpx.Limits(max_connections=RACERS)
    needed = {"database_url": built_url, "nats_url": nats_server.url, "secret": SECRET}
    async with (
        two_apis(built_url, nats_server.url, tmp_path) as apis,
        open_write_side(settings_from({}, **needed)) as side,
        httpx.AsyncClient(timeout=30, limits=pool) as http,
    ):
        yield Scene(apis, side, http)


@pytest.mark.timeout(240)
async def test_of_two_hundred_accepts_at_once_five_get_a_seat_and_the_rest_true_numbers(
    scene: Scene, built_url: str
) -> None:
    chats = await scene.wait(RACERS)
    [anna] = await scene.staff(ROOM, 1)
    who = await scene.log_in(anna)
    answers = await asyncio.gather(*(scene.accept(chat, who, n) for n, chat in enumerate(chats)))
    assert Counter(answer.status_code for answer in answers) == {200: ROOM, 409: RACERS - ROOM}
    refused = [answer.json()["error"] for answer in answers if answer.status_code == 409]
    assert {error["code"] for error in refused} == {"at_capacity"}
    assert all(error["details"] == {"capacity": ROOM, "load": ROOM} for error in refused)
    assert seats(built_url) == {anna: ROOM}
    with psycopg.connect(built_url) as connection:
        assert connection.execute(ACCEPTED).fetchall() == [(ROOM,)]
        assert connection.execute("SELECT seats.correct(0)").fetchall() == [(0,)]


@pytest.mark.timeout(240)
async def test_fifty_agents_take_a_thousand_conversations_and_none_is_over_their_room_though_a_process_is_killed(
    scene: Scene, built_url: str
) -> None:
    chats = await scene.wait(WAITING)
    team = await scene.staff(TEAM_ROOM, TEAM)
    tokens = {id: await scene.log_in(id) for id in team}
    chance, answered = random.Random(7), Counter[int]()

    async def grab(id: UUID) -> int:
        """A few at a time, by both processes; what the killed one did not answer may be stored or not."""
        who, won, mine = tokens[id], 0, chance.sample(chats, TRIES)
        for start in range(0, TRIES, 4):
            asked = (scene.accept(chat, who, number) for number, chat in enumerate(mine[start : start + 4]))
            answers = await asyncio.gather(*asked, return_exceptions=True)
            codes = Counter(one.status_code for one in answers if isinstance(one, httpx.Response))
            answered.update(codes)
            won += codes[200]
            if answered.total() > TEAM * TRIES // 2:
                scene.apis.processes[0].stop(signal.SIGKILL)
        return won

    won = await asyncio.gather(*(grab(id) for id in team))
    held = seats(built_url)
    assert answered.keys() == {200, 409}
    assert answered.total() < TEAM * TRIES, "nobody was killed"
    assert max(held.values()) == TEAM_ROOM
    assert all(had <= held.get(id, 0) for id, had in zip(team, won, strict=True))
    with psycopg.connect(built_url) as connection:
        assert connection.execute("SELECT seats.correct(0)").fetchall() == [(0,)]


def seats(url: str) -> dict[UUID, int]:
    with psycopg.connect(url) as connection:
        return dict(connection.execute(OWNERS, (TENANT,)).fetchall())
