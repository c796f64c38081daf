"""Commands about who takes part in a conversation."""

from __future__ import annotations

from uuid import UUID

from application.command import Handlers
from application.conversation import AboutConversation
from application.mention import reader
from application.work import Work
from domain.agent import Agent
from domain.conversation import Conversation


class AddParticipant(AboutConversation, frozen=True, kw_only=True):
    """The acting agent joins, or brings a colleague in."""

    agent_id: UUID


class RemoveParticipant(AboutConversation, frozen=True, kw_only=True):
    """Also somebody who is not active any more."""

    agent_id: UUID


async def add_participant(work: Work, command: AddParticipant) -> None:
    conversation = await work.get(Conversation, command.conversation_id)
    await reader(work, command.agent_id)
    conversation.join(work.stamp, command.agent_id)


async def remove_participant(work: Work, command: RemoveParticipant) -> None:
    conversation = await work.get(Conversation, command.conversation_id)
    await work.look_up(Agent, command.agent_id)
    conversation.leave(work.stamp, command.agent_id)


HANDLERS: Handlers = {AddParticipant: add_participant, RemoveParticipant: remove_participant}
