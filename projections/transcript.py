"""Transcript: a conversation and what was said in it, oldest first."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from application.log import Recorded
from application.projection import Connection
from domain.conversation import Citation
from domain.file import Attachment
from domain.kernel import BEGINNING, NOWHERE, ActorKind
from domain.mention import Mentions
from domain.refusals import Invalid
from projections.cursor import Cursor, decode_cursor, encode_cursor, page_limit
from projections.thread import Thread
from projections.transcript_fold import THREADS, Line, lines_of


class ConversationView(Thread):
    """A thread, and what its contact is called; name and e-mail are None once erased."""

    contact_name: str | None = None
    contact_email: str | None = None
    contact_verified: bool = False
    """A signed identity says who they are; the conversation's own events do not know it."""
    contact_known_as: UUID | None = None
    """Whom a signed identity joined the contact with: what the one may read, the other may."""

    def is_of(self, contact_id: UUID | None) -> bool:
        """True where this visitor may read it."""
        return contact_id is not None and contact_id in (self.contact_id, self.contact_known_as)


class Message(msgspec.Struct, frozen=True):
    """`text` None: erased. `private`: a note, never for visitors. `version`, `seq`: of its event."""

    message_id: UUID
    conversation_id: UUID
    role: ActorKind
    author_id: UUID
    text: str | None
    private: bool
    at: datetime
    version: int
    seq: int
    citations: tuple[Citation, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    mentions: Mentions | None = None


class MessagePage(msgspec.Struct, frozen=True):
    """`next_cursor` is None on the last page."""

    messages: tuple[Message, ...]
    next_cursor: str | None


_COLUMNS = Message.__struct_fields__

_CONVERSATION = f"""
SELECT {", ".join(f"c.{column}" for column in THREADS.columns)},
  coalesce(k.name, p.name), coalesce(k.email, p.email), coalesce(k.verified, p.verified, false), k.contact_id
FROM read.conversation c LEFT JOIN read.person p ON p.tenant_id = c.tenant_id AND p.contact_id = c.contact_id
LEFT JOIN read.person k ON k.tenant_id = p.tenant_id AND k.contact_id = p.merged_into AND p.is_linked
WHERE c.tenant_id = %s AND """

_NEWEST = """c.contact_id IN (SELECT %s::uuid UNION ALL SELECT o.contact_id FROM read.person o
  WHERE o.tenant_id = %s AND o.merged_into = %s AND o.is_linked)
ORDER BY c.started_at DESC, c.conversation_id DESC LIMIT %s"""

# ARRAY, so that the person's conversations are found first, whatever the planner thinks of the tenant's.
_OF_PERSON = """c.conversation_id = ANY(ARRAY(
  SELECT w.conversation_id FROM unnest(%s::uuid[]) AS f(contact_id) CROSS JOIN LATERAL (
    SELECT o.conversation_id, o.started_at FROM read.conversation o
    WHERE o.tenant_id = %s AND o.contact_id = f.contact_id AND (o.started_at, o.conversation_id) > (%s, %s)
    ORDER BY o.started_at, o.conversation_id LIMIT %s) w
  ORDER BY w.started_at, w.conversation_id LIMIT %s))
ORDER BY c.started_at, c.conversation_id"""

_OF_SEVERAL = f"""
SELECT {", ".join(_COLUMNS)} FROM read.message
WHERE tenant_id = %s AND conversation_id = ANY(%s) AND (conversation_id, version) > (%s, %s)
ORDER BY conversation_id, version LIMIT %s"""

_MESSAGES = f"""
SELECT {", ".join(_COLUMNS)} FROM read.message
WHERE tenant_id = %s AND conversation_id = %s AND version > %s AND (%s OR NOT private)
ORDER BY version LIMIT %s"""


async def read_conversation(
    connection: Connection, tenant_id: int, conversation_id: UUID
) -> ConversationView | None:
    """None where this tenant has no such conversation."""
    cursor = await connection.execute(
        (_CONVERSATION + "c.conversation_id = %s").encode(), (tenant_id, conversation_id)
    )
    found = await cursor.fetchone()
    return _view(found) if found else None


async def visitor_conversations(
    connection: Connection, tenant_id: int, contact_id: UUID, limit: int = 20
) -> tuple[ConversationView, ...]:
    """Of one contact, and of those a signed identity joined with it; newest first."""
    cursor = await connection.execute(
        (_CONVERSATION + _NEWEST).encode(), (tenant_id, contact_id, tenant_id, contact_id, page_limit(limit))
    )
    return tuple(_view(row) for row in await cursor.fetchall())


async def person_conversations(
    connection: Connection,
    tenant_id: int,
    contact_ids: Collection[UUID],
    after: ConversationView | None,
    limit: int,
) -> tuple[ConversationView, ...]:
    """Those of all these contacts, oldest first, after the last one seen."""
    place = (BEGINNING, NOWHERE) if after is None else (after.started_at, after.conversation_id)
    values = (tenant_id, list(contact_ids), tenant_id, *place, limit, limit)
    cursor = await connection.execute((_CONVERSATION + _OF_PERSON).encode(), values)
    return tuple(_view(row) for row in await cursor.fetchall())


async def messages_of_several(
    connection: Connection, tenant_id: int, conversation_ids: Collection[UUID], after: Message | None, limit: int
) -> tuple[Message, ...]:
    """With private notes, by conversation (in the order of their ids) and version, after the last one seen."""
    place = (NOWHERE, 0) if after is None else (after.conversation_id, after.version)
    values = (tenant_id, list(conversation_ids), *place, limit)
    cursor = await connection.execute(_OF_SEVERAL.encode(), values)
    return tuple(_message(row) for row in await cursor.fetchall())


async def read_messages(
    connection: Connection,
    tenant_id: int,
    conversation_id: UUID,
    *,
    include_private: bool,
    limit: int = 50,
    cursor: str | None = None,
    after: int = 0,
) -> MessagePage:
    """Oldest first, after a cursor or after a version; empty where there is no such conversation.

    `limit` is held within 1 to 200. Raises Invalid.
    """
    size = page_limit(limit)
    start = after if cursor is None else _version(cursor)
    found = await connection.execute(
        _MESSAGES.encode(), (tenant_id, conversation_id, start, include_private, size + 1)
    )
    return _page([_message(row) for row in await found.fetchall()], size)


def messages_in(
    recorded: Sequence[Recorded], *, include_private: bool, limit: int = 50, cursor: str | None = None
) -> MessagePage:
    """The same page, out of one conversation's events instead of the read model. Raises Invalid."""
    start, size = 0 if cursor is None else _version(cursor), page_limit(limit)
    lines = [line for line in lines_of(recorded) if line.version > start and (include_private or not line.private)]
    return _page([_message_of(line) for line in lines[: size + 1]], size)


def _page(messages: Sequence[Message], size: int) -> MessagePage:
    if len(messages) <= size:
        return MessagePage(tuple(messages), None)
    last = messages[size - 1]
    return MessagePage(tuple(messages[:size]), encode_cursor(Cursor("messages", str(last.version), "")))


def _version(cursor: str) -> int:
    key = decode_cursor(cursor, "messages").key
    if not key.isascii() or not key.isdigit() or len(key) > 10:
        raise Invalid("cursor is not one of ours.")
    return int(key)


def _view(row: tuple[Any, ...]) -> ConversationView:
    columns = (*THREADS.columns, "contact_name", "contact_email", "contact_verified", "contact_known_as")
    return msgspec.convert(dict(zip(columns, row, strict=True)), ConversationView)


def _message(row: tuple[Any, ...]) -> Message:
    return msgspec.convert(dict(zip(_COLUMNS, row, strict=True)), Message)


def _message_of(line: Line) -> Message:
    return msgspec.convert({column: getattr(line, column) for column in _COLUMNS}, Message)
