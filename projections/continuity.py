"""Continuity: what absent visitors were told, when a timer has to look again, and which widgets ask for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from application.due import Due
from application.log import Recorded
from application.projection import Connection
from domain import continuity
from domain.continuity import ContinuityMoved, FailReason, NoticeFailed, NoticeSent, Via, continuity_of
from domain.kernel import Event
from projections.table import Table

NoticeStatus = Literal["sent", "failed"]


class NoticeView(msgspec.Struct, frozen=True):
    """What became of the last notice. `via` of one that was sent, the others of one that failed."""

    status: NoticeStatus
    replies: int
    at: datetime
    via: Via | None = None
    reason: FailReason | None = None
    retry_at: datetime | None = None


class ContinuityRow(msgspec.Struct):
    """`due_at`: when a timer has something to do. `version` and `position` are those of the last event."""

    tenant_id: int
    continuity_id: UUID
    due_at: datetime | None
    notice: NoticeView | None
    position: int
    version: int


ROWS = Table("continuity", ContinuityRow, ("continuity_id",), ("due_at WHERE due_at IS NOT NULL",))

_DUE = "SELECT tenant_id, continuity_id, due_at, version, position FROM read.continuity WHERE due_at IS NOT NULL"
_NOTICE = "SELECT notice FROM read.continuity WHERE tenant_id = %s AND continuity_id = %s"
_CONTINUED = """
SELECT widget_id FROM read.widget
WHERE tenant_id = %s AND NOT is_archived AND settings #>> '{continuity,enabled}' = 'true'"""


class Continuities:
    """Folds what is waited for and what was told; nothing of what people write is in it."""

    name = "continuity"
    version = 1
    tables = (ROWS.name,)
    concerns = frozenset(event.TYPE for event in continuity.EVENTS)

    def ddl(self, build: int) -> str:
        return ROWS.ddl(build)

    async def fold(self, connection: Connection, build: int, recorded: Sequence[Recorded]) -> None:
        rows = await ROWS.load(connection, build, {(one.tenant_id, one.stream_id) for one in recorded})
        for one in recorded:
            if isinstance(one.event, ContinuityMoved):
                key = (one.tenant_id, one.stream_id)
                notice = notice_after(rows[key].notice if key in rows else None, one.event)
                rows[key] = ContinuityRow(*key, one.event.next_at, notice, one.position, one.version)
        await ROWS.upsert(connection, build, rows.values())

    async def forget(self, connection: Connection, build: int, tenant_id: int, stream_id: UUID) -> None:
        await ROWS.delete(connection, build, tenant_id, stream_id)


def notice_after(before: NoticeView | None, event: Event) -> NoticeView | None:
    """What is known of the last notice after this event."""
    match event:
        case NoticeSent(replies=replies, at=at, via=via):
            return NoticeView("sent", replies, at, via=via)
        case NoticeFailed(replies=replies, at=at, reason=reason):
            retry_at = event.next_at if event.will_retry else None
            return NoticeView("failed", replies, at, reason=reason, retry_at=retry_at)
        case _:
            return before


def notice_in(recorded: Sequence[Recorded]) -> NoticeView | None:
    """The same out of the events of one stream."""
    notice: NoticeView | None = None
    for one in recorded:
        notice = notice_after(notice, one.event)
    return notice


async def read_notice(connection: Connection, tenant_id: int, conversation_id: UUID) -> NoticeView | None:
    """The last one of a conversation, None where its visitor was told nothing."""
    found = await connection.execute(_NOTICE, (tenant_id, continuity_of(conversation_id)))
    row = await found.fetchone()
    return None if row is None or row[0] is None else msgspec.convert(row[0], NoticeView)


async def read_continuity_due(connection: Connection) -> tuple[Due, ...]:
    """Of all tenants: for a worker's connection."""
    found = await (await connection.execute(_DUE)).fetchall()
    return tuple(
        Due(tenant_id, id, "continuity", at, version, place) for tenant_id, id, at, version, place in found
    )


async def read_continued(connection: Connection, tenant_id: int) -> frozenset[UUID]:
    """The widgets whose visitors are told."""
    found = await (await connection.execute(_CONTINUED, (tenant_id,))).fetchall()
    return frozenset(row[0] for row in found)
