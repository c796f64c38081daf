"""The JSON of a message: the one place that makes it, for REST, for frames and for transcripts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec

from domain.conversation import AssistantReplied, Citation, MessagePosted, NoteAdded
from domain.file import Attachment
from domain.ids import wire
from domain.kernel import Event
from domain.mention import Mentions
from domain.personal import readable
from interfaces.wire import MessageRole, author_wire, role_of
from projections.thread import Thread
from projections.transcript import Message, MessagePage

MessageState = Literal["sent", "delivered", "read"]


class CitationBody(msgspec.Struct, frozen=True, rename="camel"):
    """`hash` (SHA-256, hex) is over the whole chunk, `quote` is how its text begins."""

    article_id: str
    title: str
    chunk_id: str | msgspec.UnsetType = msgspec.UNSET
    hash: str | msgspec.UnsetType = msgspec.UNSET
    quote: str | msgspec.UnsetType = msgspec.UNSET


class AttachmentBody(msgspec.Struct, frozen=True, rename="camel"):
    """`name` and `url` are there where somebody in particular asked: a link is made for one person.

    `name` is null once erased, `url` once the file is gone.
    """

    id: str
    content_type: str
    size: int
    name: str | msgspec.UnsetType | None = msgspec.UNSET
    url: str | msgspec.UnsetType | None = msgspec.UNSET


class MessageBody(msgspec.Struct, frozen=True, rename="camel"):
    """A message or a private note. `version` is its conversation's, `seq` the tenant's.

    `state` of what the tenant's side wrote to the visitor: sent, delivered to their browser, read.
    `mentions`: whom a note names, `agt_…` and `tea_…`. `mentioned`: true on the socket of whom the note reaches.
    """

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
    attachments: tuple[AttachmentBody, ...] = ()
    state: MessageState | msgspec.UnsetType = msgspec.UNSET
    mentions: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    mentioned: bool | msgspec.UnsetType = msgspec.UNSET


class MessagePageBody(msgspec.Struct, frozen=True, rename="camel"):
    data: tuple[MessageBody, ...]
    next_cursor: str | None


def message_of_event(event: Event, seq: int) -> MessageBody | None:
    """The message an event adds to its conversation, None where it adds none."""
    if not isinstance(event, MessagePosted | NoteAdded | AssistantReplied):
        return None
    role, private = role_of(event.by.kind), isinstance(event, NoteAdded)
    return MessageBody(
        id=wire("message", event.message_id),
        conversation_id=wire("conversation", event.originator_id),
        role=role,
        author_id=author_wire(event.by.kind, event.by.id),
        text=readable(event.text),
        private=private,
        created_at=event.at,
        version=event.originator_version,
        seq=seq,
        citations=_citations(event.citations if isinstance(event, AssistantReplied) else ()),
        attachments=_attachments(() if isinstance(event, AssistantReplied) else event.attachments),
        state=msgspec.UNSET if role == "visitor" or private else "sent",
        mentions=named_in(event.mentions) if isinstance(event, NoteAdded) else msgspec.UNSET,
    )


def message_of_view(message: Message, thread: Thread) -> MessageBody:
    """The same message out of the transcript; how far it came is the conversation's to know."""
    return MessageBody(
        id=wire("message", message.message_id),
        conversation_id=wire("conversation", message.conversation_id),
        role=role_of(message.role),
        author_id=author_wire(message.role, message.author_id),
        text=message.text,
        private=message.private,
        created_at=message.at,
        version=message.version,
        seq=message.seq,
        citations=_citations(message.citations),
        attachments=_attachments(message.attachments),
        state=_state(message, thread),
        mentions=named_in(message.mentions),
    )


def message_page(page: MessagePage, thread: Thread) -> MessagePageBody:
    return MessagePageBody(tuple(message_of_view(one, thread) for one in page.messages), page.next_cursor)


def named_in(mentions: Mentions | None) -> tuple[str, ...] | msgspec.UnsetType:
    """Agents, then teams; left out where nobody is named."""
    if mentions is None:
        return msgspec.UNSET
    agents, teams = mentions.agents, mentions.teams
    return (*(wire("agent", id) for id in agents), *(wire("team", id) for id in teams))


def _state(message: Message, thread: Thread) -> MessageState | msgspec.UnsetType:
    if message.role == "visitor" or message.private:
        return msgspec.UNSET
    if message.version <= thread.visitor_read_to:
        return "read"
    return "delivered" if message.version <= thread.delivered_to else "sent"


def _citations(cited: Sequence[Citation]) -> tuple[CitationBody, ...]:
    return tuple(citation_body(one) for one in cited)


def citation_body(one: Citation) -> CitationBody:
    """Replies of before there were chunks name their article only."""
    body = CitationBody(wire("article", one.article_id), one.title)
    if one.chunk_id is None:
        return body
    return msgspec.structs.replace(
        body,
        chunk_id=wire("chunk", one.chunk_id),
        hash=one.hash or msgspec.UNSET,
        quote=one.quote or msgspec.UNSET,
    )


def _attachments(attached: Sequence[Attachment]) -> tuple[AttachmentBody, ...]:
    return tuple(AttachmentBody(wire("file", one.file_id), one.content_type, one.size) for one in attached)
