"""Absence: which replies a visitor has not read, and when they were last there, as their conversation tells it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from domain.conversation import AssistantReplied, MessagePosted
from domain.kernel import Event
from domain.receipts import Delivered, Read


class UnreadReply(msgspec.Struct, frozen=True):
    """A public message of the team or the assistant. `version`: of the conversation's event."""

    version: int
    message_id: UUID
    at: datetime


class Absence(msgspec.Struct, frozen=True):
    """A conversation at `version`. `visited`: of the last event that was the visitor's, 0 where none was."""

    conversation_id: UUID
    contact_id: UUID
    version: int
    visited: int
    unread: tuple[UnreadReply, ...]


def absence_in(contact_id: UUID, events: Sequence[Event]) -> Absence:
    """Out of all events of one conversation, oldest first; there is at least one."""
    visited, unread = 0, list[UnreadReply]()
    for event in events:
        if event.by.kind == "visitor":
            visited = event.originator_version
            unread = _left(unread, event)
        elif isinstance(event, MessagePosted | AssistantReplied) and is_reply(event):
            unread.append(UnreadReply(event.originator_version, event.message_id, event.at))
    last = events[-1]
    return Absence(last.originator_id, contact_id, last.originator_version, visited, tuple(unread))


def is_reply(event: Event) -> bool:
    """Somebody of the team, or the assistant, answers for all to see. A campaign's words answer nobody."""
    if isinstance(event, AssistantReplied):
        return True
    return isinstance(event, MessagePosted) and event.by.kind != "visitor" and event.campaign_id is None


def _left(unread: list[UnreadReply], event: Event) -> list[UnreadReply]:
    """What the visitor has not read after this event of theirs: who writes, rates or asks has looked."""
    if isinstance(event, Delivered):
        return unread
    return [one for one in unread if one.version > event.up_to] if isinstance(event, Read) else []
