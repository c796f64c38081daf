"""Online: who left the site, found by one statement that any number of processes may give."""

from __future__ import annotations

from application.tracking import Sighting
from infrastructure.postgres import Database
from infrastructure.track.batch import ONLINE_SECONDS

# SKIP LOCKED: whoever is being seen again this moment is not gone.
_SWEEP = """
DELETE FROM track.online o USING (
  SELECT tenant_id, visitor_id FROM track.online WHERE seen_at < now() - %s * interval '1 second'
  ORDER BY tenant_id, visitor_id FOR UPDATE SKIP LOCKED
) g WHERE o.tenant_id = g.tenant_id AND o.visitor_id = g.visitor_id
RETURNING o.tenant_id, o.visitor_id"""


async def sweep_online(database: Database, seconds: float = ONLINE_SECONDS) -> tuple[Sighting, ...]:
    """Who was not seen for so long; each of them is told to one caller. Raises psycopg.Error, PoolTimeout."""
    async with database.worker() as connection:
        rows = await (await connection.execute(_SWEEP, (seconds,))).fetchall()
    return tuple(Sighting(tenant_id=row[0], visitor_id=row[1], is_online=False) for row in rows)
