"""Batch: the beacons of one group commit as two statements in one transaction."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence, Set
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from psycopg import AsyncCursor

from application.tracking import HEARTBEAT, PAGE_VIEW, Beacon, Sighting, TrackedEvent
from infrastructure.arrays import BinaryArray, Integers, Texts, Timestamps, Uuids
from infrastructure.postgres import Connection

ONLINE_SECONDS = 60
"""Who was not seen for so long is gone."""

# Events are arrays as PostgreSQL keeps them: to parse them out of JSON took a third of the statement. DISTINCT ON:
# two posters may send the same event at once. In order of the key, as in every transaction: no two groups can wait
# for each other.
_EVENT = """
WITH event AS MATERIALIZED (
  SELECT DISTINCT ON (b.tenant_id, e.event_id) (now() AT TIME ZONE 'UTC')::date AS day,
    b.tenant_id, b.visitor_id, e.event_id, b.widget_id, b.session_id, b.is_proven,
    e.name, e.at, e.url, e.title, e.referrer, e.props::json
  FROM json_to_recordset(%s::json)
    AS b(beacon int, tenant_id int, visitor_id uuid, is_proven bool, session_id text, widget_id uuid)
  JOIN unnest(%b::int[], %b::uuid[], %b::text[], %b::timestamptz[], %b::text[], %b::text[], %b::text[], %b::text[])
    AS e(beacon, event_id, name, at, url, title, referrer, props) ON e.beacon = b.beacon
  ORDER BY b.tenant_id, e.event_id
)"""

# Nearly every group is all new: it is written as such, and a repeat in it is a unique violation. ON CONFLICT logs
# each key twice, and what it let through must be joined: a third of the statement.
_ALL_NEW = """, marked AS (
  INSERT INTO track.seen (tenant_id, event_id, day) SELECT tenant_id, event_id, day FROM event
), fresh AS (SELECT * FROM event)"""

_SOME_NEW = """, marked AS (
  INSERT INTO track.seen (tenant_id, event_id, day) SELECT tenant_id, event_id, day FROM event
  ON CONFLICT DO NOTHING RETURNING tenant_id, event_id
), fresh AS (SELECT event.* FROM event JOIN marked USING (tenant_id, event_id))"""

_KEEP = """, counted AS (
  INSERT INTO track.tally (day, tenant_id, name, number)
  SELECT day, tenant_id, name, count(*) FROM fresh WHERE visitor_id IS NULL GROUP BY day, tenant_id, name
)
INSERT INTO track.event
  (day, tenant_id, visitor_id, event_id, widget_id, session_id, is_proven, name, at, url, title, referrer, props)
SELECT * FROM fresh WHERE visitor_id IS NOT NULL"""

_STORE_NEW, _STORE_SOME = ((_EVENT + which + _KEEP).encode() for which in (_ALL_NEW, _SOME_NEW))

_SEE = """
INSERT INTO track.online AS o (tenant_id, visitor_id, since, seen_at, url, title, referrer)
SELECT tenant_id, visitor_id, now(), now(), url, title, referrer
FROM json_to_recordset(%s::json)
  AS s(tenant_id int, visitor_id uuid, url text, title text, referrer text) ORDER BY tenant_id, visitor_id
ON CONFLICT (tenant_id, visitor_id) DO UPDATE SET
  since = CASE WHEN o.seen_at < now() - %s * interval '1 second' THEN now() ELSE o.since END,
  referrer = CASE WHEN o.seen_at < now() - %s * interval '1 second' THEN EXCLUDED.referrer
    ELSE coalesce(o.referrer, EXCLUDED.referrer) END,
  url = coalesce(EXCLUDED.url, o.url),
  title = CASE WHEN EXCLUDED.url IS NULL THEN o.title ELSE EXCLUDED.title END,
  seen_at = now()
