"""Presence: whether one person is on the site, and where they were last: of all contacts that are this person."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from application.projection import Connection
from projections.contacts import FAMILY

# A visitor who never wrote is in no family: their own id counts in any case.
_PERSON = FAMILY + ", person (id) AS (SELECT contact_id FROM family UNION SELECT %(contact_id)s::uuid)"
_IS_HERE = """
EXISTS (SELECT FROM track.online o JOIN person p ON o.visitor_id = p.id
  WHERE o.tenant_id = %(tenant_id)s AND o.seen_at > now() - %(seconds)s * interval '1 second')"""
# A partition is a day of arrival (UTC), and nothing arrives before it happened: older ones are left out.
_CAME = """
EXISTS (SELECT FROM track.event v JOIN person p ON v.visitor_id = p.id
  WHERE v.tenant_id = %(tenant_id)s AND v.day >= %(day)s AND v.at > %(since)s)"""
_LAST_PAGE = """
SELECT v.url FROM person p CROSS JOIN LATERAL (
  SELECT v.at, v.url FROM track.event v
  WHERE v.tenant_id = %(tenant_id)s AND v.visitor_id = p.id AND v.name = 'page_view' AND v.url IS NOT NULL
  ORDER BY v.at DESC LIMIT 1) v
ORDER BY v.at DESC LIMIT 1"""


async def is_here(connection: Connection, tenant_id: int, contact_id: UUID, seconds: float) -> bool:
    """Seen, by a beacon or an open socket at any process, in the last `seconds`."""
    values = {"tenant_id": tenant_id, "contact_id": contact_id, "seconds": seconds}
    return bool(await _first(connection, f"{_PERSON} SELECT {_IS_HERE}", values))


async def came_since(
    connection: Connection, tenant_id: int, contact_id: UUID, since: datetime, seconds: float
) -> bool:
    """The same, or tracked on a page after `since`."""
    values = {"tenant_id": tenant_id, "contact_id": contact_id, "since": since, "seconds": seconds}
    values["day"] = since.date()
    return bool(await _first(connection, f"{_PERSON} SELECT {_IS_HERE} OR {_CAME}", values))


async def read_last_page(connection: Connection, tenant_id: int, contact_id: UUID) -> str | None:
    """Of what is still kept."""
    return await _first(connection, f"{_PERSON} {_LAST_PAGE}", {"tenant_id": tenant_id, "contact_id": contact_id})


async def _first(connection: Connection, query: str, values: dict[str, Any]) -> Any:
    row = await (await connection.execute(query.encode(), values)).fetchone()
    return None if row is None else row[0]
