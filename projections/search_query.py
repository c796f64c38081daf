"""How a search walks: from the newest shelf down, until there are enough matches to rank, or enough time is spent.

A window is up to 1,000 matches, the newest first found; they are ranked among themselves. Whoever reads on after a
window's last page gets the window of older matches below it, down to the first message of the tenant.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Literal, LiteralString
from uuid import UUID

import msgspec

from application.projection import Connection
from domain.refusals import Invalid
from projections.cursor import Cursor, decode_cursor, encode_cursor
from projections.search_fold import SHELF_BITS

WINDOW = 1_000
"""Matches that are ranked against each other."""
PATIENCE = 1.0
"""Seconds after which no more shelves are looked at: the page may be short then, and has a cursor."""
MOST_SHELVES = 16
"""Shelves of one statement."""
FEW = 1_000
"""Conversations that are looked through themselves, where no more have the assignee and the label."""
NEWEST = 2**62
"""Higher than any seq."""


class Match(msgspec.Struct, frozen=True):
    """One row found. `version` is 0 for a contact, whose id then is `id`; else `id` is the conversation's."""

    rank: float
    seq: int
    id: UUID
    version: int = 0
    count: int = 1

    @property
    def order(self) -> tuple[float, int]:
        """The better, then the newer, is greater."""
        return self.rank, self.seq


class Narrowing(msgspec.Struct, frozen=True):
    """None: any."""

    since: datetime | None = None
    until: datetime | None = None
    assignee: UUID | Literal["none"] | None = None
    label: str | None = None
    with_private: bool = False


class Place(msgspec.Struct, frozen=True):
    """Where a page begins: in which window (`top` to `floor`, None: not known yet), after which rank and seq."""

    top: int = NEWEST
    floor: int | None = None
    after: tuple[float, int] | None = None


class Window(msgspec.Struct, frozen=True):
    """Its matches, newest first. `floor` is None where nothing older is left to look at."""

    matches: tuple[Match, ...]
    floor: int | None


_SHELVES = """
SELECT shelf FROM read.search_shelf WHERE tenant_id = %(tenant_id)s
  AND shelf BETWEEN read.shelf(%(floor)s) AND read.shelf(%(top)s)
  AND (%(since)s::timestamptz IS NULL OR last_at >= %(since)s)
  AND (%(until)s::timestamptz IS NULL OR first_at < %(until)s)
ORDER BY shelf DESC"""

_MESSAGES = """
SELECT rank, seq, conversation_id, version FROM read.search_messages(
  %(asked)s::tsquery, %(shelves)s::bigint[], %(floor)s, %(top)s, %(private)s, %(since)s, %(until)s, %(assignee)s,
  %(nobody)s, %(label)s, %(most)s) ORDER BY seq DESC"""

_THREADS = "SELECT * FROM read.search_threads(%(assignee)s, %(nobody)s, %(label)s, %(few)s)"

# Their messages are read one by one, no word is looked up.
_WITHIN = """
SELECT ts_rank_cd(words, asked, 1), seq, conversation_id, version
FROM read.search_message, CAST(%(asked)s AS tsquery) asked
WHERE tenant_id = %(tenant_id)s AND conversation_id = ANY(%(threads)s) AND words @@ asked
  AND seq BETWEEN %(floor)s AND %(top)s AND (%(private)s OR NOT private)
  AND (%(since)s::timestamptz IS NULL OR at >= %(since)s) AND (%(until)s::timestamptz IS NULL OR at < %(until)s)
ORDER BY seq DESC LIMIT %(most)s"""

_CONTACTS = "SELECT rank, seq, contact_id FROM read.search_contacts(%s, %s, %s, %s) ORDER BY seq DESC"


async def message_window(
    connection: Connection, tenant_id: int, asked: str, narrowing: Narrowing, place: Place
) -> Window:
    """`asked` is a tsquery's text."""
    facts = _facts(tenant_id, asked, narrowing, place)
    if narrowing.assignee is not None or narrowing.label is not None:
        threads = await _threads(connection, facts)
        if len(threads) <= FEW:
            found = await _matches(connection, _WITHIN, facts | {"threads": threads, "most": WINDOW})
            return Window(tuple(found), _floor(found))
    return await _walk(connection, facts, place.floor is None)


