"""Mentions: the notes that name an agent, newest first, and how many of them they have not read."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from application.projection import Connection
from domain.kernel import ActorKind
from domain.mention import Mentions
from domain.refusals import Invalid
from projections.cursor import Cursor, decode_cursor, encode_cursor, page_limit

ORDER = "mentions"


class Mention(msgspec.Struct, frozen=True):
    """One note. `text` and `contact_name` are None where erased; `version`: its conversation's."""

    message_id: UUID
    conversation_id: UUID
    contact_id: UUID
    contact_name: str | None
    role: ActorKind
    author_id: UUID
    text: str | None
    mentions: Mentions
    at: datetime
    is_read: bool
    version: int
    seq: int


class MentionPage(msgspec.Struct, frozen=True):
    """`next_cursor` is None on the last page; `unread` is of all there are, whatever is listed."""

    rows: tuple[Mention, ...]
    next_cursor: str | None
    unread: int


# Found by one index, then read one by one: the words of a note are the transcript's, so an erasure reaches them.
_PAGE = """
SELECT l.message_id, m.conversation_id, l.contact_id, coalesce(k.name, p.name), l.role, l.author_id, l.text,
  l.mentions, l.at, m.is_read, m.version, m.seq
FROM read.mention m
JOIN read.message l
  ON l.tenant_id = m.tenant_id AND l.conversation_id = m.conversation_id AND l.version = m.version
LEFT JOIN read.person p ON p.tenant_id = l.tenant_id AND p.contact_id = l.contact_id
LEFT JOIN read.person k ON k.tenant_id = p.tenant_id AND k.contact_id = p.merged_into AND p.is_linked
WHERE m.tenant_id = %(tenant_id)s AND m.agent_id = %(agent_id)s AND {more}
ORDER BY m.seq DESC LIMIT %(limit)s"""

_UNREAD = "SELECT mentions FROM read.mention_unread WHERE tenant_id = %s AND agent_id = %s"


async def read_mentions(
    connection: Connection,
    tenant_id: int,
    agent_id: UUID,
    *,
    unread: bool = False,
    limit: int = 50,
    cursor: str | None = None,
) -> MentionPage:
    """The newest first; with `unread` those only. Raises Invalid for a strange cursor."""
    size = page_limit(limit)
    values: dict[str, Any] = {"tenant_id": tenant_id, "agent_id": agent_id, "limit": size + 1}
    more = ["NOT m.is_read"] if unread else []
    if cursor is not None:
        more.append("m.seq < %(seq)s")
        values["seq"] = _seq(cursor)
    found = await connection.execute(_PAGE.format(more=" AND ".join(more) or "true").encode(), values)
    rows = [_mention(row) for row in await found.fetchall()]
    after = encode_cursor(Cursor(ORDER, str(rows[size - 1].seq), "")) if len(rows) > size else None
    return MentionPage(tuple(rows[:size]), after, await count_unread(connection, tenant_id, agent_id))


async def count_unread(connection: Connection, tenant_id: int, agent_id: UUID) -> int:
    """Of one counter, however many there are."""
    found = await (await connection.execute(_UNREAD, (tenant_id, agent_id))).fetchone()
    return found[0] if found else 0


def _mention(row: tuple[Any, ...]) -> Mention:
    return msgspec.convert(dict(zip(Mention.__struct_fields__, row, strict=True)), Mention)


def _seq(cursor: str) -> int:
    key = decode_cursor(cursor, ORDER).key
    if not key.isascii() or not key.isdigit() or len(key) > 18:
        raise Invalid("cursor is not one of ours.")
    return int(key)
