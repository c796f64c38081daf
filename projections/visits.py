"""Visits: the pages somebody looked at, and beside them what they asked and how they rated it, as one timeline.

Page views have a table of their own: raw tracking is never in the log, and goes after `KEPT`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec
from psycopg import AsyncCursor

from application.projection import Connection
from domain.conversation import Channel
from domain.handling import Status
from domain.refusals import Invalid
from domain.values import bounded, required
from projections.contacts import FAMILY
from projections.cursor import Cursor, decode_cursor, encode_cursor, page_limit

KEPT = timedelta(days=30)
URL_LENGTH, TITLE_LENGTH = 2048, 256
SWEPT_AT_ONCE = 10_000

MomentKind = Literal["page", "conversation", "rating"]


class PageView(msgspec.Struct, frozen=True, kw_only=True):
    """One page that one visit looked at. `event_id` is the client's, and tells a repeat within its session.

    `contact_id` only where a visitor token proved it; a session's label proves nothing.
    """

    session_id: str
    event_id: str
    at: datetime
    url: str
    title: str | None = None
    referrer: str | None = None
    contact_id: UUID | None = None
    widget_id: UUID | None = None


class MomentView(msgspec.Struct, frozen=True):
    """A page, a conversation that began, or a rating; the fields of the other kinds are None."""

    at: datetime
    kind: MomentKind
    id: str
    url: str | None
    title: str | None
    referrer: str | None
    conversation_id: UUID | None
    channel: Channel | None
    status: Status | None
    ended_at: datetime | None
    score: int | None
    comment: str | None


class Timeline(msgspec.Struct, frozen=True):
    """`next_cursor` is None on the last page."""

    moments: tuple[MomentView, ...]
    next_cursor: str | None


# Counted by the statement itself: in a pipeline the driver does not know the row count yet.
_INSERT = """
WITH stored AS (INSERT INTO visits.page_view
  (tenant_id, session_id, event_id, contact_id, widget_id, at, url, title, referrer)
SELECT %s, * FROM unnest(%s::text[], %s::text[], %s::uuid[], %s::uuid[], %s::timestamptz[], %s::text[], %s::text[],
  %s::text[]) ON CONFLICT DO NOTHING RETURNING 1)
SELECT count(*) FROM stored"""

_NTH_START = """
SELECT at FROM read.contact_moment WHERE tenant_id = %s AND contact_id = %s AND kind = 'conversation'
ORDER BY at DESC OFFSET %s LIMIT 1"""

_FORGET = """
WITH gone AS (DELETE FROM visits.page_view v WHERE v.tenant_id = %(tenant_id)s AND (v.contact_id = ANY(%(ids)s)
  OR v.contact_id IS NULL AND v.session_id IN (SELECT m.session_id FROM read.contact_moment m
    WHERE m.tenant_id = %(tenant_id)s AND m.contact_id = ANY(%(ids)s))) RETURNING 1)
SELECT count(*) FROM gone"""

_SWEEP = """
WITH gone AS (DELETE FROM visits.page_view WHERE ctid = ANY (ARRAY(SELECT ctid FROM visits.page_view
  WHERE at < %s ORDER BY at LIMIT %s)) RETURNING 1)
