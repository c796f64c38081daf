"""Deliveries: the delivery log, as it is read, asked for again, and swept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from application.log import Recorded
from domain.ids import event_wire
from domain.webhook import RedeliveryRequested, WebhookTestRequested
from infrastructure.postgres import Connection, Database
from infrastructure.webhooks.delivery import TEST, Delivery

KEPT = timedelta(days=30)
"""How long what was settled is shown."""
SWEPT_AT_ONCE = 10_000

FIELDS = ", ".join(Delivery.__struct_fields__)


class Standing(msgspec.Struct, frozen=True):
    """How far a webhook is: everything up to `seq` is delivered, dead, or waits by itself."""

    seq: int
    failing_since: datetime | None


class Deliveries:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self, tenant_id: int, webhook_id: UUID, before: tuple[datetime, UUID] | None, limit: int
    ) -> tuple[Delivery, ...]:
        """The newest first; `before`: the time and id of the last one of the page before."""
        after = "" if before is None else "AND (created_at, delivery_id) < (%s, %s)"
        return await self._rows(
            tenant_id, f"webhook_id = %s {after} ORDER BY created_at DESC, delivery_id DESC LIMIT %s",
            (webhook_id, *(before or ()), limit),
        )  # fmt: skip

    async def find(self, tenant_id: int, webhook_id: UUID, delivery_id: UUID) -> Delivery | None:
        """None where this webhook of this tenant has none."""
        found = await self._rows(tenant_id, "webhook_id = %s AND delivery_id = %s", (webhook_id, delivery_id))
        return found[0] if found else None

    async def standings(self, tenant_id: int, webhook_ids: Sequence[UUID]) -> dict[UUID, Standing]:
        """One query; none for those that nothing was delivered to yet."""
        async with self._database.tenant(tenant_id) as connection:
            cursor = await connection.execute(
                "SELECT webhook_id, seq, failing_since FROM webhooks.cursor "
                "WHERE tenant_id = %s AND webhook_id = ANY(%s)",
                (tenant_id, list(webhook_ids)),
            )
            return {row[0]: Standing(row[1], row[2]) for row in await cursor.fetchall()}

    async def ask(self, recorded: Recorded) -> None:
        """What somebody asked to be sent is due now. The same request again changes nothing."""
        async with self._database.worker() as connection:
            match recorded.event:
                case WebhookTestRequested(delivery_id=delivery_id):
                    await self._ask_for_test(connection, recorded, delivery_id)
                case RedeliveryRequested(delivery_id=delivery_id):
                    await connection.execute(
                        "UPDATE webhooks.delivery SET status = 'waiting', is_aside = true, next_at = now(), "
                        "asked_version = %s WHERE tenant_id = %s AND webhook_id = %s AND delivery_id = %s "
                        "AND asked_version < %s AND (status <> 'waiting' OR is_aside)",
                        (recorded.version, recorded.tenant_id, recorded.stream_id, delivery_id,
                         recorded.version),
                    )  # fmt: skip
                case _:
                    pass

    async def sweep(self, now: datetime) -> int:
        """Delete what was settled long ago; how many."""
        count = 0
        while True:
            async with self._database.worker() as connection:
                cursor = await connection.execute(
                    "DELETE FROM webhooks.delivery WHERE ctid = ANY(ARRAY(SELECT ctid FROM webhooks.delivery "
                    "WHERE status <> 'waiting' AND created_at < %s LIMIT %s))",
                    (now - KEPT, SWEPT_AT_ONCE),
                )
            count += cursor.rowcount
            if cursor.rowcount < SWEPT_AT_ONCE:
                return count

    async def _ask_for_test(self, connection: Connection, recorded: Recorded, delivery_id: UUID) -> None:
        event_id = event_wire(recorded.stream_id, recorded.version)
        await connection.execute(
            "INSERT INTO webhooks.delivery (tenant_id, webhook_id, delivery_id, seq, type, event_id, status, "
            "attempts, next_at, is_aside, asked_version, created_at) "
            "VALUES (%s, %s, %s, %s, %s, %s, 'waiting', 0, now(), true, %s, now()) ON CONFLICT DO NOTHING",
            (
                recorded.tenant_id, recorded.stream_id, delivery_id, recorded.seq, TEST, event_id,
                recorded.version,
            ),
        )  # fmt: skip

    async def _rows(self, tenant_id: int, condition: str, values: Sequence[Any]) -> tuple[Delivery, ...]:
        async with self._database.tenant(tenant_id) as connection:
            cursor = await connection.execute(
                f"SELECT {FIELDS} FROM webhooks.delivery WHERE tenant_id = %s AND {condition}".encode(),
                (tenant_id, *values),
            )
            return tuple(delivery_of(row) for row in await cursor.fetchall())


def delivery_of(row: tuple[Any, ...]) -> Delivery:
    """A row of FIELDS."""
    return Delivery(**dict(zip(Delivery.__struct_fields__, row, strict=True)))
