"""Where the assistant stands in a conversation, in the words that Intercom's Fin made common."""

from __future__ import annotations

from typing import Literal

from projections.thread import Thread

AiState = Literal["thinking", "awaiting_user_reply", "escalated", "resolved", "complete"]
"""thinking             it owes the visitor an answer
awaiting_user_reply  it has answered, or nobody has asked yet
escalated            humans have the conversation now
resolved             it ended in the assistant's hands
complete             it ended in human hands

Fin's `replying` is no state here: it is what the frames `assistant:delta` are."""


def ai_state(thread: Thread) -> AiState | None:
    """None where the conversation has no assistant."""
    if thread.assistant_id is None:
        return None
    if thread.handled_by != "bot":
        return "complete" if thread.status == "resolved" else "escalated"
    if thread.status == "resolved":
        return "resolved"
    return "thinking" if thread.last_by == "visitor" else "awaiting_user_reply"
