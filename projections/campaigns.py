"""Campaigns: the lists that supervisors see, what a widget shows, and what those who send need to know."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from application.campaign_ports import Queued, Recipient, Standing, Taken
from application.due import Due
from application.projection import Connection
from domain.campaign import CampaignContent
from domain.campaign_batch import RecipientStatus
from domain.campaign_life import CampaignKind, CampaignStatus
from domain.campaign_progress import Counts, Progress
from domain.refusals import Invalid
from projections.cursor import Cursor, decode_cursor, encode_cursor, page_limit

NEWEST = UUID(int=2**128 - 1)
OLDEST = UUID(int=0)
MOST_SHOWN = 50
"""Running campaigns that a widget is told of."""


class CampaignView(msgspec.Struct, frozen=True):
    """`progress.as_of` is 0 in a list: its rows are as of the whole answer."""

    campaign_id: UUID
    kind: CampaignKind
    status: CampaignStatus
    content: CampaignContent
    drafted_at: datetime
    launch_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    reason: str | None
    version: int
    counts: Counts

    def progress(self, as_of: int) -> Progress:
        return Progress(self.kind, self.status, self.counts, as_of, self.started_at)


class CampaignPage(msgspec.Struct, frozen=True):
    """`next_cursor` is None on the last page."""

    campaigns: tuple[CampaignView, ...]
    next_cursor: str | None


class RecipientView(msgspec.Struct, frozen=True):
    contact_id: UUID
    status: RecipientStatus
    reason: str | None
    conversation_id: UUID | None
    at: datetime


class RecipientPage(msgspec.Struct, frozen=True):
    recipients: tuple[RecipientView, ...]
    next_cursor: str | None


class Shown(msgspec.Struct, frozen=True):
    """An ongoing campaign that runs; `author`: the name of who speaks, None for the shop itself."""

    campaign_id: UUID
    content: CampaignContent
    author: str | None


_FIELDS = ", ".join(f"c.{name}" for name in CampaignView.__struct_fields__ if name != "counts")
_JOINED = """
FROM read.campaign c
LEFT JOIN read.campaign_count n ON n.tenant_id = c.tenant_id AND n.campaign_id = c.campaign_id
LEFT JOIN campaigns.tally t ON t.tenant_id = c.tenant_id AND t.campaign_id = c.campaign_id"""
_COUNTS = "n.counts, coalesce(t.shown, 0), coalesce(t.seen, 0)"
_VIEW = f"SELECT {_FIELDS}, {_COUNTS} {_JOINED} WHERE c.tenant_id = %(tenant_id)s AND NOT c.is_removed"

# Every answer with the seq that its build had reached when it was read.
_UNREPORTED = f"""
SELECT c.tenant_id, c.campaign_id, c.kind, c.status, c.started_at, p.tpos, {_COUNTS} {_JOINED}
JOIN es.projection b ON b.name = 'campaigns' AND b.state = 'live'
JOIN es.projection_tenant p ON p.name = b.name AND p.build = b.build AND p.tenant_id = c.tenant_id
WHERE c.started_at IS NOT NULL AND (n.is_behind OR c.kind = 'ongoing'
  AND (coalesce(t.shown, 0), coalesce(t.seen, 0)) IS DISTINCT FROM (n.reported_shown, n.reported_seen))"""

_QUEUED = """
WITH batch (number) AS (
  SELECT min(number) FROM read.campaign_recipient
  WHERE tenant_id = %(tenant_id)s AND campaign_id = %(id)s AND status = 'queued' AND number >= %(number)s
)
SELECT r.number, r.contact_id, (
  SELECT i.conversation_id FROM read.inbox i WHERE i.tenant_id = r.tenant_id AND i.contact_id = r.contact_id
    AND i.status <> 'resolved' AND i.channel = 'chat' ORDER BY i.last_at DESC LIMIT 1)
