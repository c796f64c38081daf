"""Past: the log up to an earlier position of one tenant."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from application.log import Recorded
from infrastructure.eventstore.reader import EventReader
from infrastructure.eventstore.rows import COLUMNS, stored_rows
from infrastructure.postgres import Database

# es.batch has no index on time; its numbers have no hole and rise with it, so the last one by then is searched.
_SEQ_AT = """
WITH RECURSIVE search(low, high) AS (
  SELECT 0::bigint, coalesce((SELECT max(batch) FROM es.batch), 0)
  UNION ALL
  SELECT CASE WHEN b.at <= %(at)s THEN b.batch ELSE s.low END,
    CASE WHEN b.at <= %(at)s THEN s.high ELSE b.batch - 1 END
  FROM search s JOIN es.batch b ON b.batch = (s.low + s.high + 1) / 2 WHERE s.low < s.high
)
SELECT tpos FROM es.tenant_batch
WHERE tenant_id = %(tenant_id)s AND batch <= (SELECT low FROM search WHERE low = high)
ORDER BY batch DESC LIMIT 1"""

_STREAMS = f"""
SELECT {", ".join(f"e.{column.strip()}" for column in COLUMNS.split(","))}
FROM es.stream s JOIN es.event e ON e.stream_id = s.stream_id AND e.pos BETWEEN s.first_pos AND s.last_pos
WHERE s.tenant_id = %s AND s.stream_id = ANY(%s) AND e.tpos <= %s ORDER BY e.pos LIMIT %s"""


async def seq_at(database: Database, tenant_id: int, at: datetime) -> int:
    """The tenant's last seq that was stored by then, 0 where there was none."""
    async with database.worker() as connection:
        cursor = await connection.execute(_SEQ_AT.encode(), {"tenant_id": tenant_id, "at": at})
        found = await cursor.fetchone()
    return found[0] if found else 0


async def streams_until(
    database: Database, reader: EventReader, tenant_id: int, stream_ids: Collection[UUID], seq: int, most: int
) -> list[Recorded]:
    """The events of these streams up to a seq, in log order, at most `most` of them; erased people stay erased."""
    if not stream_ids:
        return []
    async with database.tenant(tenant_id) as connection:
        cursor = await connection.execute(_STREAMS.encode(), (tenant_id, list(stream_ids), seq, most), binary=True)
        rows = stored_rows(await cursor.fetchall())
    return await reader.opened(rows)
