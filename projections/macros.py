"""Macros: the table, its fold, and the list that an agent sees."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from application.log import Recorded
from application.projection import Connection
from domain.canned_response import Scope
from domain.macro import EVENTS, MacroRemoved, MacroSaved
from domain.refusals import Invalid
from domain.rule_actions import Action
from domain.values import bounded
from projections.canned import Viewer
from projections.cursor import Cursor, decode_cursor, encode_cursor, page_limit
from projections.table import Table

ORDER = "macros"


class MacroRow(msgspec.Struct):
    """A removed one stays as a row that no query shows. `version` is that of what it says."""

    tenant_id: int
    macro_id: UUID
    name: str
    actions: tuple[Action, ...]
    scope: Scope
    team_id: UUID | None
    owner_id: UUID | None
    version: int
    updated_at: datetime
    is_removed: bool = False


class MacroPage(msgspec.Struct, frozen=True):
    """`next_cursor` is None on the last page."""

    rows: tuple[MacroRow, ...]
    next_cursor: str | None


MACROS = Table("macro", MacroRow, ("macro_id",), ("tenant_id, name, macro_id WHERE NOT is_removed",))


class Macros:
    """Folds what agents saved and removed."""

    name = "macros"
    version = 1
    tables = (MACROS.name,)
    concerns = frozenset(event.TYPE for event in EVENTS)

    def ddl(self, build: int) -> str:
        return MACROS.ddl(build)

    async def fold(self, connection: Connection, build: int, recorded: Sequence[Recorded]) -> None:
        rows = await MACROS.load(connection, build, {(one.tenant_id, one.stream_id) for one in recorded})
        for one in recorded:
            key = (one.tenant_id, one.stream_id)
            match one.event:
                case MacroSaved() as saved:
                    rows[key] = _row(one, saved)
                case MacroRemoved() if key in rows:
                    rows[key].is_removed = True
                case _:
                    pass
        await MACROS.upsert(connection, build, rows.values())

    async def forget(self, connection: Connection, build: int, tenant_id: int, stream_id: UUID) -> None:
        await MACROS.delete(connection, build, tenant_id, stream_id)


_VISIBLE = f"""
SELECT {", ".join(MacroRow.__struct_fields__)} FROM read.macro
WHERE tenant_id = %(tenant_id)s AND NOT is_removed AND (scope = 'tenant'
  OR (scope = 'private' AND owner_id = %(me)s)
  OR (scope = 'team' AND (%(all_teams)s OR team_id = ANY(%(teams)s::uuid[]))))"""


async def read_macros(
    connection: Connection, tenant_id: int, viewer: Viewer, limit: int = 50, cursor: str | None = None
) -> MacroPage:
    """Those that the viewer may see, by name. Raises Invalid for a strange cursor."""
    size, values = page_limit(limit), _values(tenant_id, viewer)
    after = ""
    if cursor is not None:
        after = "AND (name, macro_id) > (%(name)s, %(id)s)"
        values |= _place(cursor)
    found = await connection.execute(
        f"{_VISIBLE} {after} ORDER BY name, macro_id LIMIT %(limit)s".encode(), values | {"limit": size + 1}
    )
    rows = [_read(row) for row in await found.fetchall()]
    return MacroPage(tuple(rows[:size]), _cursor_after(rows[size - 1]) if len(rows) > size else None)


async def read_macro(connection: Connection, tenant_id: int, viewer: Viewer, macro_id: UUID) -> MacroRow | None:
    """None where there is none that the viewer may see."""
    values = _values(tenant_id, viewer) | {"id": macro_id}
    found = await connection.execute(f"{_VISIBLE} AND macro_id = %(id)s".encode(), values)
    row = await found.fetchone()
    return _read(row) if row else None


def _values(tenant_id: int, viewer: Viewer) -> dict[str, Any]:
    return {
        "tenant_id": tenant_id,
        "me": viewer.agent_id,
        "all_teams": viewer.sees_all_teams,
        "teams": list(viewer.team_ids),
    }


def _row(one: Recorded, saved: MacroSaved) -> MacroRow:
    return MacroRow(
        tenant_id=one.tenant_id,
        macro_id=one.stream_id,
        name=saved.name,
        actions=saved.actions,
        scope=saved.scope,
        team_id=saved.team_id,
        owner_id=saved.owner_id,
        version=one.version,
        updated_at=saved.at,
    )


def _read(values: tuple[Any, ...]) -> MacroRow:
    return msgspec.convert(dict(zip(MacroRow.__struct_fields__, values, strict=True)), MacroRow)


def _cursor_after(row: MacroRow) -> str:
    return encode_cursor(Cursor(ORDER, row.name, row.macro_id.hex))


def _place(cursor: str) -> dict[str, Any]:
    found = decode_cursor(cursor, ORDER)
    try:
        return {"name": bounded("cursor", found.key), "id": UUID(found.last)}
    except ValueError as unreadable:
        raise Invalid("cursor is not one of ours.") from unreadable
