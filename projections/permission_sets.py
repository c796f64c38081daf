"""Permission sets: the table, its fold, and the list of a tenant's sets."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from application.log import Recorded
from application.projection import Connection
from domain.permission_set import (
    EVENTS,
    Ground,
    Permission,
    PermissionSetChanged,
    PermissionSetCreated,
    PermissionSetGiven,
    PermissionSetRemoved,
    PermissionSetTaken,
)
from domain.refusals import Invalid
from domain.values import bounded
from projections.cursor import Cursor, decode_cursor, encode_cursor, page_limit
from projections.table import Table

ORDER = "permission_sets"


class PermissionSetRow(msgspec.Struct):
    """A removed one stays as a row that no query shows. `holders`: how many agents have it."""

    tenant_id: int
    permission_set_id: UUID
    name: str
    ground: Ground
    permissions: tuple[Permission, ...]
    holders: int
    version: int
    updated_at: datetime
    is_removed: bool = False


class PermissionSetPage(msgspec.Struct, frozen=True):
    """`next_cursor` is None on the last page."""

    rows: tuple[PermissionSetRow, ...]
    next_cursor: str | None


SETS = Table(
    "permission_set",
    PermissionSetRow,
    ("permission_set_id",),
    ("tenant_id, name, permission_set_id WHERE NOT is_removed",),
)


class PermissionSets:
    """Folds what was drawn up, changed, given, taken and removed."""

    name = "permission_sets"
    version = 1
    tables = (SETS.name,)
    concerns = frozenset(event.TYPE for event in EVENTS)

    def ddl(self, build: int) -> str:
        return SETS.ddl(build)

    async def fold(self, connection: Connection, build: int, recorded: Sequence[Recorded]) -> None:
        rows = await SETS.load(connection, build, {(one.tenant_id, one.stream_id) for one in recorded})
        for one in recorded:
            key = (one.tenant_id, one.stream_id)
            if isinstance(one.event, PermissionSetCreated):
                rows[key] = _row(one, one.event)
            elif key in rows:
                _evolve(rows[key], one)
        await SETS.upsert(connection, build, rows.values())

    async def forget(self, connection: Connection, build: int, tenant_id: int, stream_id: UUID) -> None:
        await SETS.delete(connection, build, tenant_id, stream_id)


_SHOWN = f"""
SELECT {", ".join(PermissionSetRow.__struct_fields__)} FROM read.permission_set
WHERE tenant_id = %(tenant_id)s AND NOT is_removed"""


async def read_permission_sets(
    connection: Connection, tenant_id: int, limit: int = 50, cursor: str | None = None
) -> PermissionSetPage:
    """By name. Raises Invalid for a strange cursor."""
    size, after = page_limit(limit), ""
    values: dict[str, Any] = {"tenant_id": tenant_id, "limit": size + 1}
    if cursor is not None:
        after, values = "AND (name, permission_set_id) > (%(name)s, %(id)s)", values | _place(cursor)
    found = await connection.execute(
        f"{_SHOWN} {after} ORDER BY name, permission_set_id LIMIT %(limit)s".encode(), values
    )
    rows = [_read(row) for row in await found.fetchall()]
    return PermissionSetPage(tuple(rows[:size]), _cursor_after(rows[size - 1]) if len(rows) > size else None)


def _row(one: Recorded, made: PermissionSetCreated) -> PermissionSetRow:
    facts = (made.name, made.ground, made.permissions)
    return PermissionSetRow(one.tenant_id, one.stream_id, *facts, 0, one.version, made.at)


def _evolve(row: PermissionSetRow, one: Recorded) -> None:
    row.version, row.updated_at = one.version, one.at
    match one.event:
        case PermissionSetChanged(name=name, permissions=permissions):
            row.name, row.permissions = name, permissions
        case PermissionSetGiven():
            row.holders += 1
        case PermissionSetTaken():
            row.holders -= 1
        case PermissionSetRemoved():
            row.is_removed = True
        case _:
            pass


def _read(values: tuple[Any, ...]) -> PermissionSetRow:
    return msgspec.convert(dict(zip(PermissionSetRow.__struct_fields__, values, strict=True)), PermissionSetRow)


def _cursor_after(row: PermissionSetRow) -> str:
    return encode_cursor(Cursor(ORDER, row.name, row.permission_set_id.hex))


def _place(cursor: str) -> dict[str, Any]:
    found = decode_cursor(cursor, ORDER)
    try:
        return {"name": bounded("cursor", found.key), "id": UUID(found.last)}
    except ValueError as unreadable:
        raise Invalid("cursor is not one of ours.") from unreadable
