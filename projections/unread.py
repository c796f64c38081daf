"""Unread: how many messages of the other side each side has not read, as the events tell it."""

from __future__ import annotations

from domain.conversation import AssistantReplied, MessagePosted
from domain.handling import Ended
from domain.kernel import Event
from domain.receipts import Read


def unread_by_agents(event: Event, count: int) -> int:
    """The visitor's messages that no agent has read; an agent who answers or ends has read all of them."""
    match event:
        case MessagePosted() if event.by.kind == "visitor":
            return count + 1
        case MessagePosted() | Ended() if event.by.kind == "agent":
            return 0
        case Read(side="agent", left=left):
            # `left` does not know that an agent's end has read everything: it may be more than there is.
            return min(count, left)
        case _:
            return count


def unread_by_visitor(event: Event, count: int) -> int:
    """What the tenant's side has written and the visitor has not read."""
    match event:
        case AssistantReplied():
            return count + 1
        case MessagePosted() if event.by.kind != "visitor":
            return count + 1
        case Read(side="visitor", left=left):
            return left
        case _:
            return count
