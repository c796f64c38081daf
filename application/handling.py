"""Commands that move a conversation: whose it is, and whether it is in sight."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from application.command import Handlers
from application.conversation import AboutConversation, theirs
from application.widget_rules import HumanIsOff, settings_of
from application.work import Work
from domain.agent import Agent
from domain.conversation import Conversation
from domain.handling import AwakenReason, ReturnReason
from domain.refusals import NotFound


class HandOverConversation(AboutConversation, frozen=True, kw_only=True):
    reason: str


class AcceptConversation(AboutConversation, frozen=True, kw_only=True):
    """The acting agent takes it: one winner."""


class AssignConversation(AboutConversation, frozen=True, kw_only=True):
    """Routing's choice, by the strategy named `rule`; nothing to do once it no longer waits."""

    agent_id: UUID
    rule: str


class TransferConversation(AboutConversation, frozen=True, kw_only=True):
    """To an agent or to a team. `force`: also to an agent who is away; `note` goes along, for agents only."""

    agent_id: UUID | None = None
    team_id: UUID | None = None
    note: str | None = None
    force: bool = False
    accept_seconds: int = 60


class ReturnConversation(AboutConversation, frozen=True, kw_only=True):
    """Back to the queue."""

    reason: ReturnReason = "agent_returned"


class SnoozeConversation(AboutConversation, frozen=True, kw_only=True):
    """Until a time, or without one until the next reply."""

    until: datetime | None = None


class AwakenConversation(AboutConversation, frozen=True, kw_only=True):
    reason: AwakenReason = "agent"


class EndConversation(AboutConversation, frozen=True, kw_only=True):
    reason: str | None = None


class ReopenConversation(AboutConversation, frozen=True, kw_only=True):
    """By an agent; a visitor's message reopens by itself."""


async def hand_over_conversation(work: Work, command: HandOverConversation) -> None:
    conversation = await theirs(work, command.conversation_id)
    if work.actor.role == "visitor" and not (await settings_of(work, conversation.widget_id)).features.human:
        raise HumanIsOff
    conversation.hand_over(work.stamp, command.reason)


async def accept_conversation(work: Work, command: AcceptConversation) -> None:
    conversation = await work.get(Conversation, command.conversation_id)
    conversation.accept(work.stamp, work.actor.by.id)


async def assign_conversation(work: Work, command: AssignConversation) -> None:
    conversation = await work.get(Conversation, command.conversation_id)
    await _active_agent(work, command.agent_id)
    conversation.assign(work.stamp, command.agent_id, command.rule)


async def transfer_conversation(work: Work, command: TransferConversation) -> None:
    conversation = await work.get(Conversation, command.conversation_id)
    if command.agent_id is not None:
        await _active_agent(work, command.agent_id)
    note_id = None
    if command.note is not None:
        note_id = work.new_id()
        conversation.add_note(work.stamp, note_id, command.note)
    conversation.transfer(
        work.stamp,
        agent_id=command.agent_id,
        team_id=command.team_id,
        note_id=note_id,
        accept_seconds=command.accept_seconds,
    )


async def return_conversation(work: Work, command: ReturnConversation) -> None:
    conversation = await work.get(Conversation, command.conversation_id)
    conversation.return_to_queue(work.stamp, command.reason)


async def snooze_conversation(work: Work, command: SnoozeConversation) -> None:
    conversation = await work.get(Conversation, command.conversation_id)
    conversation.snooze(work.stamp, command.until)


async def awaken_conversation(work: Work, command: AwakenConversation) -> None:
    conversation = await work.get(Conversation, command.conversation_id)
    conversation.awaken(work.stamp, command.reason)


async def end_conversation(work: Work, command: EndConversation) -> None:
    conversation = await theirs(work, command.conversation_id)
    conversation.end(work.stamp, command.reason)


async def reopen_conversation(work: Work, command: ReopenConversation) -> None:
    conversation = await work.get(Conversation, command.conversation_id)
    conversation.reopen(work.stamp)


async def _active_agent(work: Work, agent_id: UUID) -> Agent:
    agent = await work.look_up(Agent, agent_id)
    if not agent.is_active:
        raise NotFound
    return agent


HANDLERS: Handlers = {
    HandOverConversation: hand_over_conversation,
    AcceptConversation: accept_conversation,
    AssignConversation: assign_conversation,
    TransferConversation: transfer_conversation,
    ReturnConversation: return_conversation,
    SnoozeConversation: snooze_conversation,
    AwakenConversation: awaken_conversation,
    EndConversation: end_conversation,
    ReopenConversation: reopen_conversation,
}
