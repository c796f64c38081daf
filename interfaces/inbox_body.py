"""The JSON of the inbox."""

from __future__ import annotations

from datetime import datetime

import msgspec

from domain.conversation import Channel
from domain.handling import HandledBy, Status
from domain.ids import wire
from domain.marks import Priority
from interfaces.sla_body import SlaBody, sla_body
from interfaces.wire import ContactBody, MessageRole, maybe_wire, role_of
from projections.inbox import InboxPage, InboxRow


class LastMessageBody(msgspec.Struct, frozen=True, rename="camel"):
    text: str | None
    role: MessageRole
    created_at: datetime


class InboxRowBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`unread`: the visitor's messages that no agent has read. `rating`: 1 to 5, null where there is none.

    `sla`: what is due next of what is promised, null where nothing is.
    """

    id: str
    channel: Channel
    status: Status
    handled_by: HandledBy
    assignee_id: str | None
    team_id: str | None
    contact_data: ContactBody = msgspec.field(name="contact_data")
    last_message: LastMessageBody | None
    labels: tuple[str, ...]
    priority: Priority | None
    snoozed_until: datetime | None
    unread: int
    waiting_since: datetime | None
    rating: int | None
    sla: SlaBody | None
    started_at: datetime
    version: int
    seq: int


class InboxCountsBody(msgspec.Struct, frozen=True):
    """Open conversations: mine, nobody's, all; and all snoozed ones."""

    mine: int
    unassigned: int
    open: int
    snoozed: int


class InboxPageBody(msgspec.Struct, frozen=True, rename="camel"):
    data: tuple[InboxRowBody, ...]
    next_cursor: str | None
    counts: InboxCountsBody


def inbox_page(page: InboxPage) -> InboxPageBody:
    counts = page.counts
    counted = InboxCountsBody(counts.mine, counts.unassigned, counts.open, counts.snoozed)
    return InboxPageBody(tuple(inbox_row(row) for row in page.rows), page.next_cursor, counted)


def inbox_row(row: InboxRow) -> InboxRowBody:
    return InboxRowBody(
        id=wire("conversation", row.conversation_id),
        channel=row.channel,
        status=row.status,
        handled_by=row.handled_by,
        assignee_id=maybe_wire("agent", row.assignee_id),
        team_id=maybe_wire("team", row.team_id),
        contact_data=ContactBody(wire("contact", row.contact_id), row.contact_name),
        last_message=_last_message(row),
        labels=row.labels,
        priority=row.priority,
        snoozed_until=row.snoozed_until,
        unread=row.unread,
        waiting_since=row.waiting_since,
        rating=row.rating,
        sla=sla_body(row.sla),
        started_at=row.started_at,
        version=row.version,
        seq=row.seq,
    )


def _last_message(row: InboxRow) -> LastMessageBody | None:
    if row.last_by is None:
        return None
    return LastMessageBody(row.last_text, role_of(row.last_by), row.last_at)
