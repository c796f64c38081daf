"""Copilot: what an assistant writes for an agent, to be read or sent by them, never by itself."""

from __future__ import annotations

from uuid import UUID

from msgspec.structs import replace

from application.actor import Actor
from application.bus import CommandBus, Receipt, Request
from application.generation import RecordGeneration
from application.log import EventLog
from application.ports import AnswerModel, Question
from application.turns_said import turns_said
from application.work import fold
from domain.answer_text import safe_words
from domain.assistant import Assistant
from domain.conversation import Conversation
from domain.generation import GenerationRecorded, Purpose
from domain.refusals import Conflict, NotFound, Unavailable


class NothingSaid(Conflict):
    code = "nothing_said"
    sentence = "The visitor has not written anything yet."


class AssistantUnavailable(Unavailable):
    code = "assistant_unavailable"
    sentence = "The assistant cannot write anything right now."
    retry_after = 30


class Copilot:
    """The conversation's own assistant where it has one, with its persona; else the house's plain one."""

    def __init__(self, log: EventLog, bus: CommandBus, model: AnswerModel) -> None:
        self._log = log
        self._bus = bus
        self._model = model

    async def write(
        self, actor: Actor, conversation_id: UUID, generation_id: UUID, purpose: Purpose, request: Request
    ) -> tuple[GenerationRecorded, Receipt]:
        """Nothing is posted, but kept is how it came about; the same `generation_id` again: what was written.

        Raises NotFound, NothingSaid, AssistantUnavailable.
        """
        known = await self._known(actor, generation_id)
        if known is not None:
            return known, Receipt(await self._log.head(actor.tenant_id), (known,), replayed=True)
        question = await self._question(actor.tenant_id, conversation_id, purpose)
        answer = await self._model.answer(question)
        failed = answer.trace.fault is not None
        command = RecordGeneration(
            generation_id=generation_id,
            conversation_id=conversation_id,
            purpose=purpose,
            trace=answer.trace,
            text=None if failed else safe_words(answer.text, question.persona.link_hosts),
            arguments=answer.arguments,
        )
        receipt = await self._bus.execute(actor, command, Request(id=request.id))
        if failed:
            raise AssistantUnavailable
        written = await self._known(actor, generation_id)
        if written is None:
            raise NotFound
        return written, receipt

    async def _known(self, actor: Actor, generation_id: UUID) -> GenerationRecorded | None:
        stream = await self._log.load(actor.tenant_id, generation_id)
        return next((one for one in stream.events if isinstance(one, GenerationRecorded)), None)

    async def _question(self, tenant_id: int, conversation_id: UUID, purpose: Purpose) -> Question:
        stream = await self._log.load(tenant_id, conversation_id)
        conversation = fold(stream)
        if not isinstance(conversation, Conversation):
            raise NotFound
        turns = turns_said(stream.events)
        if not any(turn.speaker == "visitor" for turn in turns):
            raise NothingSaid
        assistant = Assistant(conversation_id)
        if conversation.assistant_id is not None:
            found = fold(await self._log.load(tenant_id, conversation.assistant_id))
            assistant = found if isinstance(found, Assistant) else assistant
        persona = assistant.persona if assistant.exists else replace(assistant.persona, name="Assistant")
        return Question(tenant_id, persona, turns, purpose, assistant.version)
