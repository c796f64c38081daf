"""Assistants as those who set them up see them: their settings, and which one is the default."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from application.projection import Connection
from domain.assistant import Persona
from domain.refusals import Invalid
from projections.cursor import Cursor, decode_cursor, encode_cursor, page_limit

ORDER = "assistants"


class AssistantSettings(msgspec.Struct, frozen=True):
    """`version` and `updated_at` are of the last change."""

    assistant_id: UUID
    persona: Persona
    version: int
    updated_at: datetime
    is_default: bool
    is_archived: bool


class AssistantPage(msgspec.Struct, frozen=True):
    """`next_cursor` is None on the last page."""

    rows: tuple[AssistantSettings, ...]
    next_cursor: str | None


_SELECT = """
SELECT a.assistant_id, a.persona, a.version, a.updated_at,
  a.assistant_id IS NOT DISTINCT FROM t.default_assistant_id, a.is_archived, a.since
FROM read.assistant a LEFT JOIN read.tenant t ON t.tenant_id = a.tenant_id
WHERE a.tenant_id = %(tenant_id)s"""


async def read_assistant_page(
    connection: Connection, tenant_id: int, limit: int = 50, cursor: str | None = None
) -> AssistantPage:
    """Those that are not archived, in order of creation. Raises Invalid for a strange cursor."""
    size = page_limit(limit)
    values = {"tenant_id": tenant_id, "after": _after(cursor), "limit": size + 1}
    found = await connection.execute(
        f"{_SELECT} AND NOT a.is_archived AND a.since > %(after)s ORDER BY a.since LIMIT %(limit)s".encode(),
        values,
    )
    rows = await found.fetchall()
    more = encode_cursor(Cursor(ORDER, str(rows[size - 1][-1]), "")) if len(rows) > size else None
    return AssistantPage(tuple(_settings(row) for row in rows[:size]), more)


async def read_assistant(connection: Connection, tenant_id: int, assistant_id: UUID) -> AssistantSettings | None:
    """An archived one too; None where this tenant never had it."""
    values = {"tenant_id": tenant_id, "id": assistant_id}
    found = await connection.execute(f"{_SELECT} AND a.assistant_id = %(id)s".encode(), values)
    row = await found.fetchone()
    return None if row is None else _settings(row)


def _settings(row: tuple[Any, ...]) -> AssistantSettings:
    assistant_id, persona, *rest = row[:-1]
    return AssistantSettings(assistant_id, msgspec.convert(persona, Persona), *rest)


def _after(cursor: str | None) -> int:
    if cursor is None:
        return 0
    try:
        after = int(decode_cursor(cursor, ORDER).key)
    except ValueError as unreadable:
        raise Invalid("cursor is not one of ours.") from unreadable
    if not 0 <= after < 2**63:
        raise Invalid("cursor is not one of ours.")
    return after
