"""Who waits is told where they stand when that changes, and not when it does not."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from application.agent import InviteAgent
from application.handling import AcceptConversation, EndConversation
from application.policies.tell_queue_places import TellQueuePlaces
from application.ports import QueuePlace
from tests.support.house import ADMIN, ANNA, House, agent
from tests.support.memory_desks import MemoryDesks
from tests.support.memory_log import MemoryLog


class Screens:
    """What visitors were told, in order."""

    def __init__(self, log: MemoryLog) -> None:
        self._desks = MemoryDesks(log)
        self.told: list[tuple[UUID, int]] = []
        self.looks = 0

    async def queue(self, tenant_id: int, seq: int) -> Sequence[QueuePlace]:
        self.looks += 1
        self._desks.fold(seq)
        waiting = [one for one in self._desks.tasks.values() if one.waiting_since is not None]
        waiting.sort(key=lambda one: (one.queued_at, one.conversation_id))
        return [
            QueuePlace(one.conversation_id, one.contact_id, place, None)
            for place, one in enumerate(waiting, start=1)
        ]

    async def tell(self, tenant_id: int, place: QueuePlace) -> None:
        self.told.append((place.conversation_id, place.position))


class Scene(House):
    def __init__(self) -> None:
        self.memory = MemoryLog()
        super().__init__(self.memory)
        self.screens = Screens(self.memory)
        self.policy = TellQueuePlaces(self.memory, self.screens)
        self.followed = 0

    async def news(self) -> list[tuple[UUID, int]]:
        for one in self.memory.recorded[self.followed :]:
            if self.policy.concerns(one):
                await self.policy.react(one)
        self.followed = len(self.memory.recorded)
        told, self.screens.told = self.screens.told, []
        return told


async def test_everybody_behind_moves_up_when_one_is_served_or_gives_up() -> None:
    scene = Scene()
    first, second, third = [await scene.chat(with_assistant=False) for _ in range(3)]
    assert await scene.news() == [(first, 1), (second, 2), (third, 3)]
    await scene.do(agent(), AcceptConversation(conversation_id=first))
    assert await scene.news() == [(second, 1), (third, 2)]
    await scene.do(agent(), EndConversation(conversation_id=second))
    assert await scene.news() == [(third, 1)]


async def test_nobody_is_told_what_they_know() -> None:
    scene = Scene()
    chats = [await scene.chat(with_assistant=False) for _ in range(3)]
    await scene.news()
    await scene.say(chats[0], "Hello?")
    await scene.do(agent(), AcceptConversation(conversation_id=chats[2]))
    await scene.do(ADMIN, InviteAgent(agent_id=ANNA, name="A", email="a@example.test"))
    assert await scene.news() == []


async def test_what_the_assistant_has_is_not_in_the_queue() -> None:
    scene = Scene()
    await scene.open()
    await scene.chat()
    assert await scene.news() == []
    assert scene.screens.looks == 0


async def test_one_look_answers_for_a_burst() -> None:
    scene = Scene()
    for _ in range(20):
        await scene.chat(with_assistant=False)
    assert len(await scene.news()) == 20
    assert scene.screens.looks == 1
