"""The inbox's counts: how many conversations each agent has in each status, kept up by the fold itself.

Reading them looks at one row per agent, however many conversations there are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from uuid import UUID

import msgspec

from application.projection import Connection
from domain.handling import Status
from domain.kernel import NOWHERE
from projections.inbox_entry import Entry
from projections.table import Table


class CountRow(msgspec.Struct):
    """Conversations of one agent (NOWHERE: of nobody) in one status; there is no row for none."""

    tenant_id: int
    status: Status
    assignee_id: UUID
    conversations: int


class InboxCounts(msgspec.Struct, frozen=True):
    """Open conversations: assigned to me, to nobody, all; and the snoozed ones of everybody.

    Each equals the length of the list so filtered.
    """

    mine: int
    unassigned: int
    open: int
    snoozed: int


Place = tuple[int, Status, UUID]

COUNTS = Table("inbox_count", CountRow, ("status", "assignee_id"))

_ADD = """
INSERT INTO read.inbox_count_{build} AS c (tenant_id, status, assignee_id, conversations)
SELECT * FROM unnest(%s::bigint[], %s::text[], %s::uuid[], %s::bigint[])
ON CONFLICT (tenant_id, status, assignee_id)
  DO UPDATE SET conversations = c.conversations + EXCLUDED.conversations"""

_TIDY = """
DELETE FROM read.inbox_count_{build} c USING unnest(%s::bigint[], %s::text[], %s::uuid[]) k(tenant_id, status, id)
WHERE c.tenant_id = k.tenant_id AND c.status = k.status AND c.assignee_id = k.id AND c.conversations = 0"""

_READ = """
SELECT coalesce(sum(conversations) FILTER (WHERE status = 'open' AND assignee_id = %s), 0)::bigint,
  coalesce(sum(conversations) FILTER (WHERE status = 'open' AND assignee_id = %s), 0)::bigint,
  coalesce(sum(conversations) FILTER (WHERE status = 'open'), 0)::bigint,
  coalesce(sum(conversations) FILTER (WHERE status = 'snoozed'), 0)::bigint
FROM read.inbox_count WHERE tenant_id = %s AND status IN ('open', 'snoozed')"""


def place_of(entry: Entry) -> Place:
    """Where a conversation is counted."""
    return entry.tenant_id, entry.status, entry.assignee_id


async def count(connection: Connection, build: int, gone: Iterable[Place], come: Iterable[Place]) -> None:
    """One less in each place of `gone`, one more in each of `come`; in the caller's transaction."""
    moves = Counter(come)
    moves.subtract(Counter(gone))
    moved = {place: number for place, number in moves.items() if number}
    if not moved:
        return
    tenants, statuses, assignees = (list(column) for column in zip(*moved, strict=True))
    await connection.execute(
        _ADD.format(build=build).encode(), (tenants, statuses, assignees, list(moved.values()))
    )
    await connection.execute(_TIDY.format(build=build).encode(), (tenants, statuses, assignees))


async def read_counts(connection: Connection, tenant_id: int, me: UUID | None) -> InboxCounts:
    """Of the whole inbox, whatever is listed."""
    cursor = await connection.execute(_READ, (me, NOWHERE, tenant_id))
    found = await cursor.fetchone()
    return InboxCounts(*found) if found else InboxCounts(0, 0, 0, 0)
