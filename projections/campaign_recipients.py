"""Recipients: everybody a campaign was meant for, or who answered it, and how far its message came with them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from application.projection import Connection
from domain.campaign_batch import RecipientStatus
from projections.table import Key, Table


class RecipientRow(msgspec.Struct):
    """`number` and `batch_id`: the batch they were queued in; None for who answered an ongoing campaign.

    `message_version`: of the message, in its conversation; `seq`: the tenant's at the last one they got.
    `conversations`: how many they began as an answer to an ongoing one; `conversions`: how many became a lead.
    """

    tenant_id: int
    campaign_id: UUID
    contact_id: UUID
    status: RecipientStatus
    at: datetime
    reason: str | None = None
    number: int | None = None
    batch_id: UUID | None = None
    conversation_id: UUID | None = None
    message_version: int = 0
    seq: int = 0
    conversations: int = 0
    conversions: int = 0
    is_converted: bool = False


RECIPIENTS = Table(
    "campaign_recipient",
    RecipientRow,
    ("campaign_id", "contact_id"),
    indexes=(
        "tenant_id, campaign_id, status, contact_id",
        "tenant_id, campaign_id, number WHERE status = 'queued'",
        "tenant_id, conversation_id WHERE conversation_id IS NOT NULL",
    ),
)

_COLUMNS = ", ".join(f"t.{column}" for column in RECIPIENTS.columns)
_BY_NAME = f"""
SELECT {_COLUMNS} FROM read.campaign_recipient_{{build}} t
JOIN unnest(%s::bigint[], %s::uuid[], %s::uuid[]) AS k(tenant_id, campaign_id, contact_id)
  ON t.tenant_id = k.tenant_id AND t.campaign_id = k.campaign_id AND t.contact_id = k.contact_id"""
_BY_CONVERSATION = f"""
SELECT {_COLUMNS} FROM read.campaign_recipient_{{build}} t
JOIN unnest(%s::bigint[], %s::uuid[]) AS k(tenant_id, id)
  ON t.tenant_id = k.tenant_id AND t.conversation_id = k.id"""

_FORGET = (
    """DELETE FROM read.campaign_recipient_{build} WHERE tenant_id = %(tenant_id)s
  AND (batch_id = %(id)s OR conversation_id = %(id)s AND number IS NULL)""",
    """UPDATE read.campaign_recipient_{build}
SET status = 'queued', conversation_id = NULL, message_version = 0, seq = 0, conversions = 0, is_converted = false
WHERE tenant_id = %(tenant_id)s AND conversation_id = %(id)s""",
)


class Roll:
    """The recipients that a page of events speaks of, found by name and by conversation."""

    def __init__(self, rows: Collection[RecipientRow] = ()) -> None:
        self._rows: dict[tuple[int, UUID, UUID], RecipientRow] = {}
        self._within: dict[Key, list[RecipientRow]] = {}
        for row in rows:
            self.add(row)

    @staticmethod
    async def load(
        connection: Connection,
        build: int,
        names: Collection[tuple[int, UUID, UUID]],
        conversations: Collection[Key],
    ) -> Roll:
        found: dict[tuple[int, UUID, UUID], RecipientRow] = {}
        for query, keys, width in ((_BY_NAME, names, 3), (_BY_CONVERSATION, conversations, 2)):
            if not keys:
                continue
            columns = [list(column) for column in zip(*keys, strict=True)]
            cursor = await connection.execute(query.format(build=build).encode(), columns[:width])
            for values in await cursor.fetchall():
                row = _row(values)
                found[row.tenant_id, row.campaign_id, row.contact_id] = row
        return Roll(tuple(found.values()))

    @staticmethod
    async def forget(connection: Connection, build: int, tenant_id: int, stream_id: UUID) -> None:
        """Whom this batch queued, and what happened in this conversation."""
        for query in _FORGET:
            await connection.execute(query.format(build=build).encode(), {"tenant_id": tenant_id, "id": stream_id})

    def find(self, tenant_id: int, campaign_id: UUID, contact_id: UUID) -> RecipientRow | None:
        return self._rows.get((tenant_id, campaign_id, contact_id))

    def within(self, tenant_id: int, conversation_id: UUID) -> list[RecipientRow]:
        """Whose message lies in this conversation; several campaigns' may."""
        return self._within.get((tenant_id, conversation_id), [])

    def add(self, row: RecipientRow) -> None:
        self._rows[row.tenant_id, row.campaign_id, row.contact_id] = row
        if row.conversation_id is not None:
            self._within.setdefault((row.tenant_id, row.conversation_id), []).append(row)

    def place(self, row: RecipientRow, conversation_id: UUID, version: int) -> None:
        """Its message is this one from here on."""
        if row.conversation_id is not None:
            self._within[row.tenant_id, row.conversation_id].remove(row)
        row.conversation_id, row.message_version, row.is_converted = conversation_id, version, False
        self._within.setdefault((row.tenant_id, conversation_id), []).append(row)

    def campaigns(self) -> Iterator[Key]:
        yield from {(row.tenant_id, row.campaign_id) for row in self._rows.values()}

    async def store(self, connection: Connection, build: int) -> None:
        await RECIPIENTS.upsert(connection, build, self._rows.values())


def _row(values: tuple[Any, ...]) -> RecipientRow:
    return msgspec.convert(dict(zip(RECIPIENTS.columns, values, strict=True)), RecipientRow)
