"""Whenever a visitor writes to a conversation that the assistant has, the assistant answers."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from application.actor import Actor
from application.actor import assistant as assistant_actor
from application.bus import CommandBus, Request
from application.conversation import ReplyAsAssistant
from application.handling import HandOverConversation
from application.log import EventLog, Recorded
from application.ports import Answer, AnswerModel, LiveWords, Question
from application.turns_said import turns_said
from application.work import fold
from domain.assistant import Assistant
from domain.conversation import AssistantReplied, Conversation, MessagePosted, ReplyDiscarded
from domain.handling import HandedOver, Reopened
from domain.kernel import Event
from domain.refusals import IdempotencyMismatch

TRIES = 3
"""How often the assistant is asked about one message before a human gets it: a note discards a reply."""


class AnswerWithAssistant:
    """One reply, or one hand-over, per message of a visitor; the last of several is answered for all."""

    name = "answer_with_assistant"

    def __init__(self, log: EventLog, bus: CommandBus, model: AnswerModel, live: LiveWords | None = None) -> None:
        """`live`: where words are shown while they are being made, if anywhere."""
        self._log = log
        self._bus = bus
        self._model = model
        self._live = live

    def concerns(self, recorded: Recorded) -> bool:
        return isinstance(recorded.event, MessagePosted) and recorded.event.by.kind == "visitor"

    async def react(self, recorded: Recorded) -> None:
        """Ask and reply until a reply stands or somebody else has the conversation."""
        for _ in range(TRIES):
            task = await self._task(recorded)
            if task is None:
                return
            await self._reply(task, await self._answer(task))
        task = await self._task(recorded)
        if task is not None:
            await self._hand_over(task)

    async def _task(self, recorded: Recorded) -> _Task | None:
        """What there is to answer now; None where this message needs nothing (any more)."""
        stream = await self._log.load(recorded.tenant_id, recorded.stream_id)
        conversation = fold(stream)
        if not isinstance(conversation, Conversation) or conversation.assistant_id is None:
            return None
        later = stream.events[recorded.version :]
        mine = [event for event in later if self._caused(event, recorded)]
        turns = turns_said(stream.events)
        if _is_settled(mine) or not _waits(conversation, later) or not turns:
            return None
        assistant = await self._assistant(recorded.tenant_id, conversation)
        question = Question(recorded.tenant_id, assistant.persona, turns, persona_version=assistant.version)
        return _Task(
            actor=assistant_actor(recorded.tenant_id, conversation.assistant_id),
            conversation=conversation,
            question=question,
            position=recorded.position,
            discarded=sum(isinstance(event, ReplyDiscarded) for event in mine),
            refusal=_refusal(assistant, recorded, stream.events),
        )

    async def _assistant(self, tenant_id: int, conversation: Conversation) -> Assistant:
        assistant_id = conversation.assistant_id or conversation.id
        found = fold(await self._log.load(tenant_id, assistant_id))
        return found if isinstance(found, Assistant) else Assistant(assistant_id)

    async def _answer(self, task: _Task) -> Answer:
        question = task.question
        if task.refusal is not None:
            return Answer(question.persona.fallback, hand_over=task.refusal)
        if self._live is None:
            return await self._model.answer(question)
        chat = task.conversation
        async with self._live.to(question.tenant_id, chat.id, chat.contact_id, question.persona) as hear:
            return await self._model.answer(question, hear)

    async def _reply(self, task: _Task, answer: Answer) -> None:
        command = ReplyAsAssistant(
            conversation_id=task.conversation.id,
            text=answer.text,
            asked_version=task.conversation.version,
            model=answer.model,
            tokens=answer.tokens,
            citations=answer.citations,
            hand_over=answer.hand_over,
            notes=answer.notes,
            qualifies=None if answer.lead is None else answer.lead.why,
            score=None if answer.lead is None else answer.lead.score,
            trace=answer.trace,
            arguments=answer.arguments,
        )
        try:
            await self._bus.execute(task.actor, command, self._request(task, f"{task.discarded}"))
        except IdempotencyMismatch:
            return  # an earlier run of this reaction stored its reply, in other words: the next look finds it

    async def _hand_over(self, task: _Task) -> None:
        command = HandOverConversation(conversation_id=task.conversation.id, reason="assistant_failed")
        await self._bus.execute(task.actor, command, self._request(task, "hand_over"))

    def _request(self, task: _Task, step: str) -> Request:
        return Request(f"{self.name}:{task.position}:{step}", policy=self.name, position=task.position)

    def _caused(self, event: Event, recorded: Recorded) -> bool:
        return event.cause.policy == self.name and event.cause.position == recorded.position


class _Task(msgspec.Struct, frozen=True, kw_only=True):
    """One question to the assistant. `discarded`: how many replies to this message came too late already.

    `refusal`: why the assistant does not answer it but leaves it to a human, None where it does.
    """

    actor: Actor
    conversation: Conversation
    question: Question
    position: int
    discarded: int
    refusal: str | None


def _is_settled(mine: Sequence[Event]) -> bool:
    return any(isinstance(event, AssistantReplied | HandedOver) for event in mine)


def _waits(conversation: Conversation, later: Sequence[Event]) -> bool:
    """The assistant still has it, and this is the visitor's last word."""
    if conversation.handling.handled_by != "bot" or conversation.is_ended:
        return False
    return not any(isinstance(event, MessagePosted) and event.by.kind == "visitor" for event in later)


def _refusal(assistant: Assistant, recorded: Recorded, events: Sequence[Event]) -> str | None:
    """By the assistant's own rules, as they are now."""
    persona = assistant.persona
    if assistant.is_archived:
        return "assistant_archived"
    if not persona.is_on_duty(recorded.at):
        return "off_duty"
    if persona.max_turns is not None and _turns_taken(events) >= persona.max_turns:
        return "max_turns"
    return None


def _turns_taken(events: Sequence[Event]) -> int:
    """The assistant's replies since the conversation was last given to it."""
    taken = 0
    for event in reversed(events):
        if isinstance(event, Reopened):
            return taken
        taken += isinstance(event, AssistantReplied)
    return taken
