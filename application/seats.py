"""Seats: who gives an agent a conversation asks first whether they are there and have room.

What is promised: a conversation has one owner, by its stream's version, and nobody is given more than they have
room for, by however many processes: an agent's open conversations are counted in PostgreSQL, in the append's own
transaction (`seats.taken`; infrastructure/migrations/*_seats.sql). Who is visibly full is refused before that, by
the same rows. An agent's own number holds from its event on; a team's is as old as the read model that has it.

Counted and never refused is what comes back to its owner (a reply that wakes it, a reopening, an undo), `force`,
and an agent's own message to a conversation that nobody has. Until they are below their number again they are
given nothing more.
"""

from __future__ import annotations

from uuid import UUID

from application.automation_run import ApplyAutomation
from application.command import Handler, Handlers
from application.handling import AcceptConversation, AssignConversation, TransferConversation
from application.macro import ApplyMacro
from application.ports import Desks
from application.team import standing_team
from application.work import Work
from domain.agent import Agent
from domain.conversation import Conversation
from domain.macro import Macro
from domain.refusals import AgentUnavailable, AtCapacity
from domain.rule_actions import AssignAgent


class Seats:
    """Room at agents' desks. It remembers nothing: the database does."""

    def __init__(self, desks: Desks) -> None:
        self._desks = desks

    async def ask(self, work: Work, agent_id: UUID, conversation_id: UUID, *, must_be_there: bool) -> None:
        """The command's append gives this agent the conversation only where a seat is free then. One query.

        Raises AtCapacity where none is free now; with `must_be_there` AgentUnavailable if the agent is not online.
        """
        seat = await self._desks.seat(work.actor.tenant_id, agent_id)
        if must_be_there and not seat.is_there:
            raise AgentUnavailable
        if seat.load >= seat.capacity:
            raise AtCapacity(capacity=seat.capacity, load=seat.load)
        work.ask_for_seat(conversation_id, seat.team_room)


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
    """Only what nobody has takes a seat, asleep or not: the rest is quiet, refused as taken, or counted."""

    async def accept(work: Work, command: AcceptConversation) -> None:
        conversation = await work.get(Conversation, command.conversation_id)
        if conversation.handling.assignee_id is None and not conversation.is_ended:
            await seats.ask(work, work.actor.by.id, conversation.id, must_be_there=False)
        await handle(work, command)

    return accept


def _assigning(handle: Handler, seats: Seats) -> Handler:
    """Routing decided on what it read; this is what keeps an old reading harmless."""

    async def assign(work: Work, command: AssignConversation) -> None:
        conversation = await work.get(Conversation, command.conversation_id)
        handling = conversation.handling
        if handling.handled_by == "queue" and handling.status == "open":
            await seats.ask(work, command.agent_id, conversation.id, must_be_there=True)
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
            await seats.ask(work, agent_id, conversation.id, must_be_there=True)
        await handle(work, command)

    return transfer


def _ruling(handle: Handler, seats: Seats) -> Handler:
    """What a rule assigns: only its actions know to whom: a seat is asked for after them, before the append."""

    async def rule(work: Work, command: ApplyAutomation | ApplyMacro) -> None:
        conversation = await work.get(Conversation, command.conversation_id)
        had = conversation.handling.assignee_id
        await handle(work, command)
        agent_id = conversation.handling.assignee_id
        if agent_id is None or agent_id == had or conversation.is_ended or not await _assigns(work, command):
            return
        by_themselves = agent_id == work.actor.by.id
        await seats.ask(work, agent_id, conversation.id, must_be_there=not by_themselves)

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
