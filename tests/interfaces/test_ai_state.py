"""Where the assistant stands, from the first word to the last."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest

from domain.conversation import Conversation, ConversationStarted
from interfaces.ai_state import AiState, ai_state
from projections.thread import begun, evolve
from tests.support.stamps import stamp

VISITOR, ASSISTANT, ANNA = stamp("visitor", 2), stamp("assistant", 3), stamp("agent", 4)

Step = Callable[[Conversation], None]


def asks(conversation: Conversation) -> None:
    conversation.post(VISITOR, UUID(int=10), "Where is it?")


def replies(conversation: Conversation) -> None:
    conversation.reply(ASSISTANT, UUID(int=11), "On its way.", conversation.version)


def notes(conversation: Conversation) -> None:
    conversation.add_note(ANNA, UUID(int=12), "They wait.")


def hands_over(conversation: Conversation) -> None:
    conversation.hand_over(ASSISTANT, "asked for")


def accepts(conversation: Conversation) -> None:
    conversation.accept(ANNA, ANNA.by.id)


def ends(conversation: Conversation) -> None:
    conversation.end(VISITOR)


def state(steps: tuple[Step, ...], assistant_id: UUID | None = ASSISTANT.by.id) -> AiState | None:
    conversation = Conversation(UUID(int=1))
    conversation.start(VISITOR, tenant_id=7, contact_id=VISITOR.by.id, assistant_id=assistant_id)
    for step in steps:
        step(conversation)
    first, *others = conversation.collect_events()
    assert isinstance(first, ConversationStarted)
    thread = begun(first, 1)
    for event in others:
        evolve(thread, event, event.originator_version)
    return ai_state(thread)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ((), "awaiting_user_reply"),
        ((asks,), "thinking"),
        ((asks, notes), "thinking"),
        ((asks, replies), "awaiting_user_reply"),
        ((asks, replies, asks), "thinking"),
        ((asks, hands_over), "escalated"),
        ((asks, accepts), "escalated"),
        ((asks, replies, ends), "resolved"),
        ((asks, hands_over, accepts, ends), "complete"),
    ],
)
def test_it_follows_who_spoke_last_and_who_has_it(steps: tuple[Step, ...], expected: AiState) -> None:
    assert state(steps) == expected


def test_a_conversation_without_an_assistant_has_no_such_state() -> None:
    assert state((asks,), assistant_id=None) is None
