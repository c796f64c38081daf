"""Inbox: what agents look at all day. One row per conversation, by keyset pages, with counts."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from psycopg import AsyncCursor

from application.projection import Connection
from domain.conversation import Channel
from domain.handling import HandledBy, Status
from domain.kernel import NOWHERE, ActorKind
from domain.marks import Priority
from projections.inbox_counts import InboxCounts, read_counts
from projections.inbox_entry import NEVER, URGENCIES, Entry
from projections.inbox_filter import InboxFilter, Order, conditions, order_of, walks
from projections.inbox_fold import ENTRIES
from projections.sla_standing import Standing


class InboxRow(msgspec.Struct, frozen=True, kw_only=True):
    """One conversation. `contact_name` and `last_text` are None where never given, or erased.

    `unread`: visitor messages since an agent last answered, ended or read; the assistant's replies do not count.
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
    team_id: UUID | None
    widget_id: UUID | None
    labels: tuple[str, ...]
    priority: Priority | None
    snoozed_until: datetime | None
    last_text: str | None
    last_by: ActorKind | None
    last_at: datetime
    waiting_since: datetime | None
    unread: int
    rating: int | None
    sla: Standing | None
    started_at: datetime
    version: int
    seq: int


class InboxPage(msgspec.Struct, frozen=True):
    """`next_cursor` is None on the last page. Counts are of the whole inbox, whatever the filter."""

    rows: tuple[InboxRow, ...]
    next_cursor: str | None
    counts: InboxCounts


_COLUMNS = ", ".join(f"i.{column}" for column in ENTRIES.columns)

_PAGE = """
SELECT {columns}, coalesce(k.name, p.name) FROM ({branches}) i
LEFT JOIN read.inbox_person p ON p.tenant_id = i.tenant_id AND p.contact_id = i.contact_id
LEFT JOIN read.inbox_person k ON k.tenant_id = p.tenant_id AND k.contact_id = p.merged_into AND p.is_linked
ORDER BY {order} LIMIT {limit}"""

_BRANCH = "(SELECT {columns} FROM {source} WHERE {conditions} ORDER BY {order} LIMIT {limit})"


async def read_inbox(connection: Connection, tenant_id: int, filter: InboxFilter, me: UUID | None) -> InboxPage:
    """One page and the counts, in one round trip. Raises Invalid."""
    order = order_of(filter)
    page = await _execute(connection, tenant_id, filter, order)
    counts = await read_counts(connection, tenant_id, me)
    entries = [_entry(row) for row in await page.fetchall()]
    return page_of(entries, order, filter.size, counts)


async def read_entries(
    connection: Connection, tenant_id: int, filter: InboxFilter, order: Order
) -> list[tuple[Entry, str | None]]:
    """What a page is made of: its entries, and one more, each with its contact's name."""
    page = await _execute(connection, tenant_id, filter, order)
    return [_entry(row) for row in await page.fetchall()]


def page_of(entries: list[tuple[Entry, str | None]], order: Order, size: int, counts: InboxCounts) -> InboxPage:
    """Sorted entries, one more than the page has if there is a next one, each with its contact's name."""
    rows = tuple(row_of(entry, name) for entry, name in entries[:size])
    more = order.cursor_after(entries[size - 1][0]) if len(entries) > size else None
    return InboxPage(rows, more, counts)


def row_of(entry: Entry, contact_name: str | None) -> InboxRow:
    return InboxRow(
        conversation_id=entry.conversation_id,
        contact_id=entry.contact_id,
        contact_name=contact_name,
        channel=entry.channel,
        status=entry.status,
        handled_by=entry.handled_by,
        assignee_id=None if entry.assignee_id == NOWHERE else entry.assignee_id,
        team_id=entry.team_id,
        widget_id=entry.widget_id,
        labels=entry.labels,
        priority=URGENCIES[entry.urgency],
        snoozed_until=entry.snoozed_until,
        last_text=entry.last_text,
        last_by=entry.last_by,
        last_at=entry.last_at,
        waiting_since=None if entry.waiting_since == NEVER else entry.waiting_since,
        unread=entry.unread,
        rating=entry.rating,
        sla=_standing(entry),
        started_at=entry.started_at,
        version=entry.version,
        seq=entry.seq,
    )


def _standing(entry: Entry) -> Standing | None:
    if entry.sla_target is None or entry.sla_status is None:
        return None
    return Standing(entry.sla_target, None if entry.sla_due_at == NEVER else entry.sla_due_at, entry.sla_status)


async def _execute(
    connection: Connection, tenant_id: int, filter: InboxFilter, order: Order
) -> AsyncCursor[tuple[Any, ...]]:
    sql, values = _page(tenant_id, filter, order)
    return await connection.execute(sql.encode(), values)


def _page(tenant_id: int, filter: InboxFilter, order: Order) -> tuple[str, list[Any]]:
    """The page is the merger of the walks."""
    source, wanted, values = conditions(tenant_id, filter, order)
    limit = filter.size + 1
    branches = [
        _BRANCH.format(
            columns=_COLUMNS,
            source=source,
            conditions=f"{walk} AND {wanted}",
            order=order.by(filter.is_aside),
            limit=limit,
        )
        for walk in walks(filter)
    ]
    sql = _PAGE.format(columns=_COLUMNS, branches=" UNION ALL ".join(branches), order=order.by(False), limit=limit)
    return sql, values * len(branches)


def _entry(row: tuple[Any, ...]) -> tuple[Entry, str | None]:
    return msgspec.convert(dict(zip(ENTRIES.columns, row[:-1], strict=True)), Entry), row[-1]
