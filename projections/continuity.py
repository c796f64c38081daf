"""Continuity: when a timer has to look after an absent visitor, and which widgets ask for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from application.due import Due
from application.log import Recorded
from application.projection import Connection
from domain import continuity
from domain.continuity import ContinuityMoved
from projections.table import Table


class ContinuityRow(msgspec.Struct):
    """`due_at`: when a timer has something to do. `version` and `position` are those of the last event."""

    tenant_id: int
    continuity_id: UUID
    due_at: datetime | None
    position: int
    version: int


ROWS = Table("continuity", ContinuityRow, ("continuity_id",), ("due_at WHERE due_at IS NOT NULL",))

_DUE = "SELECT tenant_id, continuity_id, due_at, version, position FROM read.continuity WHERE due_at IS NOT NULL"
_CONTINUED = """
SELECT widget_id FROM read.widget
WHERE tenant_id = %s AND NOT is_archived AND settings #>> '{continuity,enabled}' = 'true'"""


class Continuities:
    """Folds what is waited for; nothing of what people write is in it."""

    name = "continuity"
    version = 1
    tables = (ROWS.name,)
    concerns = frozenset(event.TYPE for event in continuity.EVENTS)

    def ddl(self, build: int) -> str:
        return ROWS.ddl(build)

    async def fold(self, connection: Connection, build: int, recorded: Sequence[Recorded]) -> None:
        newest = {
            (one.tenant_id, one.stream_id): ContinuityRow(
                one.tenant_id, one.stream_id, one.event.next_at, one.position, one.version
            )
            for one in recorded
            if isinstance(one.event, ContinuityMoved)
        }
        await ROWS.upsert(connection, build, newest.values())

    async def forget(self, connection: Connection, build: int, tenant_id: int, stream_id: UUID) -> None:
        await ROWS.delete(connection, build, tenant_id, stream_id)


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
