"""Triggers: which events of a conversation automations react to, and under which name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from domain.conversation import ConversationStarted, MessagePosted
from domain.handling import Accepted, Assigned, Ended, HandlingChanged, Reopened, Snoozed, Transferred
from domain.kernel import Event
from domain.marks import LabelsChanged, PriorityChanged
from domain.qualification import ConversationQualified
from domain.receipts import Rated

Trigger = Literal[
    "started",
    "visitorMessage",
    "agentMessage",
    "assigned",
    "resolved",
    "reopened",
    "labelAdded",
    "priorityChanged",
    "qualified",
    "snoozed",
    "rated",
]


def trigger_of(event: Event) -> Trigger | None:
    """None for an event that nothing reacts to. What the product itself says is nobody's message."""
    match event:
        case MessagePosted():
            return _said(event)
        case HandlingChanged():
            return _moved(event)
        case LabelsChanged(added=()):
            return None
        case _:
            return _ALWAYS.get(type(event))


_ALWAYS: Mapping[type[Event], Trigger] = {
    ConversationStarted: "started",
    LabelsChanged: "labelAdded",
    PriorityChanged: "priorityChanged",
    ConversationQualified: "qualified",
    Rated: "rated",
}
_MOVES: Mapping[type[Event], Trigger] = {Ended: "resolved", Reopened: "reopened", Snoozed: "snoozed"}


def _said(event: MessagePosted) -> Trigger | None:
    if event.by.kind == "visitor":
        return "visitorMessage"
    return "agentMessage" if event.by.kind in ("agent", "integration") else None


def _moved(event: HandlingChanged) -> Trigger | None:
    after = event.after.assignee_id
    if isinstance(event, Accepted | Assigned | Transferred):
        return "assigned" if after is not None and after != event.before.assignee_id else None
    return _MOVES.get(type(event))
