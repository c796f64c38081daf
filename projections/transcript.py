"""Transcript: a conversation and what was said in it, oldest first."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from application.projection import Connection
from domain.conversation import Channel, Citation, HandledBy, Status
from domain.refusals import Invalid
from projections.cursor import Cursor, decode_cursor, encode_cursor, page_limit

MessageRole = Literal["visitor", "agent", "assistant"]


class ConversationView(msgspec.Struct, frozen=True):
    """`version` is the stream's, `seq` that of its last event. Name and e-mail are None once erased."""

    conversation_id: UUID
    contact_id: UUID
    contact_name: str | None
    contact_email: str | None
    widget_id: UUID | None
    assistant_id: UUID | None
    assignee_id: UUID | None
    channel: Channel
    status: Status
    handled_by: HandledBy
    started_at: datetime
    ended_at: datetime | None
    version: int
    seq: int


class Message(msgspec.Struct, frozen=True):
    """`text` None: erased. `private`: a note, never for visitors. `version`, `seq`: of its event."""

    message_id: UUID
    conversation_id: UUID
    role: MessageRole
    author_id: UUID
    text: str | None
    private: bool
    at: datetime
    version: int
    seq: int
    citations: tuple[Citation, ...]


class MessagePage(msgspec.Struct, frozen=True):
    """`next_cursor` is None on the last page."""

    messages: tuple[Message, ...]
    next_cursor: str | None


_CONVERSATION = """
SELECT c.conversation_id, c.contact_id, p.name, p.email, c.widget_id, c.assistant_id, c.assignee_id, c.channel,
  c.status, c.handled_by, c.started_at, c.ended_at, c.version, c.seq
FROM read.conversation c LEFT JOIN read.person p ON p.tenant_id = c.tenant_id AND p.contact_id = c.contact_id
WHERE c.tenant_id = %s AND """

_MESSAGES = """
SELECT message_id, conversation_id, role, author_id, text, private, at, version, seq, citations
FROM read.message
WHERE tenant_id = %s AND conversation_id = %s AND version > %s AND (%s OR NOT private)
ORDER BY version LIMIT %s"""


async def read_conversation(
    connection: Connection, tenant_id: int, conversation_id: UUID
) -> ConversationView | None:
    """None where this tenant has no such conversation."""
    cursor = await connection.execute(_CONVERSATION + "c.conversation_id = %s", (tenant_id, conversation_id))
    found = await cursor.fetchone()
    return ConversationView(*found) if found else None


async def visitor_conversations(
    connection: Connection, tenant_id: int, contact_id: UUID, limit: int = 20
) -> tuple[ConversationView, ...]:
    """Of one contact, newest first."""
    cursor = await connection.execute(
        _CONVERSATION + "c.contact_id = %s ORDER BY c.started_at DESC, c.conversation_id DESC LIMIT %s",
        (tenant_id, contact_id, page_limit(limit)),
    )
    return tuple(ConversationView(*row) for row in await cursor.fetchall())


async def read_messages(
    connection: Connection,
    tenant_id: int,
    conversation_id: UUID,
    *,
    include_private: bool,
    limit: int = 50,
    cursor: str | None = None,
) -> MessagePage:
    """Oldest first; empty where there is no such conversation. `limit` is held within 1 to 200. Raises Invalid."""
    size = page_limit(limit)
    found = await connection.execute(
        _MESSAGES, (tenant_id, conversation_id, _version(cursor), include_private, size + 1)
    )
    messages = tuple(_message(row) for row in await found.fetchall())
    if len(messages) <= size:
        return MessagePage(messages, None)
    last = messages[size - 1]
    return MessagePage(messages[:size], encode_cursor(Cursor("messages", str(last.version), "")))


def _version(cursor: str | None) -> int:
    if cursor is None:
        return 0
    key = decode_cursor(cursor, "messages").key
    if not key.isascii() or not key.isdigit() or len(key) > 10:
        raise Invalid("cursor is not one of ours.")
    return int(key)


def _message(row: tuple[Any, ...]) -> Message:
    return msgspec.convert(dict(zip(Message.__struct_fields__, row, strict=True)), Message)
