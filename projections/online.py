"""Online: who is on the tenant's site now, newest first: the page they look at, the conversation they have."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from application.projection import Connection
from domain.refusals import Invalid
from projections.cursor import Cursor, decode_cursor, encode_cursor, page_limit


class OnlineVisitor(msgspec.Struct, frozen=True):
    """`since`: when this visit began; `referrer`: where it came from. `name` None: no contact, or a nameless one.

    `conversation_id`: their latest one that has not ended.
    """

    visitor_id: UUID
    since: datetime
    seen_at: datetime
    url: str | None
    title: str | None
    referrer: str | None
    name: str | None
    conversation_id: UUID | None


class OnlinePage(msgspec.Struct, frozen=True):
    """`total`: all who are there. `next_cursor` is None on the last page."""

    visitors: tuple[OnlineVisitor, ...]
    total: int
    next_cursor: str | None


_HERE = """FROM track.online o
  WHERE o.tenant_id = %(tenant_id)s AND o.seen_at > now() - %(seconds)s * interval '1 second'"""
_PAGE = f"""
SELECT p.visitor_id, p.since, p.seen_at, p.url, p.title, p.referrer, c.name, i.conversation_id
FROM (
  SELECT o.* {_HERE} AND (%(since)s::timestamptz IS NULL OR (o.since, o.visitor_id) < (%(since)s, %(last)s::uuid))
  ORDER BY o.since DESC, o.visitor_id DESC LIMIT %(limit)s
) p
LEFT JOIN read.contact c ON c.tenant_id = %(tenant_id)s AND c.contact_id = p.visitor_id
LEFT JOIN LATERAL (
  SELECT i.conversation_id FROM read.inbox i
  WHERE i.tenant_id = %(tenant_id)s AND i.contact_id = p.visitor_id AND i.status <> 'resolved'
  ORDER BY i.last_at DESC LIMIT 1
) i ON true
ORDER BY p.since DESC, p.visitor_id DESC"""
_TOTAL = f"SELECT count(*) {_HERE}"


async def read_online(
    connection: Connection, tenant_id: int, seconds: float, limit: int = 50, cursor: str | None = None
) -> OnlinePage:
    """Whoever was seen in the last `seconds`. Raises Invalid."""
    size, (since, last) = page_limit(limit), _place(cursor)
    values = {"tenant_id": tenant_id, "seconds": seconds, "limit": size + 1, "since": since, "last": last}
    page = await connection.execute(_PAGE.encode(), values)
    counted = await connection.execute(_TOTAL.encode(), values)
    rows = [OnlineVisitor(*row) for row in await page.fetchall()]
    total = await counted.fetchone()
    more = None
    if len(rows) > size:
        end = rows[size - 1]
        more = encode_cursor(Cursor("online", msgspec.json.encode(end.since).decode(), end.visitor_id.hex))
    return OnlinePage(tuple(rows[:size]), total[0] if total else 0, more)


def _place(cursor: str | None) -> tuple[datetime | None, UUID | None]:
    if cursor is None:
        return None, None
    place = decode_cursor(cursor, "online")
    try:
        return msgspec.json.decode(place.key, type=datetime), UUID(hex=place.last)
    except (msgspec.MsgspecError, ValueError) as unreadable:
        raise Invalid("cursor is not one of ours.") from unreadable
