"""Seats: who gives an agent a conversation asks first whether they are there and have room.

What is promised: a conversation has one owner, by its stream's version. An agent's load is counted in the read
model by one query, and what this process granted since is added to it, so one process never grants too much.
Several processes may grant one agent too much only between them, and only within the lag of the read model.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from uuid import UUID

import msgspec

from application.automation_run import ApplyAutomation
from application.command import Handler, Handlers
from application.handling import AcceptConversation, AssignConversation, TransferConversation
from application.macro import ApplyMacro
from application.ports import Desks, Known
from application.team import standing_team
from application.work import Work
from domain.agent import Agent
from domain.conversation import Conversation
from domain.macro import Macro
from domain.refusals import AgentUnavailable, AtCapacity
from domain.rule_actions import AssignAgent

FORGOTTEN_AFTER = 60.0
"""Seconds after which a grant that the read model never showed is taken for one that was not stored."""


class Seats:
    """Room at agents' desks, as this process knows it."""

    def __init__(self, desks: Desks) -> None:
        self._desks = desks
        self._granted: dict[tuple[int, UUID], dict[UUID, _Grant]] = {}

    async def take(
        self,
        tenant_id: int,
        agent_id: UUID,
        conversation: Conversation,
        *,
        must_be_there: bool,
        version: int | None = None,
    ) -> None:
        """A seat for this conversation, which its event at `version` (its next one) gives to the agent. One query.

        Raises AtCapacity; with `must_be_there` AgentUnavailable where the agent is not online.
        """
        granted = self._granted.setdefault((tenant_id, agent_id), {})
        mine = granted[conversation.id] = _Grant(version or conversation.version + 1, time.monotonic())
        try:
            await self._refuse_full(tenant_id, agent_id, conversation.id, must_be_there)
        except BaseException:
            if granted.get(conversation.id) is mine:
                del granted[conversation.id]
            raise

    def give_back(self, tenant_id: int, agent_id: UUID, conversation_id: UUID) -> None:
        """Somebody else was faster: what was granted did not come to pass."""
        self._granted.get((tenant_id, agent_id), {}).pop(conversation_id, None)

    async def _refuse_full(
        self, tenant_id: int, agent_id: UUID, conversation_id: UUID, must_be_there: bool
    ) -> None:
        granted = self._granted[tenant_id, agent_id]
        asked = dict(granted)
        seat = await self._desks.seat(tenant_id, agent_id, tuple(asked))
        if must_be_there and not seat.is_there:
            raise AgentUnavailable
        known = {one.conversation_id: one for one in seat.known}
        _forget(granted, known)
        load = seat.load + _earlier(asked, conversation_id, known)
        if load >= seat.capacity:
            raise AtCapacity(capacity=seat.capacity, load=load)


class _Grant(msgspec.Struct, frozen=True):
    """`version`: the conversation's, from which on the read model knows better; `at`: monotonic seconds."""

    version: int
    at: float


def seated(handlers: Handlers, seats: Seats) -> Handlers:
    """The same handlers, of which those that give an agent a conversation ask for a seat first."""
    return {
        **handlers,
        AcceptConversation: _accepting(handlers[AcceptConversation], seats),
        AssignConversation: _assigning(handlers[AssignConversation], seats),
        TransferConversation: _transferring(handlers[TransferConversation], seats),
        ApplyAutomation: _ruling(handlers[ApplyAutomation], seats),
        ApplyMacro: _ruling(handlers[ApplyMacro], seats),
    }


def _accepting(handle: Handler, seats: Seats) -> Handler:
    """Only what nobody has takes a seat: the rest is quiet, refused as taken, or counted already."""

    async def accept(work: Work, command: AcceptConversation) -> None:
        conversation = await work.get(Conversation, command.conversation_id)
        handling = conversation.handling
        if handling.assignee_id is None and handling.status == "open":
            await seats.take(work.actor.tenant_id, work.actor.by.id, conversation, must_be_there=False)
        elif handling.assignee_id != work.actor.by.id:
            seats.give_back(work.actor.tenant_id, work.actor.by.id, conversation.id)
        await handle(work, command)

    return accept


def _assigning(handle: Handler, seats: Seats) -> Handler:
    """Routing decided on what it read; this is what keeps an old reading harmless."""

    async def assign(work: Work, command: AssignConversation) -> None:
        conversation = await work.get(Conversation, command.conversation_id)
        handling = conversation.handling
        if handling.handled_by == "queue" and handling.status == "open":
            await seats.take(work.actor.tenant_id, command.agent_id, conversation, must_be_there=True)
        elif handling.assignee_id != command.agent_id:
            seats.give_back(work.actor.tenant_id, command.agent_id, conversation.id)
        await handle(work, command)

    return assign


def _transferring(handle: Handler, seats: Seats) -> Handler:
    """`force` goes to somebody who is away or full, never to somebody or a team that is not there at all."""

    async def transfer(work: Work, command: TransferConversation) -> None:
        conversation = await work.get(Conversation, command.conversation_id)
        if command.team_id is not None:
            await standing_team(work, command.team_id)
        agent_id = command.agent_id
        if agent_id is not None and _is_news(conversation, agent_id) and not command.force:
            await work.look_up(Agent, agent_id)  # a stranger's agent is not found, rather than away
            await seats.take(work.actor.tenant_id, agent_id, conversation, must_be_there=True)
        await handle(work, command)

    return transfer


def _ruling(handle: Handler, seats: Seats) -> Handler:
    """What a rule assigns: only its actions know to whom: a seat is asked for after them, before the append."""

    async def rule(work: Work, command: ApplyAutomation | ApplyMacro) -> None:
        conversation = await work.get(Conversation, command.conversation_id)
        had, version = conversation.handling.assignee_id, conversation.version + 1
        await handle(work, command)
        agent_id = conversation.handling.assignee_id
        if agent_id in (None, had) or conversation.is_ended or not await _assigns(work, command):
            return
        by_themselves = agent_id == work.actor.by.id
        await seats.take(
            work.actor.tenant_id, agent_id, conversation, must_be_there=not by_themselves, version=version
        )

    return rule


async def _assigns(work: Work, command: ApplyAutomation | ApplyMacro) -> bool:
    """Who merely writes to a conversation that nobody has is not asked for a seat, here as elsewhere."""
    if isinstance(command, ApplyAutomation):
        actions = command.rules.actions
    else:
        actions = (await work.get(Macro, command.macro_id)).content.actions
    return any(isinstance(one, AssignAgent) for one in actions)


def _is_news(conversation: Conversation, agent_id: UUID) -> bool:
    return not conversation.is_ended and agent_id != conversation.handling.assignee_id


def _forget(granted: dict[UUID, _Grant], known: Mapping[UUID, Known]) -> None:
    """Grants that the read model shows by now, or that came to nothing."""
    oldest = time.monotonic() - FORGOTTEN_AFTER
    for id, grant in tuple(granted.items()):
        if _is_shown(id, grant, known) or grant.at < oldest:
            del granted[id]


def _earlier(asked: Mapping[UUID, _Grant], conversation_id: UUID, known: Mapping[UUID, Known]) -> int:
    """Seats taken by grants before this one. Of two that ask for the last seat the first gets it, not neither."""
    count = 0
    is_before = True
    for id, grant in asked.items():
        is_before = is_before and id != conversation_id
        if id == conversation_id:
            continue
        count += known[id].is_theirs if _is_shown(id, grant, known) else is_before
    return count


def _is_shown(id: UUID, grant: _Grant, known: Mapping[UUID, Known]) -> bool:
    return id in known and known[id].version >= grant.version
