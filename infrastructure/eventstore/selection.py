"""Selection: a part of the log by position, time, tenant and type, read page by page."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import datetime

import msgspec

from application.log import Recorded
from infrastructure.eventstore.mapper import EventMapper
from infrastructure.eventstore.rows import COLUMNS, StoredRow, stored_rows
from infrastructure.postgres import Database

PAGE = 1000

SQL = f"""
SELECT {COLUMNS} FROM es.event
WHERE pos > %(after)s AND pos <= %(last)s
  AND (%(tenant_id)s::int IS NULL OR tenant_id = %(tenant_id)s)
  AND (%(since)s::timestamptz IS NULL OR at >= %(since)s)
  AND (%(until)s::timestamptz IS NULL OR at < %(until)s)
  AND (%(types)s::text[] IS NULL OR type = ANY(%(types)s))
ORDER BY pos LIMIT %(limit)s
"""


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """What is wanted; positions are global and inclusive, `until` is exclusive, None means any."""

    first: int = 1
    last: int | None = None
    tenant_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    types: tuple[str, ...] = ()


async def selected(database: Database, mapper: EventMapper, wanted: Selection) -> AsyncGenerator[list[Recorded]]:
    """Pages of at most 1,000 events in order, up to the head as it is now. No snapshot outlives a page."""
    after = wanted.first - 1
    while True:
        rows = await _page(database, wanted, after)
        if rows:
            yield await mapper.open(rows)
            after = rows[-1].pos
        if len(rows) < PAGE:
            return


async def _page(database: Database, wanted: Selection, after: int) -> list[StoredRow]:
    values = {
        "after": after,
        "last": wanted.last if wanted.last is not None else 2**62,
        "tenant_id": wanted.tenant_id,
        "since": wanted.since,
        "until": wanted.until,
        "types": list(wanted.types) or None,
        "limit": PAGE,
    }
    async with database.worker() as connection:
        cursor = await connection.execute(SQL, values, binary=True)
        return stored_rows(await cursor.fetchall())
