"""Conversation: one visitor, and whoever answers them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec

from domain.ids import wire
from domain.kernel import BEGINNING, NOWHERE, Aggregate, Event, PersonalEvent, Stamp
from domain.personal import Personal
from domain.refusals import AlreadyAccepted, ConversationChanged, ConversationIsEnded
from domain.values import bounded, message_text

Status = Literal["open", "pending", "snoozed", "resolved"]
HandledBy = Literal["bot", "queue", "agent"]
Channel = Literal["chat", "voice"]

REOPEN_WINDOW = timedelta(hours=72)


class Handling(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a conversation stands (`status`) and who has it (`handled_by`): two things, never one."""

    status: Status
    handled_by: HandledBy
    assignee_id: UUID | None = None


class Citation(msgspec.Struct, frozen=True):
    """The knowledge article a reply rests on."""

    article_id: UUID
    title: str


class HandlingChanged(Event, frozen=True, kw_only=True):
    """An event that moves the conversation; it carries both ends, so a reader needs no other event."""

    before: Handling
    after: Handling

    def apply(self, aggregate: Conversation) -> None:
        aggregate.handling = self.after


class ConversationStarted(PersonalEvent, frozen=True, kw_only=True):
    TYPE = "conversation.started.1"

    tenant_id: int
    contact_id: UUID
    channel: Channel
    handling: Handling
    widget_id: UUID | None = None
    assistant_id: UUID | None = None
    session_id: str | None = None
    contact_name: Personal | None = None
    contact_email: Personal | None = None

    def create(self) -> Aggregate:
        return Conversation(self.originator_id)

    def apply(self, aggregate: Conversation) -> None:
        aggregate.contact_id = self.contact_id
        aggregate.assistant_id = self.assistant_id
        aggregate.handling = self.handling


class MessagePosted(PersonalEvent, frozen=True, kw_only=True):
    """A public message of a visitor or an agent (`by` says whose)."""

    TYPE = "conversation.message_posted.1"

    message_id: UUID
    text: Personal


class NoteAdded(PersonalEvent, frozen=True, kw_only=True):
    """A private note: agents read it, a visitor never does."""

    TYPE = "conversation.note_added.1"

    message_id: UUID
    text: Personal


class AssistantReplied(PersonalEvent, frozen=True, kw_only=True):
    """A public message of the assistant. `model` is None where no language model was asked."""

    TYPE = "conversation.assistant_replied.1"

    message_id: UUID
    text: Personal
    asked_version: int
    model: str | None = None
    tokens: int = 0
    citations: tuple[Citation, ...] = ()


class ReplyDiscarded(PersonalEvent, frozen=True, kw_only=True):
    """The assistant's words came too late: the conversation had moved since it was asked."""

    TYPE = "conversation.reply_discarded.1"

    text: Personal
    asked_version: int
    reason: str
    model: str | None = None
    tokens: int = 0


class HandedOver(HandlingChanged, frozen=True, kw_only=True):
    """From the assistant to the human queue."""

    TYPE = "conversation.handed_over.1"

    reason: str


class Accepted(HandlingChanged, frozen=True, kw_only=True):
    TYPE = "conversation.accepted.1"

    agent_id: UUID

    def apply(self, aggregate: Conversation) -> None:
        aggregate.handling = self.after
        aggregate.accepted_at = self.at


class Ended(HandlingChanged, frozen=True, kw_only=True):
    TYPE = "conversation.ended.1"

    reason: str | None = None

    def apply(self, aggregate: Conversation) -> None:
        aggregate.handling = self.after
        aggregate.ended_at = self.at


class Reopened(HandlingChanged, frozen=True, kw_only=True):
    TYPE = "conversation.reopened.1"


