"""Saved views: the table, its fold, and the lists that an agent sees."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from application.log import Recorded
from application.projection import Connection
from domain.refusals import Invalid
from domain.view import EVENTS, ViewFilter, ViewRemoved, ViewSaved, ViewScope
from projections.cursor import Cursor, decode_cursor, encode_cursor, page_limit
from projections.table import Table

ORDER = "views"


class ViewRow(msgspec.Struct):
    """A removed one stays as a row that no query shows."""

    tenant_id: int
    view_id: UUID
    owner_id: UUID
    name: str
    filter: ViewFilter
    scope: ViewScope
    place: int
    version: int
    updated_at: datetime
    is_removed: bool = False


class SavedView(msgspec.Struct, frozen=True):
    """What an agent sees of one. `updated_at` and `version` are of its last change."""

    view_id: UUID
    owner_id: UUID
    name: str
    filter: ViewFilter
    scope: ViewScope
    place: int
    version: int
    updated_at: datetime


class ViewPage(msgspec.Struct, frozen=True):
    """`next_cursor` is None on the last page."""

    rows: tuple[SavedView, ...]
    next_cursor: str | None


VIEWS = Table("saved_view", ViewRow, ("view_id",), ("tenant_id, place, name, view_id WHERE NOT is_removed",))


class Views:
    """Folds what agents saved and removed."""

    name = "views"
    version = 1
    tables = (VIEWS.name,)
    concerns = frozenset(event.TYPE for event in EVENTS)

    def ddl(self, build: int) -> str:
        return VIEWS.ddl(build)

    async def fold(self, connection: Connection, build: int, recorded: Sequence[Recorded]) -> None:
        rows = await VIEWS.load(connection, build, {(one.tenant_id, one.stream_id) for one in recorded})
        for one in recorded:
            key = (one.tenant_id, one.stream_id)
            match one.event:
                case ViewSaved() as saved:
                    rows[key] = _row(one, saved)
                case ViewRemoved() if key in rows:
                    rows[key].is_removed = True
                case _:
                    pass
        await VIEWS.upsert(connection, build, rows.values())

    async def forget(self, connection: Connection, build: int, tenant_id: int, stream_id: UUID) -> None:
        await VIEWS.delete(connection, build, tenant_id, stream_id)


_VISIBLE = f"""
SELECT {", ".join(SavedView.__struct_fields__)} FROM read.saved_view
WHERE tenant_id = %(tenant_id)s AND NOT is_removed AND (scope = 'shared' OR owner_id = %(agent_id)s)"""


async def read_views(
    connection: Connection, tenant_id: int, agent_id: UUID, limit: int = 50, cursor: str | None = None
) -> ViewPage:
    """The shared ones and the agent's own, by place, then by name. Raises Invalid for a strange cursor."""
    size = page_limit(limit)
    values: dict[str, Any] = {"tenant_id": tenant_id, "agent_id": agent_id, "limit": size + 1}
    after = ""
    if cursor is not None:
        after = "AND (place, name, view_id) > (%(place)s, %(name)s, %(id)s)"
        values |= _place(cursor)
    found = await connection.execute(
        f"{_VISIBLE} {after} ORDER BY place, name, view_id LIMIT %(limit)s".encode(), values
    )
    rows = [_view(row) for row in await found.fetchall()]
    return ViewPage(tuple(rows[:size]), _cursor_after(rows[size - 1]) if len(rows) > size else None)


async def read_view(connection: Connection, tenant_id: int, agent_id: UUID, view_id: UUID) -> SavedView | None:
    """None where there is none that the agent may see."""
    values = {"tenant_id": tenant_id, "agent_id": agent_id, "view_id": view_id}
    found = await connection.execute(f"{_VISIBLE} AND view_id = %(view_id)s".encode(), values)
    row = await found.fetchone()
    return _view(row) if row else None


def _row(one: Recorded, saved: ViewSaved) -> ViewRow:
    return ViewRow(
        tenant_id=one.tenant_id,
        view_id=one.stream_id,
        owner_id=saved.owner_id,
        name=saved.name,
        filter=saved.filter,
        scope=saved.scope,
        place=saved.place,
        version=one.version,
        updated_at=saved.at,
    )


def _view(row: tuple[Any, ...]) -> SavedView:
    return msgspec.convert(dict(zip(SavedView.__struct_fields__, row, strict=True)), SavedView)


def _cursor_after(row: SavedView) -> str:
    return encode_cursor(Cursor(ORDER, f"{row.place}/{row.name}", row.view_id.hex))


def _place(cursor: str) -> dict[str, Any]:
    found = decode_cursor(cursor, ORDER)
    place, _, name = found.key.partition("/")
    try:
        return {"place": int(place), "name": name, "id": UUID(found.last)}
    except ValueError as unreadable:
        raise Invalid("cursor is not one of ours.") from unreadable
