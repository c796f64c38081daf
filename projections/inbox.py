"""Inbox: what agents look at all day. One row per conversation, by keyset pages, with counts."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from application.projection import Connection
from domain.conversation import Channel, HandledBy, Status
from domain.kernel import ActorKind
from domain.refusals import Invalid
from projections.cursor import Cursor, decode_cursor, encode_cursor, page_limit

InboxSort = Literal["newest", "oldest", "waiting"]


class InboxRow(msgspec.Struct, frozen=True):
    """One conversation. `contact_name` and `last_text` are None where never given, or erased.

    `unread`: visitor messages since an agent last answered or ended it; the assistant's replies do not count.
    `waiting_since`: when the visitor began to wait for a human; None while the assistant has it, or resolved.
    `last_*`: the last public message; `last_by` is None and `last_at` the start where there is none yet.
    """

    conversation_id: UUID
    contact_id: UUID
    contact_name: str | None
    channel: Channel
    status: Status
    handled_by: HandledBy
    assignee_id: UUID | None
    widget_id: UUID | None
    last_text: str | None
    last_by: ActorKind | None
    last_at: datetime
    waiting_since: datetime | None
    unread: int
    started_at: datetime
    version: int
    seq: int


class InboxFilter(msgspec.Struct, frozen=True):
    """None: any. `sort`: by last message, or `waiting`: longest waiting first, then those who do not wait."""

    status: Status | None = None
    handled_by: HandledBy | None = None
    assignee: UUID | Literal["none"] | None = None
    channel: Channel | None = None
    sort: InboxSort = "newest"
    limit: int = 50
    cursor: str | None = None


class InboxCounts(msgspec.Struct, frozen=True):
    """Open conversations: assigned to me, to nobody, all. Each equals the length of the list so filtered."""

    mine: int
    unassigned: int
    open: int


class InboxPage(msgspec.Struct, frozen=True):
    """`next_cursor` is None on the last page. Counts are of the whole inbox, whatever the filter."""

    rows: tuple[InboxRow, ...]
    next_cursor: str | None
    counts: InboxCounts


_COUNTS = """
SELECT count(*) FILTER (WHERE assignee_id = %s), count(*) FILTER (WHERE assignee_id IS NULL), count(*)
FROM read.inbox WHERE tenant_id = %s AND status = 'open'"""

_ROWS = """
SELECT i.conversation_id, i.contact_id, p.name, i.channel, i.status, i.handled_by, i.assignee_id, i.widget_id,
  i.last_text, i.last_by, i.last_at, i.waiting_since, i.unread, i.started_at, i.version, i.seq
FROM read.inbox i LEFT JOIN read.inbox_person p ON p.tenant_id = i.tenant_id AND p.contact_id = i.contact_id
WHERE """

_SORT_KEYS: dict[InboxSort, tuple[str, str, str]] = {
    "newest": ("i.last_at", "<", "DESC"),
    "oldest": ("i.last_at", ">", "ASC"),
    "waiting": ("coalesce(i.waiting_since, 'infinity')", ">", "ASC"),
}


async def read_inbox(connection: Connection, tenant_id: int, filter: InboxFilter, me: UUID | None) -> InboxPage:
    """One page and the counts, in one round trip. `limit` is held within 1 to 200. Raises Invalid."""
    limit = page_limit(filter.limit)
    conditions, values = _conditions(tenant_id, filter)
    key, _, direction = _SORT_KEYS[filter.sort]
    order = f" ORDER BY {key} {direction}, i.conversation_id {direction} LIMIT %s"
    page = await connection.execute((_ROWS + conditions + order).encode(), [*values, limit + 1])
    totals = await connection.execute(_COUNTS, (me, tenant_id))
    rows = tuple(InboxRow(*row) for row in await page.fetchall())
    counted = await totals.fetchone()
    counts = InboxCounts(*counted) if counted else InboxCounts(0, 0, 0)
    more = _cursor_after(filter.sort, rows[limit - 1]) if len(rows) > limit else None
    return InboxPage(rows[:limit], more, counts)


def _conditions(tenant_id: int, filter: InboxFilter) -> tuple[str, list[Any]]:
    wanted: list[tuple[str, list[Any]]] = [("i.tenant_id = %s", [tenant_id])]
    if filter.assignee == "none":
        wanted.append(("i.assignee_id IS NULL", []))
    elif filter.assignee is not None:
        wanted.append(("i.assignee_id = %s", [filter.assignee]))
    for column, value in (
        ("status", filter.status),
        ("handled_by", filter.handled_by),
        ("channel", filter.channel),
    ):
        if value is not None:
            wanted.append((f"i.{column} = %s", [value]))
    if filter.cursor is not None:
        key, comparison, _ = _SORT_KEYS[filter.sort]
        place = _place(decode_cursor(filter.cursor, filter.sort))
        wanted.append((f"({key}, i.conversation_id) {comparison} (%s::timestamptz, %s)", list(place)))
    return " AND ".join(text for text, _ in wanted), [value for _, found in wanted for value in found]


def _place(cursor: Cursor) -> tuple[datetime | str, UUID]:
    try:
        key = cursor.key if cursor.key == "infinity" else datetime.fromisoformat(cursor.key)
        return key, UUID(cursor.last)
    except ValueError as unreadable:
        raise Invalid("cursor is not one of ours.") from unreadable


def _cursor_after(sort: InboxSort, row: InboxRow) -> str:
    key = row.waiting_since if sort == "waiting" else row.last_at
    return encode_cursor(Cursor(sort, key.isoformat() if key else "infinity", row.conversation_id.hex))
