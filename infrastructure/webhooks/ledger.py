"""Ledger: how far each webhook has delivered, and what is due again. Written by the process that delivers."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from application.log import Recorded
from infrastructure.eventstore.reader import EventReader
from infrastructure.eventstore.rows import COLUMNS, stored_rows
from infrastructure.postgres import Connection, Database
from infrastructure.webhooks.deliveries import FIELDS, delivery_of
from infrastructure.webhooks.delivery import Delivery

_TYPES = {
    "tenant_id": "int", "webhook_id": "uuid", "delivery_id": "uuid", "seq": "bigint", "type": "text",
    "event_id": "text", "status": "text", "attempts": "int", "code": "int", "latency_ms": "int",
    "excerpt": "text", "error": "text", "next_at": "timestamptz", "is_aside": "bool", "asked_version": "int",
    "created_at": "timestamptz", "attempted_at": "timestamptz",
}  # fmt: skip
_KEY = ("tenant_id", "webhook_id", "delivery_id")
_KEPT = (*_KEY, "seq", "type", "event_id", "created_at", "asked_version")
"""What an attempt does not change. `asked_version` is the request's to write."""

_UPSERT = (
    f"INSERT INTO webhooks.delivery ({FIELDS}) SELECT * FROM unnest("
    + ", ".join(f"%s::{_TYPES[name]}[]" for name in Delivery.__struct_fields__)
    + f") ON CONFLICT ({', '.join(_KEY)}) DO UPDATE SET "
    + ", ".join(f"{name} = EXCLUDED.{name}" for name in Delivery.__struct_fields__ if name not in _KEPT)
)


class Place(msgspec.Struct, frozen=True):
    """All up to `seq` is settled or waits by itself; `version` of the last rewind that this follows."""

    tenant_id: int
    webhook_id: UUID
    seq: int
    version: int = 0
    failing_since: datetime | None = None


class Ledger:
    """No query of it is asked per event: notes and due rows come in batches."""

    def __init__(self, database: Database, reader: EventReader) -> None:
        self._database = database
        self._reader = reader

    async def places(self) -> dict[UUID, Place]:
        """All webhooks' that anything was delivered to."""
        async with self._database.worker() as connection:
            cursor = await connection.execute(
                "SELECT tenant_id, webhook_id, seq, version, failing_since FROM webhooks.cursor"
            )
            return {row[1]: Place(*row) for row in await cursor.fetchall()}

    async def held(self) -> dict[UUID, Delivery]:
        """What holds up its webhook: at most one delivery each."""
        async with self._database.worker() as connection:
            rows = await _rows(connection, "status = 'waiting' AND NOT is_aside ORDER BY created_at", ())
        return {one.webhook_id: one for one in rows}

    async def note(self, settled: Sequence[Delivery], place: Place | None) -> None:
        """Deliveries and how far that brings the webhook, together. A place never goes back within one rewind."""
        latest = {(one.webhook_id, one.delivery_id): one for one in settled}.values()
        async with self._database.worker() as connection, connection.transaction():
            if latest:
                columns = [[getattr(one, name) for one in latest] for name in Delivery.__struct_fields__]
                await connection.execute(_UPSERT.encode(), columns)
            if place is not None:
                await connection.execute(
                    "INSERT INTO webhooks.cursor (tenant_id, webhook_id, seq, version, failing_since) "
                    "VALUES (%s, %s, %s, %s, %s) ON CONFLICT (tenant_id, webhook_id) DO UPDATE SET "
                    "seq = EXCLUDED.seq, version = EXCLUDED.version, failing_since = EXCLUDED.failing_since, "
                    "at = now() WHERE (webhooks.cursor.version, webhooks.cursor.seq) "
                    "<= (EXCLUDED.version, EXCLUDED.seq)",
                    msgspec.structs.astuple(place),
                )

    async def due(self, now: datetime, busy: Collection[UUID], limit: int) -> list[Delivery]:
        """What stepped aside or was asked for and is to be sent now, of webhooks that are not `busy` with it."""
        async with self._database.worker() as connection:
            return await _rows(
                connection,
                "status = 'waiting' AND is_aside AND next_at <= %s AND webhook_id <> ALL(%s) "
                "ORDER BY next_at, seq LIMIT %s",
                (now, list(busy), limit),
            )

    async def hurry(self, tenant_id: int, webhook_id: UUID, now: datetime) -> None:
        """The address is back, or the webhook resumed: what waits for it is due now."""
        async with self._database.worker() as connection:
            await connection.execute(
                "UPDATE webhooks.delivery SET next_at = %s WHERE tenant_id = %s AND webhook_id = %s "
                "AND status = 'waiting' AND is_aside AND (next_at IS NULL OR next_at > %s)",
                (now, tenant_id, webhook_id, now),
            )

    async def take_up(self, webhook_ids: Collection[UUID], now: datetime) -> None:
        """What was laid by for these, which are not paused any more, is due now."""
        async with self._database.worker() as connection:
            await connection.execute(
                "UPDATE webhooks.delivery SET next_at = %s WHERE status = 'waiting' AND is_aside "
                "AND next_at IS NULL AND webhook_id = ANY(%s)",
                (now, list(webhook_ids)),
            )

    async def lay_by(self, tenant_id: int, webhook_id: UUID) -> None:
        """What waits for a paused webhook is not due before it is resumed; what was asked for is."""
        async with self._database.worker() as connection:
            await connection.execute(
                "UPDATE webhooks.delivery SET next_at = NULL WHERE tenant_id = %s AND webhook_id = %s "
                "AND status = 'waiting' AND is_aside AND asked_version = 0",
                (tenant_id, webhook_id),
            )

    async def close(self, tenant_id: int, webhook_id: UUID) -> None:
        """Removed: nothing waits any more."""
        async with self._database.worker() as connection, connection.transaction():
            values, why = (tenant_id, webhook_id), "The webhook was removed."
            await connection.execute(
                "UPDATE webhooks.delivery SET status = 'failed', next_at = NULL, error = %s "
                "WHERE tenant_id = %s AND webhook_id = %s AND status = 'waiting'",
                (why, *values),
            )
            await connection.execute(
                "DELETE FROM webhooks.cursor WHERE tenant_id = %s AND webhook_id = %s", values
            )

    async def events(self, tenant_id: int, seqs: Sequence[int]) -> dict[int, Recorded]:
        """By seq; one query."""
        async with self._database.tenant(tenant_id) as connection:
            cursor = await connection.execute(
                f"SELECT {COLUMNS} FROM es.event WHERE tenant_id = %s AND tpos = ANY(%s)".encode(),
                (tenant_id, list(seqs)),
                binary=True,
            )
            rows = stored_rows(await cursor.fetchall())
        return {one.seq: one for one in await self._reader.opened(rows)}


async def _rows(connection: Connection, condition: str, values: Sequence[Any]) -> list[Delivery]:
    cursor = await connection.execute(f"SELECT {FIELDS} FROM webhooks.delivery WHERE {condition}".encode(), values)
    return [delivery_of(row) for row in await cursor.fetchall()]
