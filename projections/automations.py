"""Automations: the table, its fold, the list that admins see and the one that the policy goes by."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from application.log import Recorded
from application.projection import Connection
from application.rule_ports import ActiveAutomation
from domain.automation import EVENTS, AutomationRemoved, AutomationRules, AutomationSaved
from domain.refusals import Invalid
from projections.cursor import Cursor, decode_cursor, encode_cursor, page_limit
from projections.table import Table

ORDER = "automations"


class AutomationRow(msgspec.Struct):
    """A removed one stays as a row that no query shows. `version` is that of its last rules."""

    tenant_id: int
    automation_id: UUID
    place: int
    is_enabled: bool
    rules: AutomationRules
    version: int
    updated_at: datetime
    is_removed: bool = False


class AutomationPage(msgspec.Struct, frozen=True):
    """`next_cursor` is None on the last page."""

    rows: tuple[AutomationRow, ...]
    next_cursor: str | None


AUTOMATIONS = Table(
    "automation", AutomationRow, ("automation_id",), ("tenant_id, place, automation_id WHERE NOT is_removed",)
)


class AutomationList:
    """Folds what admins saved and removed."""

    name = "automations"
    version = 1
    tables = (AUTOMATIONS.name,)
    concerns = frozenset(event.TYPE for event in EVENTS)

    def ddl(self, build: int) -> str:
        return AUTOMATIONS.ddl(build)

    async def fold(self, connection: Connection, build: int, recorded: Sequence[Recorded]) -> None:
        rows = await AUTOMATIONS.load(connection, build, {(one.tenant_id, one.stream_id) for one in recorded})
        for one in recorded:
            key = (one.tenant_id, one.stream_id)
            match one.event:
                case AutomationSaved() as saved:
                    rows[key] = _row(one, saved)
                case AutomationRemoved() if key in rows:
                    rows[key].is_removed = True
                case _:
                    pass
        await AUTOMATIONS.upsert(connection, build, rows.values())

    async def forget(self, connection: Connection, build: int, tenant_id: int, stream_id: UUID) -> None:
        await AUTOMATIONS.delete(connection, build, tenant_id, stream_id)


_FIELDS = ", ".join(AutomationRow.__struct_fields__)
_LIVE = f"SELECT {_FIELDS} FROM read.automation WHERE tenant_id = %s AND NOT is_removed"


async def read_automations(
    connection: Connection, tenant_id: int, limit: int = 50, cursor: str | None = None
) -> AutomationPage:
    """In the order in which they are asked. Raises Invalid for a strange cursor."""
    size = page_limit(limit)
    place, id = (-1, UUID(int=0)) if cursor is None else _place(cursor)
    found = await connection.execute(
        f"{_LIVE} AND (place, automation_id) > (%s, %s) ORDER BY place, automation_id LIMIT %s".encode(),
        (tenant_id, place, id, size + 1),
    )
    rows = [_read(values) for values in await found.fetchall()]
    return AutomationPage(tuple(rows[:size]), _cursor_after(rows[size - 1]) if len(rows) > size else None)


async def read_automation(connection: Connection, tenant_id: int, automation_id: UUID) -> AutomationRow | None:
    """None where this tenant has none."""
    found = await connection.execute(f"{_LIVE} AND automation_id = %s".encode(), (tenant_id, automation_id))
    values = await found.fetchone()
    return _read(values) if values else None


async def read_active(connection: Connection, tenant_id: int) -> tuple[ActiveAutomation, ...]:
    """All that are enabled, in their order."""
    found = await connection.execute(
        f"{_LIVE} AND is_enabled ORDER BY place, automation_id".encode(), (tenant_id,)
    )
    rows = [_read(values) for values in await found.fetchall()]
    return tuple(ActiveAutomation(row.automation_id, row.version, row.rules) for row in rows)


def _row(one: Recorded, saved: AutomationSaved) -> AutomationRow:
    return AutomationRow(
        tenant_id=one.tenant_id,
        automation_id=one.stream_id,
        place=saved.rules.place,
        is_enabled=saved.rules.enabled,
        rules=saved.rules,
        version=one.version,
        updated_at=saved.at,
    )


def _read(values: tuple[Any, ...]) -> AutomationRow:
    return msgspec.convert(dict(zip(AutomationRow.__struct_fields__, values, strict=True)), AutomationRow)


def _cursor_after(row: AutomationRow) -> str:
    return encode_cursor(Cursor(ORDER, str(row.place), row.automation_id.hex))


def _place(cursor: str) -> tuple[int, UUID]:
    found = decode_cursor(cursor, ORDER)
    try:
        return int(found.key), UUID(found.last)
    except ValueError as unreadable:
        raise Invalid("cursor is not one of ours.") from unreadable