async def contact_window(connection: Connection, typed: str, place: Place) -> Window:
    """Contacts are looked up at once: there are far fewer of them than messages."""
    cursor = await connection.execute(_CONTACTS, (typed, place.floor or 0, place.top, WINDOW))
    found = tuple(Match(rank, seq, id) for rank, seq, id in await cursor.fetchall())
    return Window(found, _floor(found))


def page_of(
    window: Window, matches: Sequence[Match], place: Place, limit: int
) -> tuple[list[Match], Place | None]:
    """The best of `matches` after `place`, and where the next page begins, None on the last.

    `matches`: those of the window, or what was made of them.
    """
    ranked = sorted(matches, key=lambda match: match.order, reverse=True)
    left = [match for match in ranked if place.after is None or match.order < place.after]
    page = left[:limit]
    if len(left) > limit:
        top = window.matches[0].seq if place.top == NEWEST else place.top
        floor = place.floor if place.floor is not None else (window.floor or 0)
        return page, Place(top, floor, page[-1].order)
    below = place.floor if place.floor is not None else window.floor
    return page, Place(top=below - 1) if below else None


def encode_place(place: Place, order: str) -> str:
    """A cursor, good for the search that `order` names."""
    window = f"{place.top}.{'' if place.floor is None else place.floor}"
    after = "" if place.after is None else f"{place.after[0]!r}/{place.after[1]}"
    return encode_cursor(Cursor(order, after, window))


def decode_place(cursor: str | None, order: str) -> Place:
    """Raises Invalid for another search's cursor, or none of ours."""
    if cursor is None:
        return Place()
    decoded = decode_cursor(cursor, order)
    try:
        top, floor = decoded.last.split(".")
        rank, _, seq = decoded.key.partition("/")
        after = (float(rank), int(seq)) if decoded.key else None
        place = Place(int(top), int(floor) if floor else None, after)
    except ValueError as unreadable:
        raise Invalid("cursor is not one of ours.") from unreadable
    if not (0 <= place.top <= NEWEST and 0 <= (place.floor or 0) <= NEWEST):
        raise Invalid("cursor is not one of ours.")
    return place


async def _walk(connection: Connection, facts: dict[str, Any], may_tire: bool) -> Window:
    """`may_tire`: a window that was walked once is walked to its end."""
    deadline = time.monotonic() + PATIENCE
    found: list[Match] = []
    for shelves in _batches(await _shelves(connection, facts)):
        if len(found) >= WINDOW:
            break
        if may_tire and time.monotonic() > deadline:
            return Window(tuple(found), (shelves[0] + 1) << SHELF_BITS)
        found += await _matches(connection, _MESSAGES, facts | {"shelves": shelves, "most": WINDOW - len(found)})
    return Window(tuple(found), _floor(found))


async def _shelves(connection: Connection, facts: dict[str, Any]) -> list[int]:
    cursor = await connection.execute(_SHELVES, facts)
    return [shelf for (shelf,) in await cursor.fetchall()]


def _batches(shelves: list[int]) -> Iterator[list[int]]:
    """One shelf, two, four …: frequent words end early, rare ones need few statements."""
    start, size = 0, 1
    while start < len(shelves):
        yield shelves[start : start + size]
        start, size = start + size, min(size * 2, MOST_SHELVES)


async def _threads(connection: Connection, facts: dict[str, Any]) -> list[UUID]:
    """The conversations with this assignee and this label, FEW and one more at most."""
    cursor = await connection.execute(_THREADS, facts | {"few": FEW + 1})
    return [id for (id,) in await cursor.fetchall()]


async def _matches(connection: Connection, statement: LiteralString, facts: dict[str, Any]) -> list[Match]:
    cursor = await connection.execute(statement, facts)
    return [Match(*row) for row in await cursor.fetchall()]


def _facts(tenant_id: int, asked: str, narrowing: Narrowing, place: Place) -> dict[str, Any]:
    nobody = narrowing.assignee == "none"
    return {
        "tenant_id": tenant_id,
        "asked": asked,
        "floor": place.floor or 0,
        "top": place.top,
        "private": narrowing.with_private,
        "since": narrowing.since,
        "until": narrowing.until,
        "assignee": None if nobody else narrowing.assignee,
        "nobody": nobody,
        "label": narrowing.label,
    }


def _floor(found: Sequence[Match]) -> int | None:
    return found[-1].seq if len(found) >= WINDOW else None
