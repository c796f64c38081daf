"""Search: all a tenant's people ever said, and those they said it to, ranked, with the matches marked."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from application.projection import Connection
from domain.kernel import ActorKind
from domain.refusals import Invalid
from projections.cursor import page_limit
from projections.search_fold import ATTRIBUTES
from projections.search_query import (
    Match,
    Narrowing,
    Place,
    Window,
    contact_window,
    decode_place,
    encode_place,
    message_window,
    page_of,
)
from projections.search_survivors import by_survivor, read_survivors
from projections.snippet import CLOSE, OPEN, Span, snippet, spans_of

SearchIn = Literal["messages", "conversations", "contacts"]
Found = Literal["text", "file", "attribute", "contact"]

LONGEST = 500
"""Characters that can be searched for."""


class SearchFilter(msgspec.Struct, frozen=True, kw_only=True):
    """`q` as typed. `since` (included) and `until` (not) bound when it was said; `assignee` and `label` are of the
    conversation as it is now; None: any. `with_private`: private notes too, for agents only."""

    q: str
    within: SearchIn = "messages"
    since: datetime | None = None
    until: datetime | None = None
    assignee: UUID | Literal["none"] | None = None
    label: str | None = None
    with_private: bool = False
    limit: int = 50
    cursor: str | None = None


class SearchHit(msgspec.Struct, frozen=True, kw_only=True):
    """A message; or a conversation, told by the best of its `matches`; or a contact, without any.

    `found`: whether `snippet` is of what was said, the names of its files, a line each, the texts of the
    conversation's attributes (then it is no message), or of what the contact is known by.

    A contact that is part of another one is found as the one that survives; `snippet` is what was found.

    `highlights`: where in `snippet` the matches are, in Unicode code points. `rank`: higher is better; comparable
    within one search only.
    """

    conversation_id: UUID | None = None
    message_id: UUID | None = None
    contact_id: UUID
    contact_name: str | None
    contact_email: str | None
    role: ActorKind
    author_id: UUID
    private: bool = False
    at: datetime
    found: Found
    snippet: str
    highlights: tuple[Span, ...]
    rank: float
    matches: int = 1


class SearchPage(msgspec.Struct, frozen=True):
    """`next_cursor` is None on the last page. A page may be short, even empty, and have a next one."""

    hits: tuple[SearchHit, ...]
    next_cursor: str | None


_ASKED = "SELECT read.asked(%s)::text"


def _marked(column: str) -> str:
    return (
        f"ts_headline('read.words', read.parted(translate({column}, E'{OPEN}{CLOSE}', '  ')), %(asked)s::tsquery, "
        f'E\'StartSel="{OPEN}", StopSel="{CLOSE}", HighlightAll=true\')'
    )


_SAID = f"""
SELECT m.conversation_id, m.version, m.message_id, m.contact_id, c.name, c.email, m.role, m.author_id, m.private,
  m.at, m.text, coalesce(m.beside, ''), {_marked("m.text")}, {_marked("coalesce(m.beside, '')")}
