"""Webhooks: the table, its fold, and the lists that admins and the courier see."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from application.log import Recorded
from application.projection import Connection
from domain.refusals import Invalid
from domain.webhook import EVENTS, Webhook, WebhookCreated, WebhookState
from projections.cursor import Cursor, decode_cursor, encode_cursor, page_limit
from projections.table import Table

ORDER = "newest_webhook"
NEWEST = UUID(int=2**128 - 1)


class WebhookRow(msgspec.Struct):
    """`created_seq`: the tenant's seq of its first event. A removed one stays as a row that no query shows."""

    tenant_id: int
    webhook_id: UUID
    state: WebhookState
    created_seq: int
    created_at: datetime
    updated_at: datetime
    version: int
    is_removed: bool = False


class WebhookPage(msgspec.Struct, frozen=True):
    """`next_cursor` is None on the last page."""

    rows: tuple[WebhookRow, ...]
    next_cursor: str | None


WEBHOOKS = Table("webhook", WebhookRow, ("webhook_id",), ("tenant_id, webhook_id WHERE NOT is_removed",))


class Webhooks:
    """Folds what admins said about webhooks, and what was paused."""

    name = "webhooks"
    version = 1
    tables = (WEBHOOKS.name,)
    concerns = frozenset(event.TYPE for event in EVENTS)

    def ddl(self, build: int) -> str:
        return WEBHOOKS.ddl(build)

    async def fold(self, connection: Connection, build: int, recorded: Sequence[Recorded]) -> None:
        rows = await WEBHOOKS.load(connection, build, {(one.tenant_id, one.stream_id) for one in recorded})
        for one in recorded:
            key = (one.tenant_id, one.stream_id)
            if isinstance(one.event, WebhookCreated):
                rows[key] = _created(one, one.event)
            elif key in rows:
                _evolve(rows[key], one)
        await WEBHOOKS.upsert(connection, build, rows.values())

    async def forget(self, connection: Connection, build: int, tenant_id: int, stream_id: UUID) -> None:
        await WEBHOOKS.delete(connection, build, tenant_id, stream_id)


_FIELDS = ", ".join(WebhookRow.__struct_fields__)


async def read_webhooks(
    connection: Connection, tenant_id: int, limit: int = 50, cursor: str | None = None
) -> WebhookPage:
    """The newest first. Raises Invalid for a strange cursor."""
    size, before = page_limit(limit), NEWEST if cursor is None else _place(cursor)
    found = await connection.execute(
        f"SELECT {_FIELDS} FROM read.webhook WHERE tenant_id = %s AND NOT is_removed AND webhook_id < %s "
        "ORDER BY webhook_id DESC LIMIT %s".encode(),
        (tenant_id, before, size + 1),
    )
    rows = [_row(values) for values in await found.fetchall()]
    more = encode_cursor(Cursor(ORDER, "", rows[size - 1].webhook_id.hex)) if len(rows) > size else None
    return WebhookPage(tuple(rows[:size]), more)


async def read_webhook(connection: Connection, tenant_id: int, webhook_id: UUID) -> WebhookRow | None:
    """None where this tenant has none."""
    found = await connection.execute(
        f"SELECT {_FIELDS} FROM read.webhook WHERE tenant_id = %s AND webhook_id = %s AND NOT is_removed".encode(),
        (tenant_id, webhook_id),
    )
    values = await found.fetchone()
    return _row(values) if values else None


async def count_webhooks(connection: Connection, tenant_id: int) -> int:
    """Those that are not removed."""
    found = await connection.execute(
        "SELECT count(*) FROM read.webhook WHERE tenant_id = %s AND NOT is_removed", (tenant_id,)
    )
    row = await found.fetchone()
    return row[0] if row else 0


async def read_all_webhooks(connection: Connection) -> list[WebhookRow]:
    """All tenants': for the process that delivers."""
    found = await connection.execute(f"SELECT {_FIELDS} FROM read.webhook WHERE NOT is_removed".encode())
    return [_row(values) for values in await found.fetchall()]


def _created(one: Recorded, created: WebhookCreated) -> WebhookRow:
    webhook = Webhook(one.stream_id)
    created.apply(webhook)
    return WebhookRow(one.tenant_id, one.stream_id, webhook.state, one.seq, one.at, one.at, one.version)


def _evolve(row: WebhookRow, one: Recorded) -> None:
    webhook = Webhook(row.webhook_id)
    webhook.state = row.state
    one.event.apply(webhook)
    row.state, row.updated_at, row.version = webhook.state, one.at, one.version
    row.is_removed = webhook.state.is_removed


def _row(values: tuple[Any, ...]) -> WebhookRow:
    return msgspec.convert(dict(zip(WebhookRow.__struct_fields__, values, strict=True)), WebhookRow)


def _place(cursor: str) -> UUID:
    try:
        return UUID(hex=decode_cursor(cursor, ORDER).last)
    except ValueError as unreadable:
        raise Invalid("cursor is not one of ours.") from unreadable
