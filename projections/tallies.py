"""Tallies: how often browsers reported what, on days and by names alone, of those who wanted nothing kept."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec

from application.projection import Connection
from domain.refusals import Invalid
from projections.cursor import Cursor, decode_cursor, encode_cursor, page_limit

ORDER = "tally"

_PAGE = """
SELECT day, name, sum(number)::bigint FROM track.tally
WHERE tenant_id = %(tenant_id)s AND (%(since)s::date IS NULL OR day >= %(since)s)
  AND (%(until)s::date IS NULL OR day <= %(until)s)
  AND (%(day)s::date IS NULL OR day < %(day)s OR day = %(day)s AND name > %(name)s)
GROUP BY day, name ORDER BY day DESC, name LIMIT %(limit)s"""


class Tally(msgspec.Struct, frozen=True):
    """`day` in UTC, of arrival."""

    day: date
    name: str
    number: int


class TallyPage(msgspec.Struct, frozen=True):
    """`next_cursor` is None on the last page."""

    tallies: tuple[Tally, ...]
    next_cursor: str | None


async def read_tallies(
    connection: Connection,
    tenant_id: int,
    since: date | None = None,
    until: date | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> TallyPage:
    """The newest day first, both ends included; within a day by name. Raises Invalid for a strange cursor."""
    size, (day, name) = page_limit(limit), _place(cursor)
    values: dict[str, Any] = {
        "tenant_id": tenant_id, "since": since, "until": until, "day": day, "name": name, "limit": size + 1,
    }  # fmt: skip
    found = await connection.execute(_PAGE.encode(), values)
    rows = [Tally(*row) for row in await found.fetchall()]
    more = None
    if len(rows) > size:
        more = encode_cursor(Cursor(ORDER, rows[size - 1].day.isoformat(), rows[size - 1].name))
    return TallyPage(tuple(rows[:size]), more)


def _place(cursor: str | None) -> tuple[date | None, str]:
    if cursor is None:
        return None, ""
    place = decode_cursor(cursor, ORDER)
    try:
        return date.fromisoformat(place.key), place.last
    except ValueError as unreadable:
        raise Invalid("cursor is not one of ours.") from unreadable