FROM unnest(%(ids)s::uuid[], %(versions)s::bigint[]) AS x(conversation_id, version)
JOIN read.search_message m USING (conversation_id, version)
LEFT JOIN read.search_contact c ON c.tenant_id = m.tenant_id AND c.contact_id = m.contact_id
WHERE m.tenant_id = %(tenant_id)s"""

_PEOPLE = """
SELECT x.found, x.person, coalesce(p.name, c.name), coalesce(p.email, c.email), c.known_as, c.at
FROM unnest(%s::uuid[], %s::uuid[]) AS x(found, person)
JOIN read.search_contact c ON c.contact_id = x.found
LEFT JOIN read.search_contact p ON p.tenant_id = c.tenant_id AND p.contact_id = x.person
WHERE c.tenant_id = %s"""


async def search(connection: Connection, tenant_id: int, filter: SearchFilter) -> SearchPage:
    """Nothing is found where only minus words are asked for. Raises Invalid for a cursor of another search."""
    typed = unicodedata.normalize("NFC", filter.q[:LONGEST].replace("\x00", " "))
    order = _order(filter)
    place = decode_place(filter.cursor, order)
    if filter.within == "contacts":
        _refuse_narrowing(filter)
        window = await contact_window(connection, typed, place)
        survivors = await read_survivors(connection, tenant_id, [match.id for match in window.matches])
        people = by_survivor(window.matches, survivors)
        page, next_place = page_of(window, people, place, page_limit(filter.limit))
        hits = await _contact_hits(connection, tenant_id, typed, page, survivors)
    else:
        window, asked = await _said(connection, tenant_id, typed, filter, place)
        matches = _messages(window) if filter.within == "messages" else _by_conversation(window.matches)
        page, next_place = page_of(window, matches, place, page_limit(filter.limit))
        hits = await _message_hits(connection, tenant_id, asked, page)
    return SearchPage(hits, encode_place(next_place, order) if next_place else None)


async def _said(
    connection: Connection, tenant_id: int, typed: str, filter: SearchFilter, place: Place
) -> tuple[Window, str]:
    cursor = await connection.execute(_ASKED, (typed,))
    found = await cursor.fetchone()
    if found is None or found[0] is None:
        return Window((), None), ""
    narrowing = Narrowing(filter.since, filter.until, filter.assignee, filter.label, filter.with_private)
    return await message_window(connection, tenant_id, found[0], narrowing, place), found[0]


def _messages(window: Window) -> list[Match]:
    """Without the attributes of conversations, which nobody said."""
    return [match for match in window.matches if match.version != ATTRIBUTES]


def _by_conversation(matches: Iterable[Match]) -> list[Match]:
    """The best match of each conversation, with how many there are."""
    best: dict[UUID, Match] = {}
    for match in matches:
        known = best.get(match.id)
        count = known.count + 1 if known else 1
        better = match if known is None or match.order > known.order else known
        best[match.id] = msgspec.structs.replace(better, count=count)
    return list(best.values())


async def _message_hits(
    connection: Connection, tenant_id: int, asked: str, page: Sequence[Match]
) -> tuple[SearchHit, ...]:
    if not page:
        return ()
    values = {"asked": asked, "tenant_id": tenant_id}
    keys = {"ids": [match.id for match in page], "versions": [match.version for match in page]}
    cursor = await connection.execute(_SAID.encode(), values | keys)
    rows = {(row[0], row[1]): row for row in await cursor.fetchall()}
    return tuple(_message_hit(rows[key], match) for match in page if (key := (match.id, match.version)) in rows)


def _message_hit(row: tuple[Any, ...], match: Match) -> SearchHit:
    conversation_id, _, message_id, contact_id, name, email, role, author_id, private, at, *texts = row
    found, part, highlights = _told(message_id, *texts)
    return SearchHit(
        conversation_id=conversation_id,
        message_id=message_id,
        contact_id=contact_id,
        contact_name=name,
        contact_email=email,
        role=role,
        author_id=author_id,
        private=private,
        at=at,
        found=found,
        snippet=part,
        highlights=highlights,
        rank=match.rank,
        matches=match.count,
    )


def _told(
    message_id: UUID | None, text: str, beside: str, text_marked: str, beside_marked: str
) -> tuple[Found, str, tuple[Span, ...]]:
    """What was found in, the part of it, and where: in what was said, else in what stands beside it."""
    spans = spans_of(text_marked, text)
    if text and (spans or not beside):
        return "text", *snippet(text, spans)
    found: Found = "attribute" if message_id is None else "file"
    return found, *snippet(beside, spans_of(beside_marked, beside))


async def _contact_hits(
    connection: Connection, tenant_id: int, typed: str, page: Sequence[Match], survivors: Mapping[UUID, UUID]
) -> tuple[SearchHit, ...]:
    ids = [match.id for match in page]
    people = [survivors.get(id, id) for id in ids]
    cursor = await connection.execute(_PEOPLE, (ids, people, tenant_id))
    rows = {row[0]: row[1:] for row in await cursor.fetchall()}
    return tuple(_contact_hit(rows[match.id], match, typed) for match in page if match.id in rows)


def _contact_hit(row: tuple[Any, ...], match: Match, typed: str) -> SearchHit:
    contact_id, name, email, known_as, at = row
    part, highlights = snippet(known_as, _spans_in(known_as, typed))
    return SearchHit(
        contact_id=contact_id,
        contact_name=name,
        contact_email=email,
        role="visitor",
        author_id=contact_id,
        at=at,
        found="contact",
        snippet=part,
        highlights=highlights,
        rank=match.rank,
    )


def _spans_in(text: str, typed: str) -> list[Span]:
    """Where the typed words stand in it, as they are read; none overlaps another."""
    folded = "".join(_folded(character) for character in text)
    spans: list[Span] = []
    for word in sorted({"".join(_folded(one) for one in word) for word in typed.split()}, key=len, reverse=True):
        start = folded.find(word)
        while start >= 0:
            span = (start, start + len(word))
            if not any(span[0] < end and begin < span[1] for begin, end in spans):
                spans.append(span)
            start = folded.find(word, span[1])
    return sorted(spans)


def _folded(character: str) -> str:
    """One character for one: lower case, without its accent."""
    return unicodedata.normalize("NFKD", character)[0].lower()[:1] or character


def _refuse_narrowing(filter: SearchFilter) -> None:
    if any(one is not None for one in (filter.since, filter.until, filter.assignee, filter.label)):
        raise Invalid("from, to, agent and label are of what was said; contacts are searched without them.")


def _order(filter: SearchFilter) -> str:
    """Which search a cursor belongs to."""
    asked = msgspec.structs.replace(filter, cursor=None, limit=0)
    return "search-" + hashlib.sha256(msgspec.json.encode(asked)).hexdigest()[:16]
