"""Canned responses as one agent may see them: found while they type, with how often each was used."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from application.projection import Connection
from domain.canned_response import Scope
from domain.refusals import Invalid
from domain.values import bounded
from projections.cursor import Cursor, decode_cursor, encode_cursor, page_limit

CannedSort = Literal["best", "used"]


class Viewer(msgspec.Struct, frozen=True):
    """Who looks. A private response is its author's alone; a team's is for its members and who sees all teams."""

    agent_id: UUID
    team_ids: tuple[UUID, ...] = ()
    sees_all_teams: bool = False


class CannedFilter(msgspec.Struct, frozen=True):
    """`best`: what fits `q` best, else by shortcut; `used`: most used first. `team_id`: of that team only."""

    q: str | None = None
    team_id: UUID | None = None
    sort: CannedSort = "best"
    limit: int = 50
    cursor: str | None = None


EVERYTHING = CannedFilter()


class CannedView(msgspec.Struct, frozen=True):
    """`version` is that of the text. `last_used_at` is None where `used_count` is 0."""

    canned_response_id: UUID
    shortcut: str
    title: str
    body: str
    scope: Scope
    team_id: UUID | None
    owner_id: UUID | None
    attachments: tuple[UUID, ...]
    version: int
    updated_at: datetime
    used_count: int
    last_used_at: datetime | None


class CannedPage(msgspec.Struct, frozen=True):
    """`next_cursor` is None on the last page."""

    rows: tuple[CannedView, ...]
    next_cursor: str | None


# word_similarity forgives a typing error in the title; 0.5 keeps out what merely shares a syllable.
_VISIBLE = """
SELECT c.canned_response_id, c.shortcut, c.title, c.body, c.scope, c.team_id, c.owner_id, c.attachments, c.version,
  c.updated_at, coalesce(u.used_count, 0) AS used_count, u.last_used_at, lower(c.shortcut) AS word,
  CASE WHEN %(q)s::text IS NULL OR c.shortcut ILIKE %(start)s THEN 0 WHEN c.title ILIKE %(start)s THEN 1
    WHEN c.title ILIKE %(part)s THEN 2 WHEN c.body ILIKE %(part)s THEN 3
    WHEN word_similarity(%(q)s, c.title) >= 0.5 THEN 4 END AS fit
FROM read.canned_response c
LEFT JOIN read.canned_usage u ON u.tenant_id = c.tenant_id AND u.canned_response_id = c.canned_response_id
WHERE c.tenant_id = %(tenant_id)s AND NOT c.is_removed AND (c.scope = 'tenant'
  OR (c.scope = 'private' AND c.owner_id = %(me)s)
  OR (c.scope = 'team' AND (%(all_teams)s OR c.team_id = ANY(%(teams)s::uuid[]))))"""

_PLACES: dict[CannedSort, str] = {"best": "fit::bigint", "used": "-used_count"}


async def read_canned_responses(
    connection: Connection, tenant_id: int, viewer: Viewer, filter: CannedFilter = EVERYTHING
) -> CannedPage:
    """A page of those the viewer may see. Shortcuts that begin with `q` come first, then titles that do, then
    titles and bodies that hold it, then titles almost like it. Raises Invalid for a cursor of another order.
    """
    limit, place = page_limit(filter.limit), _PLACES[filter.sort]
    values = _values(tenant_id, viewer, filter.q) | {"team": filter.team_id, "limit": limit + 1}
    after = ""
    if filter.cursor is not None:
        after = f"AND ({place}, word, canned_response_id) > (%(place)s, %(word)s, %(id)s)"
        values |= _place(filter.cursor, filter.sort)
    cursor = await connection.execute(
        f"SELECT canned_response_id, shortcut, title, body, scope, team_id, owner_id, attachments, version, "
        f"updated_at, used_count, last_used_at, {place}, word FROM ({_VISIBLE}) found "
        f"WHERE fit IS NOT NULL AND (%(team)s::uuid IS NULL OR team_id = %(team)s) {after} "
        f"ORDER BY {place}, word, canned_response_id LIMIT %(limit)s".encode(),
        values,
    )
    rows = await cursor.fetchall()
    more = _cursor_after(filter.sort, rows[limit - 1]) if len(rows) > limit else None
    return CannedPage(tuple(_view(row) for row in rows[:limit]), more)


async def read_canned_response(
    connection: Connection, tenant_id: int, viewer: Viewer, canned_response_id: UUID
) -> CannedView | None:
    """None where there is none that the viewer may see."""
    cursor = await connection.execute(
        _VISIBLE + " AND c.canned_response_id = %(id)s",
        _values(tenant_id, viewer, None) | {"id": canned_response_id},
    )
    found = await cursor.fetchone()
    return _view(found) if found else None


async def teams_of(connection: Connection, tenant_id: int, agent_id: UUID) -> tuple[UUID, ...]:
    """The teams an agent is a member of."""
    cursor = await connection.execute(
        "SELECT team_id FROM read.workload_team WHERE tenant_id = %s AND NOT is_removed "
        "AND members @> to_jsonb(%s::text)",
        (tenant_id, str(agent_id)),
    )
    return tuple(team_id for (team_id,) in await cursor.fetchall())


async def read_canned_ids(connection: Connection, tenant_id: int, most: int) -> tuple[UUID, ...]:
    """All there ever were, removed ones too; at most `most`."""
    cursor = await connection.execute(
        "SELECT canned_response_id FROM read.canned_response WHERE tenant_id = %s LIMIT %s", (tenant_id, most)
    )
    return tuple(row[0] for row in await cursor.fetchall())


def _values(tenant_id: int, viewer: Viewer, q: str | None) -> dict[str, Any]:
    wanted = (q or "").strip().removeprefix("/")
    literal = wanted.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return {
        "tenant_id": tenant_id,
        "me": viewer.agent_id,
        "all_teams": viewer.sees_all_teams,
        "teams": list(viewer.team_ids),
        "q": wanted or None,
        "start": f"{literal}%",
        "part": f"%{literal}%",
    }


def _view(row: tuple[Any, ...]) -> CannedView:
    return msgspec.convert(dict(zip(CannedView.__struct_fields__, row, strict=False)), CannedView)


def _cursor_after(sort: CannedSort, row: tuple[Any, ...]) -> str:
    place, word = row[-2:]
    return encode_cursor(Cursor(f"canned/{sort}", f"{place}/{word}", row[0].hex))


def _place(cursor: str, sort: CannedSort) -> dict[str, Any]:
    found = decode_cursor(cursor, f"canned/{sort}")
    place, _, word = found.key.partition("/")
    try:
        bounded("cursor", found.key)
        return {"place": int(place), "word": word, "id": UUID(found.last)}
    except ValueError as unreadable:
        raise Invalid("cursor is not one of ours.") from unreadable
