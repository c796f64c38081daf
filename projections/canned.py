"""Canned responses: found by the beginning of their shortcut, or by their words."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec

from application.log import Recorded
from application.projection import Connection
from domain import canned_response
from domain.canned_response import CannedResponseRemoved, CannedResponseSaved
from projections.cursor import page_limit
from projections.table import Table


class CannedRow(msgspec.Struct):
    """A removed one stays as a row that no query shows, so that saving it again finds it."""

    tenant_id: int
    canned_response_id: UUID
    shortcut: str
    title: str
    body: str
    is_removed: bool


CANNED = Table("canned_response", CannedRow, ("canned_response_id",))


class CannedResponses:
    """Folds what agents saved and removed."""

    name = "canned"
    version = 1
    tables = (CANNED.name,)
    concerns = frozenset(event.TYPE for event in canned_response.EVENTS)

    def ddl(self, build: int) -> str:
        return CANNED.ddl(build)

    async def fold(self, connection: Connection, build: int, recorded: Sequence[Recorded]) -> None:
        rows = await CANNED.load(connection, build, {(one.tenant_id, one.stream_id) for one in recorded})
        for one in recorded:
            key = (one.tenant_id, one.stream_id)
            match one.event:
                case CannedResponseSaved(shortcut=shortcut, title=title, body=body):
                    rows[key] = CannedRow(*key, shortcut, title, body, False)
                case CannedResponseRemoved() if key in rows:
                    rows[key].is_removed = True
                case _:
                    pass
        await CANNED.upsert(connection, build, rows.values())

    async def forget(self, connection: Connection, build: int, tenant_id: int, stream_id: UUID) -> None:
        await CANNED.delete(connection, build, tenant_id, stream_id)


class CannedView(msgspec.Struct, frozen=True):
    canned_response_id: UUID
    shortcut: str
    title: str
    body: str


# word_similarity forgives a typing error in the title; 0.5 keeps out what merely shares a syllable.
_QUERY = """
SELECT canned_response_id, shortcut, title, body FROM read.canned_response
WHERE tenant_id = %(tenant_id)s AND NOT is_removed AND (%(q)s::text IS NULL OR shortcut ILIKE %(start)s
  OR title ILIKE %(part)s OR body ILIKE %(part)s OR word_similarity(%(q)s, title) >= 0.5)
ORDER BY shortcut ILIKE %(start)s DESC, shortcut, canned_response_id LIMIT %(limit)s"""


async def read_canned_responses(
    connection: Connection, tenant_id: int, q: str | None = None, limit: int = 50
) -> tuple[CannedView, ...]:
    """Shortcuts that begin with `q` first, then titles and bodies that hold it; all of them without `q`."""
    wanted = (q or "").strip().removeprefix("/")
    literal = wanted.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    cursor = await connection.execute(
        _QUERY,
        {
            "tenant_id": tenant_id,
            "q": wanted or None,
            "start": f"{literal}%",
            "part": f"%{literal}%",
            "limit": page_limit(limit),
        },
    )
    return tuple(CannedView(*row) for row in await cursor.fetchall())