RETURNING tenant_id, visitor_id, since = now(), since, url, title, referrer"""


class BeaconRow(msgspec.Struct):
    """A beacon as the statement reads it, numbered within its group; without consent it names nobody."""

    tenant_id: int
    visitor_id: UUID | None
    is_proven: bool
    session_id: str
    widget_id: UUID
    beacon: int = 0


class EventRow(msgspec.Struct, frozen=True):
    """An event as it is stored; `event_id` has 16 bytes, the first 8 its visitor's or session's.

    Without consent nothing but the first three is there.
    """

    event_id: bytes
    name: str
    at: datetime
    url: str | None = None
    title: str | None = None
    referrer: str | None = None
    props: str | None = None


class Parcel(msgspec.Struct, frozen=True):
    """A beacon ready to be sent, and who is where because of it."""

    row: BeaconRow
    events: list[EventRow]
    here: Here | None

    @property
    def count(self) -> int:
        return len(self.events)


class Here(msgspec.Struct, frozen=True):
    """Somebody seen just now; the addresses are None where only their being there is known."""

    tenant_id: int
    visitor_id: UUID
    url: str | None = None
    title: str | None = None
    referrer: str | None = None


def parcel(beacon: Beacon, arrived_at: datetime, secret: bytes) -> Parcel:
    """Takes out of the beacon what may be stored; a clock that is ahead is set to `arrived_at`."""
    hasher = hashlib.blake2b(_scope(beacon), key=secret, digest_size=8)
    scope, has_consent = hasher.digest(), beacon.visitor_id is not None
    rows: list[EventRow] = []
    page: TrackedEvent | None = None
    for event in beacon.events:
        if event.name == HEARTBEAT:
            continue
        id = scope + (os.urandom(8) if event.event_id is None else _hash(hasher, event.event_id))
        if not has_consent:
            rows.append(EventRow(id, event.name, arrived_at))
            continue
        at = arrived_at if event.at is None or event.at > arrived_at else event.at
        props = None if event.props is None else msgspec.json.encode(event.props).decode()
        rows.append(EventRow(id, event.name, at, event.url, event.title, event.referrer, props))
        if event.name == PAGE_VIEW and event.url is not None:
            page = event
    session_id = beacon.session_id if has_consent else ""
    row = BeaconRow(beacon.tenant_id, beacon.visitor_id, beacon.is_proven, session_id, beacon.widget_id)
    return Parcel(row, rows, _here(beacon, page))


async def store(connection: Connection, parcels: Sequence[Parcel]) -> tuple[Sighting, ...]:
    """All of them, durable when it returns: what is new of them once. Answers who came or moved.

    Safe to do twice. Raises psycopg.Error.
    """
    try:
        return await _store(connection, parcels, _STORE_NEW)
    except psycopg.errors.UniqueViolation:
        return await _store(connection, parcels, _STORE_SOME)


async def see(connection: Connection, here: Sequence[Here]) -> tuple[Sighting, ...]:
    """Marks each of them, named once, as here now. Answers who came. Raises psycopg.Error."""
    return await _sightings(await _see(connection, here), frozenset())


async def _store(connection: Connection, parcels: Sequence[Parcel], statement: bytes) -> tuple[Sighting, ...]:
    filled, here = [one for one in parcels if one.events], _each_once(parcels)
    columns = _columns(filled)  # before BEGIN: PostgreSQL need not wait for it
    async with connection.pipeline(), connection.transaction():
        if filled:
            await connection.execute(statement, columns)
        seen = await _see(connection, here)
    pages = {(one.tenant_id, one.visitor_id) for one in here if one.url is not None}
    return await _sightings(seen, pages)


async def _see(connection: Connection, here: Sequence[Here]) -> AsyncCursor[tuple[Any, ...]] | None:
    if not here:
        return None
    return await connection.execute(_SEE, (_json(here), ONLINE_SECONDS, ONLINE_SECONDS))


async def _sightings(
    seen: AsyncCursor[tuple[Any, ...]] | None, pages: Set[tuple[int, UUID]]
) -> tuple[Sighting, ...]:
    """Those of the marked who just came, or are on one of these `pages` now."""
    rows = [] if seen is None else await seen.fetchall()
    return tuple(
        Sighting(
            tenant_id=tenant_id,
            visitor_id=visitor_id,
            is_online=True,
            since=since,
            url=url,
            title=title,
            referrer=referrer,
        )
        for tenant_id, visitor_id, just_came, since, url, title, referrer in rows
        if just_came or (tenant_id, visitor_id) in pages
    )


def _here(beacon: Beacon, page: TrackedEvent | None) -> Here | None:
    if beacon.visitor_id is None:
        return None
    if page is None:
        return Here(beacon.tenant_id, beacon.visitor_id)
    return Here(beacon.tenant_id, beacon.visitor_id, page.url, page.title, page.referrer)


def _each_once(parcels: Sequence[Parcel]) -> list[Here]:
    """PostgreSQL changes a row once per statement. The last page counts."""
    found: dict[tuple[int, UUID], Here] = {}
    for one in parcels:
        here = one.here
        if here is None:
            continue
        key = (here.tenant_id, here.visitor_id)
        if here.url is not None or key not in found:
            found[key] = here
    return list(found.values())


def _columns(parcels: Sequence[Parcel]) -> tuple[str | BinaryArray, ...]:
    """The beacons, and their events by column, each with its beacon's number."""
    numbers = list[int]()
    for number, one in enumerate(parcels):
        one.row.beacon = number
        numbers.extend([number] * one.count)
    events = [event for one in parcels for event in one.events]
    return (
        _json([one.row for one in parcels]),
        Integers.of(numbers),
        Uuids.of_bytes([event.event_id for event in events]),
        Texts.of([event.name for event in events]),
        Timestamps.of([event.at for event in events]),
        Texts.of_some([event.url for event in events]),
        Texts.of_some([event.title for event in events]),
        Texts.of_some([event.referrer for event in events]),
        Texts.of_some([event.props for event in events]),
    )


def _json(rows: Sequence[msgspec.Struct]) -> str:
    return msgspec.json.encode(rows).decode()


def _scope(beacon: Beacon) -> bytes:
    """Within which an event's id is unique: a visitor, or for somebody unknown a widget's session."""
    if beacon.is_proven and beacon.visitor_id is not None:
        return b"%d|%s|" % (beacon.tenant_id, beacon.visitor_id.bytes)
    return b"%d|%s|%s|" % (beacon.tenant_id, beacon.widget_id.bytes, beacon.session_id.encode())


def _hash(scope: hashlib.blake2b, event_id: str) -> bytes:
    hasher = scope.copy()
    hasher.update(event_id.encode())
    return hasher.digest()
