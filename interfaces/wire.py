"""The JSON of messages, conversations and the inbox: the one place that makes it, for REST and for frames.

Names are camelCase (`contact_data` is spelt so by the seed), ids are in wire form, times are UTC with Z.
An erased text is null.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Literal
from uuid import UUID

import msgspec

from domain.conversation import AssistantReplied, Channel, HandledBy, MessagePosted, NoteAdded, Status
from domain.ids import wire
from domain.kernel import NOWHERE, ActorKind, Event
from domain.personal import readable

if TYPE_CHECKING:
    from projections.inbox import InboxPage, InboxRow
    from projections.transcript import ConversationView, Message, MessagePage

MessageRole = Literal["visitor", "agent", "assistant"]

_NOUNS: dict[str, str] = {"visitor": "contact", "agent": "agent", "assistant": "assistant"}


class CitationBody(msgspec.Struct, frozen=True, rename="camel"):
    article_id: str
    title: str


class MessageBody(msgspec.Struct, frozen=True, rename="camel"):
    """A message or a private note. `version` is its conversation's, `seq` the tenant's."""

    id: str
    conversation_id: str
    role: MessageRole
    author_id: str | None
    text: str | None
    private: bool
    created_at: datetime
    version: int
    seq: int
    citations: tuple[CitationBody, ...] = ()


class ContactBody(msgspec.Struct, frozen=True):
    """Who the conversation is with; `email` is left out where the read model has none to give."""

    id: str
    name: str | None
    email: str | msgspec.UnsetType | None = msgspec.UNSET


class ParticipantBody(msgspec.Struct, frozen=True):
    kind: MessageRole
    id: str


class MessagePageBody(msgspec.Struct, frozen=True, rename="camel"):
    data: tuple[MessageBody, ...]
    next_cursor: str | None


class ConversationBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A conversation as it stands; `messages` only where a page of them was asked for."""

    id: str
    channel: Channel
    status: Status
    handled_by: HandledBy
    assignee_id: str | None
    widget_id: str | None
    assistant_id: str | None
    contact_data: ContactBody = msgspec.field(name="contact_data")
    started_at: datetime
    ended_at: datetime | None
    version: int
    seq: int
    participants: tuple[ParticipantBody, ...]
    messages: MessagePageBody | msgspec.UnsetType = msgspec.UNSET


class LastMessageBody(msgspec.Struct, frozen=True, rename="camel"):
    text: str | None
    role: MessageRole
    created_at: datetime


class InboxRowBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    id: str
    channel: Channel
    status: Status
    handled_by: HandledBy
    assignee_id: str | None
    contact_data: ContactBody = msgspec.field(name="contact_data")
    last_message: LastMessageBody | None
    unread: int
    waiting_since: datetime | None
    started_at: datetime
    version: int
    seq: int


class InboxCountsBody(msgspec.Struct, frozen=True):
    mine: int
    unassigned: int
    open: int


class InboxPageBody(msgspec.Struct, frozen=True, rename="camel"):
    data: tuple[InboxRowBody, ...]
    next_cursor: str | None
    counts: InboxCountsBody


def message_of_event(event: Event, seq: int) -> MessageBody | None:
    """The message an event adds to its conversation, None where it adds none."""
    if not isinstance(event, MessagePosted | NoteAdded | AssistantReplied):
        return None
    cited = event.citations if isinstance(event, AssistantReplied) else ()
    role = role_of(event.by.kind)
    return MessageBody(
        id=wire("message", event.message_id),
        conversation_id=wire("conversation", event.originator_id),
        role=role,
        author_id=author_wire(event.by.kind, event.by.id),
        text=readable(event.text),
        private=isinstance(event, NoteAdded),
        created_at=event.at,
        version=event.originator_version,
        seq=seq,
        citations=tuple(CitationBody(wire("article", one.article_id), one.title) for one in cited),
    )


def message_of_view(message: Message) -> MessageBody:
    """The same message out of the transcript."""
    return MessageBody(
        id=wire("message", message.message_id),
        conversation_id=wire("conversation", message.conversation_id),
        role=message.role,
        author_id=author_wire(message.role, message.author_id),
        text=message.text,
        private=message.private,
        created_at=message.at,
        version=message.version,
        seq=message.seq,
        citations=tuple(CitationBody(wire("article", one.article_id), one.title) for one in message.citations),
    )


def conversation_of_view(view: ConversationView, page: MessagePage | None = None) -> ConversationBody:
    """The conversation out of the read model, with `page` of its messages where there is one."""
    return ConversationBody(
        id=wire("conversation", view.conversation_id),
        channel=view.channel,
        status=view.status,
        handled_by=view.handled_by,
        assignee_id=maybe_wire("agent", view.assignee_id),
        widget_id=maybe_wire("widget", view.widget_id),
        assistant_id=maybe_wire("assistant", view.assistant_id),
        contact_data=ContactBody(wire("contact", view.contact_id), view.contact_name, view.contact_email),
        started_at=view.started_at,
        ended_at=view.ended_at,
        version=view.version,
        seq=view.seq,
        participants=_participants(view),
        messages=msgspec.UNSET if page is None else message_page(page),
    )


def message_page(page: MessagePage) -> MessagePageBody:
    return MessagePageBody(tuple(message_of_view(one) for one in page.messages), page.next_cursor)


def inbox_page(page: InboxPage) -> InboxPageBody:
    counts = InboxCountsBody(page.counts.mine, page.counts.unassigned, page.counts.open)
    return InboxPageBody(tuple(inbox_row(row) for row in page.rows), page.next_cursor, counts)


def inbox_row(row: InboxRow) -> InboxRowBody:
    return InboxRowBody(
        id=wire("conversation", row.conversation_id),
        channel=row.channel,
        status=row.status,
        handled_by=row.handled_by,
        assignee_id=maybe_wire("agent", row.assignee_id),
        contact_data=ContactBody(wire("contact", row.contact_id), row.contact_name),
        last_message=_last_message(row),
        unread=row.unread,
        waiting_since=row.waiting_since,
        started_at=row.started_at,
        version=row.version,
        seq=row.seq,
    )


def role_of(kind: ActorKind) -> MessageRole:
    """Who speaks, to a reader: what the product or an integration writes is the tenant's side."""
    return kind if kind in ("visitor", "agent", "assistant") else "agent"


def author_wire(kind: str, id: UUID | None) -> str | None:
    """`vis_…`, `agt_…` or `ast_…`; None for the product itself and for integrations."""
    return wire(_NOUNS[kind], id) if id not in (None, NOWHERE) and kind in _NOUNS else None


def maybe_wire(noun: str, id: UUID | None) -> str | None:
    return None if id is None else wire(noun, id)


def _participants(view: ConversationView) -> tuple[ParticipantBody, ...]:
    present: list[tuple[MessageRole, str | None]] = [
        ("visitor", wire("contact", view.contact_id)),
        ("assistant", maybe_wire("assistant", view.assistant_id)),
        ("agent", maybe_wire("agent", view.assignee_id)),
    ]
    return tuple(ParticipantBody(kind, id) for kind, id in present if id is not None)


def _last_message(row: InboxRow) -> LastMessageBody | None:
    if row.last_by is None:
        return None
    return LastMessageBody(row.last_text, role_of(row.last_by), row.last_at)
