"""What is asked of the inbox: which conversations, in which order, from where on."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, get_args
from uuid import UUID

import msgspec

from domain.conversation import Channel
from domain.handling import HandledBy, Status
from domain.kernel import NOWHERE
from domain.marks import Priority
from domain.refusals import Invalid
from projections.cursor import Cursor, decode_cursor, encode_cursor, page_limit
from projections.inbox_entry import URGENCIES, Entry
from projections.sla_standing import SlaStatus

InboxSort = Literal["newest", "oldest", "waiting", "priority", "sla"]
Place = tuple[Any, ...]

_STATUSES: tuple[Status, ...] = get_args(Status)
_SORT_COLUMNS: dict[InboxSort, tuple[str, ...]] = {
    "newest": ("last_at",),
    "oldest": ("last_at",),
    "waiting": ("waiting_since",),
    "priority": ("urgency", "waiting_since"),
    "sla": ("sla_due_at",),
}
_NAMED = """i.contact_id IN (
  SELECT o.contact_id FROM read.inbox_person o
  WHERE o.tenant_id = %s AND o.name_key >= lower(%s::text) AND o.name_key < lower(%s::text) || chr(1114111)
  UNION ALL
  SELECT o.contact_id FROM read.inbox_person o
  WHERE o.tenant_id = %s AND o.email_key >= lower(%s::text) AND o.email_key < lower(%s::text) || chr(1114111))"""

_TAKES_PART = """EXISTS (SELECT FROM read.inbox_participant m
  WHERE m.tenant_id = i.tenant_id AND m.conversation_id = i.conversation_id AND m.agent_id = %s)"""


class InboxFilter(msgspec.Struct, frozen=True, kw_only=True):
    """None: any. `q`: how the contact's name or e-mail address begins.

    `sort`: by last message; `waiting`: longest waiting first, then those who do not wait; `priority`: urgent
    first, within one priority as `waiting`; `sla`: what is due first. `until_seq`: only those to which nothing has
    happened since.
    """

    status: Status | None = None
    handled_by: HandledBy | None = None
    assignee: UUID | Literal["none"] | None = None
    team: UUID | None = None
    label: str | None = None
    channel: Channel | None = None
    priority: Priority | None = None
    sla: SlaStatus | None = None
    q: str | None = None
    sort: InboxSort = "newest"
    limit: int = 50
    cursor: str | None = None
    until_seq: int | None = None
    participant: UUID | None = None

    @property
    def size(self) -> int:
        """Rows of a page: `limit` within 1 to 200."""
        return page_limit(self.limit)

    @property
    def is_aside(self) -> bool:
        """A label's and a participant's conversations stand in tables of their own, by last message."""
        return self.label is not None or self.participant is not None

    def fits(self, entry: Entry) -> bool:
        """What `conditions` asks of a row, asked of an entry in memory; but for `q` and the cursor."""
        assignee = NOWHERE if self.assignee == "none" else self.assignee
        wanted = (
            (self.status, entry.status),
            (self.handled_by, entry.handled_by),
            (assignee, entry.assignee_id),
            (self.team, entry.team_id),
            (self.channel, entry.channel),
            (self.priority, URGENCIES[entry.urgency]),
            (self.sla, entry.sla_status),
        )
        is_wanted = all(value is None or value == given for value, given in wanted)
        takes_part = self.participant is None or self.participant in entry.participants
        return is_wanted and takes_part and (self.label is None or self.label in entry.labels)


EVERYTHING = InboxFilter()


class Order(msgspec.Struct, frozen=True):
    """How a list is sorted, and the place of the row after which it begins."""

    sort: InboxSort
    after: Place | None

    @property
    def is_descending(self) -> bool:
        return self.sort == "newest"

    def by(self, aside: bool) -> str:
        """What stands behind ORDER BY."""
        direction = " DESC" if self.is_descending else ""
        return ", ".join(f"{column}{direction}" for column in self.columns(aside))

    def columns(self, aside: bool) -> list[str]:
        """A table beside the inbox has an order of its own by last message: the walk begins there."""
        place = "l" if aside and _SORT_COLUMNS[self.sort] == ("last_at",) else "i"
        return [f"{place}.{column}" for column in (*_SORT_COLUMNS[self.sort], "conversation_id")]

    def place_of(self, entry: Entry) -> Place:
        return tuple(getattr(entry, column) for column in (*_SORT_COLUMNS[self.sort], "conversation_id"))

    def is_after(self, entry: Entry) -> bool:
        """True where the entry stands behind the cursor."""
        if self.after is None:
            return True
        place = self.place_of(entry)
        return place < self.after if self.is_descending else place > self.after

    def cursor_after(self, entry: Entry) -> str:
        *keys, last = self.place_of(entry)
        texts = [key.isoformat() if isinstance(key, datetime) else str(key) for key in keys]
        return encode_cursor(Cursor(self.sort, "/".join(texts), last.hex))


def order_of(filter: InboxFilter) -> Order:
    """Raises Invalid for a cursor that is none of ours, or another order's."""
    if filter.cursor is None:
        return Order(filter.sort, None)
    cursor = decode_cursor(filter.cursor, filter.sort)
    texts = cursor.key.split("/")
    columns = _SORT_COLUMNS[filter.sort]
    try:
        keys = [_key(column, text) for column, text in zip(columns, texts, strict=True)]
        return Order(filter.sort, (*keys, UUID(cursor.last)))
    except ValueError as unreadable:
        raise Invalid("cursor is not one of ours.") from unreadable


