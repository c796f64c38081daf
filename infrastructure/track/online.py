"""Online: who is on the site, marked and swept by statements that any number of processes may give."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from psycopg import AsyncCursor

from application.tracking import Sighting
from infrastructure.postgres import Connection, Database

ONLINE_SECONDS = 60
"""Who was not seen for so long is gone."""

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

# SKIP LOCKED: whoever is being seen again this moment is not gone.
_SWEEP = """
DELETE FROM track.online o USING (
  SELECT tenant_id, visitor_id FROM track.online WHERE seen_at < now() - %s * interval '1 second'
  ORDER BY tenant_id, visitor_id FOR UPDATE SKIP LOCKED
) g WHERE o.tenant_id = g.tenant_id AND o.visitor_id = g.visitor_id
RETURNING o.tenant_id, o.visitor_id"""


Marking = AsyncCursor[tuple[Any, ...]] | None
"""What a statement that marked says; None where there was nobody to mark."""


class Here(msgspec.Struct, frozen=True):
    """Somebody seen just now; the addresses are None where only their being there is known."""

    tenant_id: int
    visitor_id: UUID
    url: str | None = None
    title: str | None = None
    referrer: str | None = None


async def see(connection: Connection, here: Sequence[Here]) -> tuple[Sighting, ...]:
    """Marks each of them, named once, as here now. Answers who came. Raises psycopg.Error."""
    return await sightings(await mark(connection, here), ())


async def mark(connection: Connection, here: Sequence[Here]) -> Marking:
    """The statement alone, for a transaction of more; its answer is for `sightings`."""
    if not here:
        return None
    return await connection.execute(_SEE, (msgspec.json.encode(here).decode(), ONLINE_SECONDS, ONLINE_SECONDS))


async def sightings(seen: Marking, here: Sequence[Here]) -> tuple[Sighting, ...]:
    """Those of the marked who just came, or are on a page of these now."""
    pages = {(one.tenant_id, one.visitor_id) for one in here if one.url is not None}
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


async def sweep_online(database: Database, seconds: float = ONLINE_SECONDS) -> tuple[Sighting, ...]:
    """Who was not seen for so long; each of them is told to one caller. Raises psycopg.Error, PoolTimeout."""
    async with database.worker() as connection:
        rows = await (await connection.execute(_SWEEP, (seconds,))).fetchall()
    return tuple(Sighting(tenant_id=row[0], visitor_id=row[1], is_online=False) for row in rows)