SELECT count(*) FROM gone"""

# What a visitor saw before anybody knew them belongs to the visit that their first words came from.
_TIMELINE = (
    FAMILY
    + """, moments AS (
  SELECT m.* FROM read.contact_moment m JOIN family f ON m.contact_id = f.contact_id
  WHERE m.tenant_id = %(tenant_id)s
), pages AS (
  SELECT v.* FROM visits.page_view v JOIN family f ON v.contact_id = f.contact_id
  WHERE v.tenant_id = %(tenant_id)s
  UNION ALL
  SELECT v.* FROM visits.page_view v
  WHERE v.tenant_id = %(tenant_id)s AND v.contact_id IS NULL
    AND v.session_id IN (SELECT session_id FROM moments WHERE session_id IS NOT NULL)
), entries AS (
  SELECT at, 'page' AS kind, session_id || ' ' || event_id AS id, url, title, referrer,
    NULL::uuid AS conversation_id, NULL AS channel, NULL AS status, NULL::timestamptz AS ended_at,
    NULL::bigint AS score, NULL AS comment
  FROM pages
  UNION ALL
  SELECT m.at, m.kind, m.conversation_id::text, NULL, NULL, NULL, m.conversation_id, m.channel,
    CASE m.kind WHEN 'conversation' THEN c.status END, CASE m.kind WHEN 'conversation' THEN c.ended_at END,
    m.score, m.comment
  FROM moments m LEFT JOIN read.conversation c
    ON c.tenant_id = %(tenant_id)s AND c.conversation_id = m.conversation_id
)
SELECT * FROM entries
WHERE %(at)s::timestamptz IS NULL OR (at, kind, id) < (%(at)s, %(kind)s, %(last)s)
ORDER BY at DESC, kind DESC, id DESC LIMIT %(limit)s"""
)


async def record_page_views(connection: Connection, tenant_id: int, batch: Sequence[PageView]) -> int:
    """Store these in one statement; how many were new. Raises Invalid, and then stores none."""
    views = [_valid(view) for view in batch]
    if not views:
        return 0
    names = ("session_id", "event_id", "contact_id", "widget_id", "at", "url", "title", "referrer")
    columns = [[getattr(view, name) for view in views] for name in names]
    return await _count(await connection.execute(_INSERT, (tenant_id, *columns)))


async def read_timeline(
    connection: Connection, tenant_id: int, contact_id: UUID, limit: int = 50, cursor: str | None = None
) -> Timeline:
    """Newest first, of everybody who is one person with this contact. Raises Invalid."""
    size, place = page_limit(limit), _place(cursor)
    values = {"tenant_id": tenant_id, "contact_id": contact_id, "limit": size + 1, **place}
    found = await connection.execute(_TIMELINE, values)
    moments = tuple(_moment(row) for row in await found.fetchall())
    if len(moments) <= size:
        return Timeline(moments, None)
    last = moments[size - 1]
    key = msgspec.json.encode((last.at, last.kind)).decode()
    return Timeline(moments[:size], encode_cursor(Cursor("timeline", key, last.id)))


async def read_nth_start(connection: Connection, tenant_id: int, contact_id: UUID, number: int) -> datetime | None:
    """When this contact's `number`th last conversation began; None where there were not so many."""
    found = await connection.execute(_NTH_START, (tenant_id, contact_id, number - 1))
    row = await found.fetchone()
    return row[0] if row else None


async def forget_page_views(connection: Connection, tenant_id: int, contact_ids: Collection[UUID]) -> int:
    """Erasure: what these contacts looked at, and the visits that their conversations came from."""
    values = {"tenant_id": tenant_id, "ids": list(contact_ids)}
    return await _count(await connection.execute(_FORGET, values))


async def sweep_page_views(connection: Connection, before: datetime) -> int:
    """Delete at most `SWEPT_AT_ONCE` views that are older, of all tenants; call it until it says 0."""
    return await _count(await connection.execute(_SWEEP, (before, SWEPT_AT_ONCE)))


async def _count(cursor: AsyncCursor[tuple[Any, ...]]) -> int:
    found = await cursor.fetchone()
    return found[0] if found else 0


def _valid(view: PageView) -> PageView:
    required("sessionId", view.session_id)
    required("eventId", view.event_id)
    for name, address in (("url", view.url), ("referrer", view.referrer)):
        if address is not None and not bounded(name, address, URL_LENGTH).startswith(("http://", "https://")):
            raise Invalid(f"{name} is an http or https address.")
    bounded("title", view.title or "", TITLE_LENGTH)
    if view.at.tzinfo is None:
        raise Invalid("timestamp has a zone.")
    return view


def _place(cursor: str | None) -> dict[str, Any]:
    if cursor is None:
        return {"at": None, "kind": None, "last": None}
    place = decode_cursor(cursor, "timeline")
    try:
        at, kind = msgspec.json.decode(place.key, type=tuple[datetime, str])
    except msgspec.MsgspecError as unreadable:
        raise Invalid("cursor is not one of ours.") from unreadable
    return {"at": at, "kind": bounded("cursor", kind), "last": bounded("cursor", place.last, 1000)}


def _moment(row: tuple[Any, ...]) -> MomentView:
    return msgspec.convert(dict(zip(MomentView.__struct_fields__, row, strict=True)), MomentView)
