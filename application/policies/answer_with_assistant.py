"""Whenever a visitor writes to a conversation that the assistant has, the assistant answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from application.actor import Actor
from application.actor import assistant as assistant_actor
from application.bus import CommandBus, Request
from application.conversation import ReplyAsAssistant
from application.handling import HandOverConversation
from application.log import EventLog, Recorded
from application.ports import Answer, AnswerModel, Question, Turn
from application.work import fold
from domain.assistant import Assistant, Persona
from domain.conversation import AssistantReplied, Conversation, MessagePosted, ReplyDiscarded
from domain.handling import HandedOver
from domain.kernel import Event
from domain.personal import readable
from domain.refusals import IdempotencyMismatch

TRIES = 3
"""How often the assistant is asked about one message before a human gets it: a note discards a reply."""


class AnswerWithAssistant:
    """One reply, or one hand-over, per message of a visitor; the last of several is answered for all."""

    name = "answer_with_assistant"

    def __init__(self, log: EventLog, bus: CommandBus, model: AnswerModel) -> None:
        self._log = log
        self._bus = bus
        self._model = model

    def concerns(self, recorded: Recorded) -> bool:
        return isinstance(recorded.event, MessagePosted) and recorded.event.by.kind == "visitor"

    async def react(self, recorded: Recorded) -> None:
        """Ask and reply until a reply stands or somebody else has the conversation."""
        for _ in range(TRIES):
            task = await self._task(recorded)
            if task is None:
                return
            await self._reply(task, await self._model.answer(task.question))
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
        turns = tuple(_turns(stream.events))
        if _is_settled(mine) or not _waits(conversation, later) or not turns:
            return None
        persona = await self._persona(recorded.tenant_id, conversation)
        question = Question(recorded.tenant_id, persona, turns)
        discarded = sum(isinstance(event, ReplyDiscarded) for event in mine)
        actor = assistant_actor(recorded.tenant_id, conversation.assistant_id)
        return _Task(actor, conversation, question, recorded.position, discarded)

    async def _persona(self, tenant_id: int, conversation: Conversation) -> Persona:
        found = fold(await self._log.load(tenant_id, conversation.assistant_id or conversation.id))
        return found.persona if isinstance(found, Assistant) else Assistant.persona

    async def _reply(self, task: _Task, answer: Answer) -> None:
        command = ReplyAsAssistant(
            conversation_id=task.conversation.id,
            text=answer.text,
            asked_version=task.conversation.version,
            model=answer.model,
            tokens=answer.tokens,
            citations=answer.citations,
            hand_over=answer.hand_over,
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


class _Task(msgspec.Struct, frozen=True):
    """One question to the assistant. `discarded`: how many replies to this message came too late already."""

    actor: Actor
    conversation: Conversation
    question: Question
    position: int
    discarded: int


def _is_settled(mine: Sequence[Event]) -> bool:
    return any(isinstance(event, AssistantReplied | HandedOver) for event in mine)


def _waits(conversation: Conversation, later: Sequence[Event]) -> bool:
    """The assistant still has it, and this is the visitor's last word."""
    if conversation.handling.handled_by != "bot" or conversation.is_ended:
        return False
    return not any(isinstance(event, MessagePosted) and event.by.kind == "visitor" for event in later)


def _turns(events: Sequence[Event]) -> Iterator[Turn]:
    """The public messages that can still be read, oldest first."""
    for event in events:
        if isinstance(event, AssistantReplied):
            speaker = "assistant"
        elif isinstance(event, MessagePosted):
            speaker = "visitor" if event.by.kind == "visitor" else "agent"
        else:
            continue
        text = readable(event.text)
        if text is not None:
            yield Turn(speaker, text)