class Conversation(Aggregate):
    """Guards who may speak and who has the conversation."""

    KIND = "conversation"

    contact_id: UUID = NOWHERE
    assistant_id: UUID | None = None
    accepted_at: datetime | None = None
    ended_at: datetime = BEGINNING
    handling = Handling(status="open", handled_by="queue")

    @property
    def is_ended(self) -> bool:
        return self.handling.status == "resolved"

    def start(
        self,
        stamp: Stamp,
        *,
        tenant_id: int,
        contact_id: UUID,
        channel: Channel = "chat",
        widget_id: UUID | None = None,
        assistant_id: UUID | None = None,
        session_id: str | None = None,
        contact_name: Personal | None = None,
        contact_email: Personal | None = None,
    ) -> None:
        """Begins with the assistant where there is one, else in the queue; starting twice changes nothing."""
        if self.exists:
            return
        self.record(
            ConversationStarted,
            stamp,
            tenant_id=tenant_id,
            subject_id=contact_id,
            contact_id=contact_id,
            channel=channel,
            widget_id=widget_id,
            assistant_id=assistant_id,
            session_id=bounded("sessionId", session_id) if session_id else None,
            contact_name=contact_name,
            contact_email=contact_email,
            handling=Handling(status="open", handled_by="bot" if assistant_id else "queue"),
        )

    def post(self, stamp: Stamp, message_id: UUID, text: str, expected_version: int | None = None) -> None:
        """A visitor's message reopens within 72 h; an agent's takes a conversation that nobody has.

        Raises ConversationIsEnded, ConversationChanged (only if `expected_version` is given), Invalid.
        """
        words = message_text(text)
        self._guard_version(expected_version)
        if self.is_ended:
            self._reopen_for(stamp)
        if stamp.by.kind == "agent" and self.handling.assignee_id is None:
            self.accept(stamp, stamp.by.id)
        self.record(MessagePosted, stamp, subject_id=self.contact_id, message_id=message_id, text=words)

    def add_note(self, stamp: Stamp, message_id: UUID, text: str) -> None:
        """A private note, at any time, also on an ended conversation."""
        words = message_text(text)
        self.record(NoteAdded, stamp, subject_id=self.contact_id, message_id=message_id, text=words)

    def reply(
        self,
        stamp: Stamp,
        message_id: UUID,
        text: str,
        asked_version: int,
        *,
        model: str | None = None,
        tokens: int = 0,
        citations: tuple[Citation, ...] = (),
    ) -> None:
        """The answer, if nothing happened since it was asked; else recorded as discarded. Raises Invalid."""
        moved = self._moved_since(asked_version)
        facts = {"subject_id": self.contact_id, "text": message_text(text), "model": model, "tokens": tokens}
        if moved:
            self.record(ReplyDiscarded, stamp, asked_version=asked_version, reason=moved, **facts)
            return
        self.record(
            AssistantReplied,
            stamp,
            message_id=message_id,
            asked_version=asked_version,
            citations=citations,
            **facts,
        )

    def hand_over(self, stamp: Stamp, reason: str) -> None:
        """From the assistant to the queue; nothing to do where humans already have it or it has ended."""
        if self.handling.handled_by != "bot" or self.is_ended:
            return
        after = msgspec.structs.replace(self.handling, handled_by="queue")
        self.record(HandedOver, stamp, reason=bounded("reason", reason), before=self.handling, after=after)

    def accept(self, stamp: Stamp, agent_id: UUID) -> None:
        """One winner; one's own again changes nothing. Raises AlreadyAccepted, ConversationIsEnded."""
        owner = self.handling.assignee_id
        if self.is_ended:
            raise ConversationIsEnded
        if owner == agent_id:
            return
        if owner is not None:
            raise AlreadyAccepted(by=wire("agent", owner), at=self.accepted_at)
        after = Handling(status=self.handling.status, handled_by="agent", assignee_id=agent_id)
        self.record(Accepted, stamp, agent_id=agent_id, before=self.handling, after=after)

    def end(self, stamp: Stamp, reason: str | None = None) -> None:
        """Resolved, by either side; ending twice changes nothing."""
        if self.is_ended:
            return
        after = msgspec.structs.replace(self.handling, status="resolved")
        why = bounded("reason", reason) if reason else None
        self.record(Ended, stamp, reason=why, before=self.handling, after=after)

    def _reopen_for(self, stamp: Stamp) -> None:
        if stamp.by.kind != "visitor" or stamp.at - self.ended_at > REOPEN_WINDOW:
            raise ConversationIsEnded
        after = Handling(status="open", handled_by="bot" if self.assistant_id else "queue")
        self.record(Reopened, stamp, before=self.handling, after=after)

    def _moved_since(self, asked_version: int) -> str | None:
        if self.is_ended:
            return "conversation_ended"
        if self.handling.handled_by != "bot":
            return f"handled_by_{self.handling.handled_by}"
        return "conversation_moved" if self.version != asked_version else None

    def _guard_version(self, expected: int | None) -> None:
        if expected is not None and expected != self.version:
            raise ConversationChanged(expected=expected, version=self.version)


EVENTS: tuple[type[Event], ...] = (
    ConversationStarted,
    MessagePosted,
    NoteAdded,
    AssistantReplied,
    ReplyDiscarded,
    HandedOver,
    Accepted,
    Ended,
    Reopened,
)
