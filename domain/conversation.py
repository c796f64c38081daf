"""Conversation: one visitor, and whoever answers them. What is said is here; whose it is, its marks, its
receipts and its call are parts of it, each in a file of its own (handling, marks, receipts, call)."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from domain import call, handling, marks, mention, participants, qualification, receipts
from domain.call import Called
from domain.file import Attachment
from domain.handling import REOPEN_HOURS, Handled, Handling, Status
from domain.kernel import NOWHERE, ActorKind, Aggregate, Event, PersonalEvent, Stamp
from domain.marks import Marked
from domain.mention import Mentioned, Mentions
from domain.personal import Personal
from domain.qualification import Qualified
from domain.refusals import ConversationChanged
from domain.values import bounded, message_text

Channel = Literal["chat", "voice"]


class Citation(msgspec.Struct, frozen=True, omit_defaults=True):
    """The knowledge article a reply rests on; since chunks have ids, which one, its SHA-256 and its words."""

    article_id: UUID
    title: str
    chunk_id: UUID | None = None
    hash: str | None = None
    quote: str | None = None


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
    reopen_hours: int = REOPEN_HOURS
    continues: UUID | None = None
    """The conversation that had ended too long ago to go on with."""

    def create(self) -> Aggregate:
        return Conversation(self.originator_id)

    def apply(self, aggregate: Conversation) -> None:
        aggregate.contact_id = self.contact_id
        aggregate.widget_id = self.widget_id
        aggregate.channel = self.channel
        aggregate.reopen_hours = self.reopen_hours
        aggregate.assistant_id = self.assistant_id
        aggregate.handling = self.handling
        aggregate.takes_part(*filter(None, [self.handling.assignee_id]))


class MessagePosted(PersonalEvent, frozen=True, kw_only=True):
    """A public message of a visitor or an agent (`by` says whose).

    `beyond`: the meter whose limit it went over; such a message is kept, and humans answer it.
    `campaign_id`: it is a campaign's words, in which nobody answered anything.
    """

    TYPE = "conversation.message_posted.1"

    message_id: UUID
    text: Personal
    attachments: tuple[Attachment, ...] = ()
    beyond: str | None = None
    campaign_id: UUID | None = None

    def apply(self, aggregate: Conversation) -> None:
        aggregate.spoke(self.by.kind, self.originator_version)
        aggregate.wrote(self.by)


class NoteAdded(PersonalEvent, frozen=True, kw_only=True):
    """A private note: agents read it, a visitor never does."""

    TYPE = "conversation.note_added.1"

    message_id: UUID
    text: Personal
    attachments: tuple[Attachment, ...] = ()
    mentions: Mentions | None = None

    def apply(self, aggregate: Conversation) -> None:
        aggregate.wrote(self.by)
        if self.mentions is not None:
            aggregate.takes_part(*self.mentions.agents)
            aggregate.tells(self.mentions, self.originator_version)


class AssistantReplied(PersonalEvent, frozen=True, kw_only=True):
    """A public message of the assistant. `model` is None where no language model was asked."""

    TYPE = "conversation.assistant_replied.1"

    message_id: UUID
    text: Personal
    asked_version: int
    model: str | None = None
    tokens: int = 0
    citations: tuple[Citation, ...] = ()

    def apply(self, aggregate: Conversation) -> None:
        aggregate.spoke(self.by.kind, self.originator_version)


class ReplyDiscarded(PersonalEvent, frozen=True, kw_only=True):
    """The assistant's words came too late: the conversation had moved since it was asked."""

    TYPE = "conversation.reply_discarded.1"

    text: Personal
    asked_version: int
    reason: str
    model: str | None = None
    tokens: int = 0


