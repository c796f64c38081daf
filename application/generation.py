"""Keeping what an assistant wrote for an agent: a suggestion or a summary, which is never posted by itself."""

from __future__ import annotations

from uuid import UUID

from application.command import Command, Handlers
from application.work import Work
from domain.conversation import Conversation
from domain.generation import Generation, Occasion, Outcome, Purpose, Trace


class RecordGeneration(Command, frozen=True, kw_only=True):
    """`text` None: there are no words, the model failed."""

    generation_id: UUID
    conversation_id: UUID
    purpose: Purpose
    trace: Trace
    text: str | None = None
    arguments: str | None = None

    @property
    def turn(self) -> UUID:
        return self.generation_id


async def record_generation(work: Work, command: RecordGeneration) -> None:
    conversation = await work.look_up(Conversation, command.conversation_id)
    generation = await work.load(Generation, command.generation_id)
    outcome: Outcome = "failed" if command.text is None else "suggested"
    occasion = occasion_in(conversation, work.actor.tenant_id, command.purpose)
    text, arguments = command.text, command.arguments
    generation.keep(work.stamp, occasion, outcome, command.trace, text=text, arguments=arguments)


def occasion_in(conversation: Conversation, tenant_id: int, purpose: Purpose) -> Occasion:
    """As the conversation stands now."""
    facts = conversation.contact_id, conversation.id, conversation.assistant_id
    return Occasion(tenant_id, *facts, purpose)


HANDLERS: Handlers = {RecordGeneration: record_generation}
