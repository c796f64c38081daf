"""The inbox as it was: rows to which nothing has happened since, and the others folded again up to then.

So its price is what has happened since, not how much there is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from uuid import UUID

import msgspec

from application.log import Recorded
from application.projection import Connection
from domain.handling import Status
from domain.kernel import NOWHERE
from projections.inbox_counts import InboxCounts
from projections.inbox_entry import Entry
from projections.inbox_filter import InboxFilter, Order
from projections.inbox_fold import fold_entry
from projections.table import Key

Tally = Counter[tuple[Status, UUID]]

# One statement, so that both halves see the same inbox.
_MOVED = """
SELECT NULL::uuid, status, assignee_id, conversations FROM read.inbox_count
WHERE tenant_id = %(tenant_id)s AND status IN ('open', 'snoozed')
UNION ALL (
  SELECT conversation_id, status, assignee_id, -1 FROM read.inbox
  WHERE tenant_id = %(tenant_id)s AND seq > %(seq)s LIMIT %(most)s)"""


class Moved(msgspec.Struct, frozen=True):
    """Conversations to which something has happened since, and the counts of all others."""

    conversation_ids: tuple[UUID, ...]
    still: Tally


async def read_moved(connection: Connection, tenant_id: int, seq: int, most: int) -> Moved:
    """At most `most` conversations; where there are that many, `still` is of no use."""
    cursor = await connection.execute(_MOVED, {"tenant_id": tenant_id, "seq": seq, "most": most})
    ids: list[UUID] = []
    still: Tally = Counter()
    for conversation_id, status, assignee_id, number in await cursor.fetchall():
        still[status, assignee_id] += number
        if conversation_id is not None:
            ids.append(conversation_id)
    return Moved(tuple(ids), still)


def entries_of(recorded: Sequence[Recorded]) -> list[Entry]:
    """The same fold as the read model's, over whole streams."""
    entries: dict[Key, Entry] = {}
    for one in recorded:
        fold_entry(entries, one)
    return list(entries.values())


def merged(still: Iterable[Entry], moved: Iterable[Entry], filter: InboxFilter, order: Order) -> list[Entry]:
    """In the list's order, one more than a page has if there is a next one; what moved is taken as it was."""
    known = {entry.conversation_id: entry for entry in still}
    for entry in moved:
        known.pop(entry.conversation_id, None)
        if filter.fits(entry) and order.is_after(entry):
            known[entry.conversation_id] = entry
    return sorted(known.values(), key=order.place_of, reverse=order.is_descending)[: filter.size + 1]


def counts_then(moved: Moved, entries: Iterable[Entry], me: UUID | None) -> InboxCounts:
    """Of the whole inbox as it was."""
    tally = moved.still + Counter((entry.status, entry.assignee_id) for entry in entries)
    return InboxCounts(
        mine=0 if me is None else tally["open", me],
        unassigned=tally["open", NOWHERE],
        open=sum(number for (status, _), number in tally.items() if status == "open"),
        snoozed=sum(number for (status, _), number in tally.items() if status == "snoozed"),
    )
