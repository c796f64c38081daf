"""Reply: what becomes of a visitor's message while their request waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import UUID

import msgspec

from application.actor import assistant
from application.conversation import ReplyAsAssistant
from application.log import Recorded
from domain.assistant import Assistant
from domain.conversation import AssistantReplied, Conversation, ReplyDiscarded
from domain.handling import Accepted, Ended, HandedOver, HandledBy
from domain.kernel import Aggregate
from domain.personal import readable
from interfaces.http.parts import HttpParts
from interfaces.http.told import folded, placed

SETTLING = (AssistantReplied, HandedOver, Accepted, Ended)
TIMEOUT_REASON = "assistant_timeout"


class Outcome(msgspec.Struct, frozen=True):
    """`text` None: a human has the conversation. `reply` None: what is said is not (or no more) a message."""

    handled_by: HandledBy
    seq: int
    text: str | None = None
    reply: AssistantReplied | None = None


async def outcome_of(parts: HttpParts, tenant_id: int, conversation_id: UUID, version: int) -> Outcome:
    """What followed the message at `version`: at once where it is settled or a human's, else within the timeout.

    A reply that was discarded because the conversation moved on does not settle it: another one follows.
    """
    deadline = asyncio.get_running_loop().time() + parts.reply_timeout
    history = await parts.reader.stream(tenant_id, conversation_id)
    while True:
        outcome = settled(history, version)
        if outcome is not None:
            return outcome
        left = deadline - asyncio.get_running_loop().time()
        if left <= 0:
            return await _give_up(parts, tenant_id, history)
        seen = history[-1].version
        await parts.replies.wait(tenant_id, conversation_id, seen, left)
        history += await parts.reader.stream(tenant_id, conversation_id, seen)


def settled(history: Sequence[Recorded], version: int) -> Outcome | None:
    """The first thing after `version` that settles it, whenever it is asked; None while the bot has it."""
    for index, one in enumerate(history):
        if one.version > version and isinstance(one.event, SETTLING):
            return _outcome(one, history[index + 1 : index + 2])
    conversation = folded([one.event for one in history])
    if conversation.handling.handled_by == "bot" and not conversation.is_ended:
        return None
    return Outcome(conversation.handling.handled_by, history[-1].seq)


def _outcome(one: Recorded, following: Sequence[Recorded]) -> Outcome:
    if not isinstance(one.event, AssistantReplied):
        assert isinstance(one.event, HandedOver | Accepted | Ended)
        return Outcome(one.event.after.handled_by, one.seq)
    text = readable(one.event.text)
    for last in following:
        if isinstance(last.event, HandedOver) and last.meta.command_id == one.meta.command_id:
            return Outcome("queue", last.seq, text, one.event)
    return Outcome("bot", one.seq, text, one.event)


async def _give_up(parts: HttpParts, tenant_id: int, history: Sequence[Recorded]) -> Outcome:
    """The assistant's fallback words, stored as its reply, and the conversation is handed to a human."""
    conversation = folded([one.event for one in history])
    assert conversation.assistant_id is not None
    text = await _fallback(parts, tenant_id, conversation.assistant_id)
    command = ReplyAsAssistant(
        conversation_id=conversation.id,
        text=text,
        asked_version=conversation.version,
        hand_over=TIMEOUT_REASON,
    )
    receipt = await parts.bus.execute(assistant(tenant_id, conversation.assistant_id), command)
    reply = next((one.event for one in placed(receipt) if isinstance(one.event, AssistantReplied)), None)
    if reply is None and any(isinstance(event, ReplyDiscarded) for event in receipt.events):
        return await _overtaken(parts, tenant_id, conversation, text, receipt.seq)
    return Outcome("queue", receipt.seq, text, reply)


async def _overtaken(parts: HttpParts, tenant_id: int, conversation: Conversation, text: str, seq: int) -> Outcome:
    """Something happened in the very moment of giving up: it is the answer, if it is one."""
    later = await parts.reader.stream(tenant_id, conversation.id, conversation.version)
    for index, one in enumerate(later):
        if isinstance(one.event, AssistantReplied | Accepted | Ended):
            return _outcome(one, later[index + 1 : index + 2])
    return Outcome("queue", seq, text)


async def _fallback(parts: HttpParts, tenant_id: int, assistant_id: UUID) -> str:
    aggregate: Aggregate | None = None
    for one in await parts.reader.stream(tenant_id, assistant_id):
        aggregate = one.event.mutate(aggregate)
    return (aggregate.persona if isinstance(aggregate, Assistant) else Assistant.persona).fallback
