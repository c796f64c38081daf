"""Online: who is on the site, marked and swept by statements that any number of processes may give."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from application.tracking import Sighting
from infrastructure.pipeline import Pipeline, Step, rows_of
from infrastructure.postgres import Connection, Database

ONLINE_SECONDS = 60
"""Who was not seen for so long is gone."""

SEE_TYPES = ("json", "int", "int")
SEE = """
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


Marked = Sequence[tuple[Any, ...]]
"""What a statement that marked answers, a row for each."""


class Here(msgspec.Struct, frozen=True):
    """Somebody seen just now; the addresses are None where only their being there is known."""

    tenant_id: int
    visitor_id: UUID
    url: str | None = None
    title: str | None = None
    referrer: str | None = None


async def see(pipeline: Pipeline, here: Sequence[Here]) -> tuple[Sighting, ...]:
    """Marks each of them, named once, as here now. Answers who came. Raises psycopg.Error."""
    if not here:
        return ()
    (result,) = await pipeline.ask(see_step(here))
    return sightings(rows_of(result), ())


def see_step(here: Sequence[Here]) -> Step:
    """The statement alone, for a transaction of more; its answer is for `sightings`."""
    seconds = ONLINE_SECONDS.to_bytes(4)
    return Step(b"track_see", (msgspec.json.encode(here), seconds, seconds))


async def mark(connection: Connection, here: Sequence[Here]) -> Marked:
    """The same on a connection that answers one thing at a time."""
    if not here:
        return ()
    values = (msgspec.json.encode(here).decode(), ONLINE_SECONDS, ONLINE_SECONDS)
    return await (await connection.execute(SEE, values)).fetchall()


def sightings(seen: Marked, here: Sequence[Here]) -> tuple[Sighting, ...]:
    """Those of the marked who just came, or are on a page of these now."""
    pages = {(one.tenant_id, one.visitor_id) for one in here if one.url is not None}
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
        for tenant_id, visitor_id, just_came, since, url, title, referrer in seen
        if just_came or (tenant_id, visitor_id) in pages
    )


async def sweep_online(database: Database, seconds: float = ONLINE_SECONDS) -> tuple[Sighting, ...]:
    """Who was not seen for so long; each of them is told to one caller. Raises psycopg.Error, PoolTimeout."""
    async with database.worker() as connection:
        rows = await (await connection.execute(_SWEEP, (seconds,))).fetchall()
    return tuple(Sighting(tenant_id=row[0], visitor_id=row[1], is_online=False) for row in rows)
