"""Visits: the pages somebody looked at, and beside them what they asked and how they rated it, as one timeline.

What browsers report is in `track.event`, beside the log (docs/tracking.md); here it is read, and forgotten.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from psycopg import AsyncCursor

from application.projection import Connection
from domain.conversation import Channel
from domain.handling import Status
from domain.refusals import Invalid
from domain.values import bounded
from projections.contacts import FAMILY
from projections.cursor import Cursor, decode_cursor, encode_cursor, page_limit

MomentKind = Literal["page", "event", "conversation", "rating"]


class MomentView(msgspec.Struct, frozen=True):
    """A page, another tracked event, a conversation that began, or a rating; the others' fields are None."""

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
    name: str | None
    props: dict[str, Any] | None


class Timeline(msgspec.Struct, frozen=True):
    """`next_cursor` is None on the last page."""

    moments: tuple[MomentView, ...]
    next_cursor: str | None


_NTH_START = """
SELECT at FROM read.contact_moment WHERE tenant_id = %s AND contact_id = %s AND kind = 'conversation'
ORDER BY at DESC OFFSET %s LIMIT 1"""

_FORGET = """
WITH gone AS (DELETE FROM track.beacon v WHERE v.tenant_id = %(tenant_id)s AND (v.visitor_id = ANY(%(ids)s)
  OR NOT v.is_proven AND v.session_id IN (SELECT m.session_id FROM read.contact_moment m
    WHERE m.tenant_id = %(tenant_id)s AND m.contact_id = ANY(%(ids)s)))
  RETURNING json_array_length(v.events) AS n),
left_now AS (DELETE FROM track.online o WHERE o.tenant_id = %(tenant_id)s AND o.visitor_id = ANY(%(ids)s)),
shown AS (DELETE FROM campaigns.impression i
  WHERE i.tenant_id = %(tenant_id)s AND i.visitor_id = ANY(%(ids)s))
SELECT coalesce(sum(n), 0) FROM gone"""

_KNOWN = """
SELECT EXISTS (SELECT FROM read.contact c WHERE c.tenant_id = %(tenant_id)s AND c.contact_id = %(id)s)
  OR EXISTS (SELECT FROM track.online o WHERE o.tenant_id = %(tenant_id)s AND o.visitor_id = %(id)s)
  OR EXISTS (SELECT FROM track.event v WHERE v.tenant_id = %(tenant_id)s AND v.visitor_id = %(id)s)"""

_WALK = """CROSS JOIN LATERAL (
    SELECT v.at, k.kind, v.event_id::text AS id, v.url, v.title, v.referrer, v.name, v.props
    FROM track.event v
    CROSS JOIN LATERAL (SELECT CASE v.name WHEN 'page_view' THEN 'page' ELSE 'event' END) k (kind)
    WHERE v.tenant_id = %(tenant_id)s AND (%(at)s::timestamptz IS NULL
      OR v.at <= %(at)s AND (v.at, k.kind, v.event_id::text) < (%(at)s, %(kind)s, %(last)s)) AND """
_STEP = " ORDER BY v.at DESC, k.kind DESC, v.event_id::text DESC LIMIT %(limit)s) w"

# What a visitor did before anybody knew them belongs to the visit that their first words came from.
_TIMELINE = (
    FAMILY
    + """, person (contact_id) AS (
  SELECT contact_id FROM family UNION SELECT %(contact_id)s::uuid
), moments AS (
  SELECT m.* FROM read.contact_moment m JOIN person f ON m.contact_id = f.contact_id
  WHERE m.tenant_id = %(tenant_id)s
), tracked AS (
  SELECT w.* FROM person f """
    + _WALK
    + "v.visitor_id = f.contact_id"
    + _STEP
    + """
  UNION ALL
  SELECT w.* FROM (SELECT DISTINCT session_id FROM moments WHERE session_id IS NOT NULL) f """
    + _WALK
    + "NOT v.is_proven AND v.session_id = f.session_id AND v.visitor_id NOT IN (SELECT contact_id FROM person)"
    + _STEP
    + """
), entries AS (
  SELECT at, kind, id, url, title, referrer, NULL::uuid AS conversation_id, NULL AS channel,
    NULL AS status, NULL::timestamptz AS ended_at,
    NULL::bigint AS score, NULL AS comment, name, props
  FROM tracked
  UNION ALL
  SELECT m.at, m.kind, m.conversation_id::text, NULL, NULL, NULL, m.conversation_id, m.channel,
    CASE m.kind WHEN 'conversation' THEN c.status END, CASE m.kind WHEN 'conversation' THEN c.ended_at END,
    m.score, m.comment, NULL, NULL::json
  FROM moments m LEFT JOIN read.conversation c
    ON c.tenant_id = %(tenant_id)s AND c.conversation_id = m.conversation_id
)
SELECT * FROM entries
WHERE %(at)s::timestamptz IS NULL OR (at, kind, id) < (%(at)s, %(kind)s, %(last)s)
ORDER BY at DESC, kind DESC, id DESC LIMIT %(limit)s"""
)


async def is_known(connection: Connection, tenant_id: int, visitor_id: UUID) -> bool:
    """Somebody the tenant has met: a contact, or a visitor who was tracked and never wrote."""
    found = await (await connection.execute(_KNOWN, {"tenant_id": tenant_id, "id": visitor_id})).fetchone()
    return bool(found and found[0])


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
    """Erasure: what these contacts did, and the visits their conversations came from. How many events."""
    values = {"tenant_id": tenant_id, "ids": list(contact_ids)}
    return await _count(await connection.execute(_FORGET, values))


async def _count(cursor: AsyncCursor[tuple[Any, ...]]) -> int:
    found = await cursor.fetchone()
    return found[0] if found else 0


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