def walks(filter: InboxFilter) -> list[str]:
    """The condition of each index walk that a page is merged from: an index begins with one status.

    People found by `q` are few: they are looked up once, and no index is walked.
    """
    if filter.q is not None and filter.status is None:
        return ["true"]
    table = "l" if filter.is_aside else "i"
    statuses = _STATUSES if filter.status is None else (filter.status,)
    return [f"{table}.status = '{status}'" for status in statuses]


def conditions(tenant_id: int, filter: InboxFilter, order: Order) -> tuple[str, str, list[Any]]:
    """(what stands behind FROM, behind WHERE beside a walk's own condition, the values of both)."""
    source = "read.inbox i"
    wanted: list[tuple[str, list[Any]]] = [("i.tenant_id = %s", [tenant_id])]
    if filter.label is not None:
        # Nothing is asked of `i` that the join says already: the planner would take it for fewer rows.
        source = "read.inbox_label l JOIN read.inbox i USING (tenant_id, conversation_id)"
        wanted = [("l.tenant_id = %s AND l.label = %s", [tenant_id, filter.label])]
    elif filter.participant is not None:
        source = "read.inbox_participant l JOIN read.inbox i USING (tenant_id, conversation_id)"
        wanted = [("l.tenant_id = %s AND l.agent_id = %s", [tenant_id, filter.participant])]
    wanted += _columns(filter)
    if filter.q is not None:
        wanted.append((_NAMED, [tenant_id, filter.q, filter.q] * 2))
    if order.after is not None:
        columns = ", ".join(order.columns(filter.is_aside))
        marks = ", ".join("%s" for _ in order.after)
        sign = "<" if order.is_descending else ">"
        wanted.append((f"({columns}) {sign} ({marks})", list(order.after)))
    return source, " AND ".join(text for text, _ in wanted), [value for _, found in wanted for value in found]


def _columns(filter: InboxFilter) -> list[tuple[str, list[Any]]]:
    wanted: list[tuple[str, list[Any]]] = []
    if filter.assignee is not None:
        wanted.append(("i.assignee_id = %s", [NOWHERE if filter.assignee == "none" else filter.assignee]))
    if filter.channel is not None:
        # As a constant: only so the planner sees that the index of the rare channels serves.
        wanted.append((f"i.channel = '{_CHANNELS[filter.channel]}'", []))
    if filter.priority is not None:
        wanted.append(("i.urgency = %s", [URGENCIES.index(filter.priority)]))
    if filter.until_seq is not None:
        wanted.append(("i.seq <= %s", [filter.until_seq]))
    if filter.participant is not None and filter.label is not None:
        wanted.append((_TAKES_PART, [filter.participant]))
    for column, value in (("handled_by", filter.handled_by), ("team_id", filter.team), ("sla_status", filter.sla)):
        if value is not None:
            wanted.append((f"i.{column} = %s", [value]))
    return wanted


def _key(column: str, text: str) -> datetime | int:
    """Raises ValueError."""
    if column == "urgency":
        return _DIGITS.index(text)
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(text)
    return at


_DIGITS = [str(urgency) for urgency in range(len(URGENCIES))]
_CHANNELS: dict[Channel, str] = {channel: channel for channel in get_args(Channel)}
