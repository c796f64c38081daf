"""What rules for leads ask of the read models: a contact's open conversations, and the pages they looked at."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from application.projection import Connection

MOST_CONVERSATIONS = 100
MOST_PAGES = 200

_OPEN = f"""
SELECT conversation_id FROM read.inbox WHERE tenant_id = %s AND contact_id = ANY(%s) AND status <> 'resolved'
ORDER BY conversation_id DESC LIMIT {MOST_CONVERSATIONS}"""
_PAGES = f"""
SELECT url FROM track.event WHERE tenant_id = %s AND visitor_id = %s AND name = 'page_view' AND url IS NOT NULL
ORDER BY at DESC LIMIT {MOST_PAGES}"""


async def read_open_conversations(
    connection: Connection, tenant_id: int, contact_ids: Sequence[UUID]
) -> tuple[UUID, ...]:
    """Of these contacts, the newest first, 100 at most."""
    cursor = await connection.execute(_OPEN.encode(), (tenant_id, list(contact_ids)))
    return tuple(row[0] for row in await cursor.fetchall())


async def read_pages(connection: Connection, tenant_id: int, contact_id: UUID) -> tuple[str, ...]:
    """The last 200 addresses that this contact's browser reported."""
    cursor = await connection.execute(_PAGES.encode(), (tenant_id, contact_id))
    return tuple(row[0] for row in await cursor.fetchall())