class Conversation(Called, Handled, Marked, Mentioned, Qualified):
    """Guards who may speak; what it inherits guards the rest."""

    KIND = "conversation"

    contact_id: UUID = NOWHERE
    widget_id: UUID | None = None
    channel: Channel = "chat"

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
        reopen_hours: int = REOPEN_HOURS,
        continues: UUID | None = None,
        status: Status = "open",
    ) -> None:
        """Begins with the assistant where there is one, else in the queue; starting twice changes nothing.

        `snoozed`: out of the agents' sight until the visitor writes.
        """
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
            reopen_hours=reopen_hours,
            continues=continues,
            handling=Handling(status=status, handled_by="bot" if assistant_id else "queue"),
        )

    def post(
        self,
        stamp: Stamp,
        message_id: UUID,
        text: str,
        expected_version: int | None = None,
        attachments: tuple[Attachment, ...] = (),
        beyond: str | None = None,
    ) -> None:
        """A visitor's message reopens and wakes up; an agent's takes a conversation that nobody has.

        One that is `beyond` a limit goes to humans; what they have already needs no tokens.

        Raises ConversationIsEnded, ConversationChanged (only if `expected_version` is given), Invalid.
        """
        words = bounded("message", text, 10_000) if attachments else message_text(text)
        self.guard_version(expected_version)
        if self.is_ended:
            self.reopen_for_visitor(stamp)
        if stamp.by.kind == "visitor":
            self.awaken(stamp, "reply")
        if stamp.by.kind == "agent" and self.handling.assignee_id in (None, stamp.by.id):
            self.accept(stamp, stamp.by.id)
        if beyond == "tokens" and self.handling.handled_by != "bot":
            beyond = None
        self.record(
            MessagePosted,
            stamp,
            subject_id=self.contact_id,
            message_id=message_id,
            text=words,
            attachments=attachments,
            beyond=beyond,
        )
        if beyond is not None:
            self.hand_over(stamp, f"{beyond}_limit")

    def offer(self, stamp: Stamp, message_id: UUID, text: str, campaign_id: UUID) -> None:
        """A campaign's words, which move nothing. Raises ConversationIsEnded, Invalid."""
        self.refuse_ended()
        facts = {"subject_id": self.contact_id, "message_id": message_id, "text": message_text(text)}
        self.record(MessagePosted, stamp, campaign_id=campaign_id, **facts)

    def add_note(
        self,
        stamp: Stamp,
        message_id: UUID,
        text: str,
        attachments: tuple[Attachment, ...] = (),
        mentions: Mentions | None = None,
    ) -> None:
        """A private note, at any time, also on an ended conversation. Raises Invalid."""
        facts = {"subject_id": self.contact_id, "message_id": message_id, "text": message_text(text)}
        self.record(NoteAdded, stamp, attachments=attachments, mentions=mentions, **facts)

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
        """The answer, if nothing but marks and receipts came since; else recorded as discarded. Raises Invalid."""
        moved = self.moved_since(asked_version)
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

    def was_ended(self, by: ActorKind, at: datetime) -> None:
        """An agent who ends it has read all of it, as every screen counts."""
        super().was_ended(by, at)
        if by == "agent":
            self.unread["agent"].clear()

    def rate_once(self, stamp: Stamp, score: int, comment: str | None) -> None:
        """Once it has ended. Raises Forbidden, Invalid, ConversationIsOpen, RatingIsClosed."""
        self.rate(stamp, score, comment, is_ended=self.is_ended)

    def guard_version(self, expected: int | None) -> None:
        """Raises ConversationChanged where somebody looked at another version than this one."""
        if expected is not None and expected != self.version:
            raise ConversationChanged(expected=expected, version=self.version)

    def moved_since(self, asked_version: int) -> str | None:
        """Why words that were asked for at this version come too late, None where they do not."""
        if self.is_ended:
            return "conversation_ended"
        if self.handling.handled_by != "bot":
            return f"handled_by_{self.handling.handled_by}"
        return None if self.is_quiet_since(asked_version) else "conversation_moved"


EVENTS: tuple[type[Event], ...] = (
    ConversationStarted,
    MessagePosted,
    NoteAdded,
    AssistantReplied,
    ReplyDiscarded,
    *call.EVENTS,
    *handling.EVENTS,
    *marks.EVENTS,
    *mention.EVENTS,
    *participants.EVENTS,
    *qualification.EVENTS,
    *receipts.EVENTS,
)
