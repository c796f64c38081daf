"""Dialogues: recorded two-party talks become conversations, turn by turn, each turn once."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from typing import Literal
from uuid import UUID, uuid5

import msgspec

from application.actor import Actor, system, visitor
from application.agent import InviteAgent
from application.bus import CommandBus, Request
from application.conversation import PostMessage, StartConversation
from application.handling import EndConversation
from domain.conversation import ConversationStarted
from domain.ids import natural_key
from domain.kernel import By

AT_ONCE = 128
"""Dialogues played at the same time; the turns of one follow each other."""

_DIALOGUES = UUID("d2a5c7de-0c4b-5a64-9d0a-7c8f6f7a5b11")


class Dialogue(msgspec.Struct, frozen=True):
    """One line of the file; further fields are not read."""

    id: str
    turns: tuple[tuple[Literal["visitor", "agent"], str], ...]


class Imported(msgspec.Struct, frozen=True):
    """`replayed` turns had been imported before."""

    conversations: int
    turns: int
    replayed: int


async def play_dialogues(
    bus: CommandBus, tenant_id: int, dialogues: Sequence[Dialogue], advance: Callable[[int], None]
) -> Imported:
    """Every turn is one command whose key is the dialogue's id and the turn's number. Raises a Refusal."""
    agent = await _importing_agent(bus, tenant_id)
    gate = asyncio.Semaphore(AT_ONCE)

    async def play(dialogue: Dialogue) -> int:
        async with gate:
            replayed = await _play(bus, agent, dialogue)
            advance(len(dialogue.turns))
            return replayed

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(play(one)) for one in dialogues]
    turns = sum(len(one.turns) for one in dialogues)
    return Imported(len(dialogues), turns, sum(task.result() for task in tasks))


async def _play(bus: CommandBus, agent: Actor, dialogue: Dialogue) -> int:
    """How many of the turns were there already."""
    contact = visitor(agent.tenant_id, uuid5(_DIALOGUES, f"{agent.tenant_id}/{dialogue.id}"))
    start = StartConversation(contact_id=contact.by.id, session_id=f"dialogue-{dialogue.id}")
    receipt = await bus.execute(contact, start, _request(dialogue, "start"))
    started = next(event for event in receipt.events if isinstance(event, ConversationStarted))
    end = EndConversation(conversation_id=started.originator_id, reason="imported")
    ending = _request(dialogue, f"end/{_digest(dialogue)}")
    if receipt.replayed and await bus.recall(agent, end, ending):
        return len(dialogue.turns)
    replayed = 0
    for number, (speaker, text) in enumerate(dialogue.turns):
        command = PostMessage(conversation_id=started.originator_id, text=text)
        speaking = contact if speaker == "visitor" else agent
        receipt = await bus.execute(speaking, command, _request(dialogue, str(number)))
        replayed += receipt.replayed
    await bus.execute(agent, end, ending)
    return replayed


def _digest(dialogue: Dialogue) -> str:
    """Whose end is known was imported whole, and reads as it did: no turn needs to be looked at again."""
    return hashlib.sha256(msgspec.json.encode(dialogue)).hexdigest()


async def _importing_agent(bus: CommandBus, tenant_id: int) -> Actor:
    """Who the agents' turns are by: one agent of the tenant who can never log in."""
    agent_id = natural_key(tenant_id, "agent", "import")
    command = InviteAgent(agent_id=agent_id, name="Imported", email="import@dialogues.example", role="agent")
    await bus.execute(system(tenant_id), command)
    return Actor(tenant_id, By("agent", agent_id), "agent")


def _request(dialogue: Dialogue, step: str) -> Request:
    return Request(key=f"dialogue/{dialogue.id}/{step}", id=f"import-{dialogue.id}")