FROM read.campaign_recipient r JOIN batch b ON r.number = b.number
WHERE r.tenant_id = %(tenant_id)s AND r.campaign_id = %(id)s AND r.status = 'queued' ORDER BY r.contact_id"""

_SHOWN = """
SELECT c.campaign_id, c.content, coalesce(a.name, s.persona->>'name') FROM read.campaign c
LEFT JOIN read.agent a ON a.tenant_id = c.tenant_id AND a.agent_id::text = c.content->'author'->>'id'
LEFT JOIN read.assistant s ON s.tenant_id = c.tenant_id AND s.assistant_id::text = c.content->'author'->>'id'
WHERE c.tenant_id = %s AND NOT c.is_removed AND c.kind = 'ongoing' AND c.status = 'running'
  AND (c.content->>'widget_id' IS NULL OR c.content->>'widget_id' = %s) ORDER BY c.campaign_id DESC LIMIT %s"""

_SEEN_ALREADY = """
SELECT campaign_id FROM campaigns.impression
WHERE tenant_id = %s AND visitor_id = %s AND campaign_id = ANY(%s) AND (again_at IS NULL OR again_at > now())"""


async def read_campaigns(
    connection: Connection, tenant_id: int, status: str | None = None, limit: int = 50, cursor: str | None = None
) -> CampaignPage:
    """The newest first. Raises Invalid."""
    size, before = page_limit(limit), _place(cursor, "campaigns", NEWEST)
    found = await connection.execute(
        (
            _VIEW + " AND c.campaign_id < %(before)s AND (%(status)s::text IS NULL OR c.status = %(status)s)"
            " ORDER BY c.campaign_id DESC LIMIT %(limit)s"
        ).encode(),
        {"tenant_id": tenant_id, "before": before, "status": status, "limit": size + 1},
    )
    views = tuple(_view(row) for row in await found.fetchall())
    more = _cursor("campaigns", views[size - 1].campaign_id) if len(views) > size else None
    return CampaignPage(views[:size], more)


async def read_campaign(connection: Connection, tenant_id: int, campaign_id: UUID) -> CampaignView | None:
    """None where this tenant has none."""
    values = {"tenant_id": tenant_id, "id": campaign_id}
    found = await connection.execute((_VIEW + " AND c.campaign_id = %(id)s").encode(), values)
    row = await found.fetchone()
    return None if row is None else _view(row)


async def read_recipients(
    connection: Connection,
    tenant_id: int,
    campaign_id: UUID,
    status: RecipientStatus | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> RecipientPage:
    """In order of their ids. Raises Invalid."""
    size, after = page_limit(limit), _place(cursor, "recipients", OLDEST)
    chosen = "" if status is None else " AND status = %(status)s"
    found = await connection.execute(
        (
            "SELECT contact_id, status, reason, conversation_id, at FROM read.campaign_recipient "
            f"WHERE tenant_id = %(tenant_id)s AND campaign_id = %(id)s AND contact_id > %(after)s{chosen} "
            "ORDER BY contact_id LIMIT %(limit)s"
        ).encode(),
        {"tenant_id": tenant_id, "id": campaign_id, "after": after, "status": status, "limit": size + 1},
    )
    rows = tuple(RecipientView(*row) for row in await found.fetchall())
    more = _cursor("recipients", rows[size - 1].contact_id) if len(rows) > size else None
    return RecipientPage(rows[:size], more)


async def read_shown(connection: Connection, tenant_id: int, widget_id: UUID) -> Sequence[Shown]:
    """The ongoing campaigns that run on this widget's pages, the newest first."""
    found = await connection.execute(
        _SHOWN,
        (tenant_id, str(widget_id), MOST_SHOWN),
    )
    rows = await found.fetchall()
    return [Shown(id, msgspec.convert(content, CampaignContent), author) for id, content, author in rows]


async def read_seen(
    connection: Connection, tenant_id: int, visitor_id: UUID, campaign_ids: Collection[UUID]
) -> frozenset[UUID]:
    """Those that this visitor does not see again, or not yet."""
    found = await connection.execute(_SEEN_ALREADY, (tenant_id, visitor_id, list(campaign_ids)))
    return frozenset(row[0] for row in await found.fetchall())


async def read_queued(connection: Connection, tenant_id: int, campaign_id: UUID, number: int) -> Queued | None:
    values = {"tenant_id": tenant_id, "id": campaign_id, "number": number}
    rows = await (await connection.execute(_QUEUED, values)).fetchall()
    return Queued(rows[0][0], tuple(Recipient(row[1], row[2]) for row in rows)) if rows else None


async def read_taken(connection: Connection, tenant_id: int, campaign_id: UUID) -> Taken:
    found = await connection.execute(
        "SELECT batches, counts, last_queued FROM read.campaign_count WHERE tenant_id = %s AND campaign_id = %s",
        (tenant_id, campaign_id),
    )
    row = await found.fetchone()
    return Taken(0, 0, None) if row is None else Taken(row[0], msgspec.convert(row[1], Counts).total, row[2])


async def read_unreported(connection: Connection) -> list[Standing]:
    """Of all tenants: for a worker's connection."""
    rows = await (await connection.execute(_UNREPORTED.encode())).fetchall()
    return [
        Standing(tenant_id, id, Progress(kind, status, _counts(*counts), seq, started_at))
        for tenant_id, id, kind, status, started_at, seq, *counts in rows
    ]


async def read_campaigns_due(connection: Connection) -> tuple[Due, ...]:
    """Of all tenants: for a worker's connection."""
    found = await connection.execute(
        "SELECT tenant_id, campaign_id, due_at, version, position FROM read.campaign WHERE due_at IS NOT NULL"
    )
    return tuple(
        Due(tenant, id, "campaign", at, version, pos) for tenant, id, at, version, pos in await found.fetchall()
    )


def _view(row: tuple[Any, ...]) -> CampaignView:
    *facts, counts, shown, seen = row
    values = dict(zip(CampaignView.__struct_fields__, [*facts, None], strict=True))
    return msgspec.convert(values | {"counts": _counts(counts, shown, seen)}, CampaignView)


def _counts(folded: Any, shown: int, seen: int) -> Counts:
    known = Counts() if folded is None else msgspec.convert(folded, Counts)
    return msgspec.structs.replace(known, shown=shown, seen=seen)


def _cursor(order: str, id: UUID) -> str:
    return encode_cursor(Cursor(order, "", id.hex))


def _place(cursor: str | None, order: str, start: UUID) -> UUID:
    if cursor is None:
        return start
    try:
        return UUID(hex=decode_cursor(cursor, order).last)
    except ValueError as unreadable:
        raise Invalid("cursor is not one of ours.") from unreadable
