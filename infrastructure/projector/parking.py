"""Parking: what a projection could not fold waits here, with all later events of its stream, in order."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from application.log import Recorded
from application.projection import Projection
from infrastructure.eventstore.reader import EventReader
from infrastructure.postgres import Connection, Database
from infrastructure.projector.builds import Build

WINDOW = 2000
HANDFUL = 5
"""More failures than these, and than 1% of the last WINDOW positions, are a fault of the code, not of events."""


async def unpark(
    database: Database, reader: EventReader, projection: Projection, tenant_id: int, stream_id: UUID
) -> int:
    """Fold a parked stream again from its start; returns how many events.

    What the fold raises comes out, and the stream stays parked. The live build stands still meanwhile.
    """
    async with database.worker() as connection, connection.transaction():
        build, position = await hold(connection, projection.name)
        events = [one for one in await reader.stream(tenant_id, stream_id) if one.position <= position]
        concerned = [one for one in events if one.type in projection.concerns]
        await projection.forget(connection, build, tenant_id, stream_id)
        await projection.fold(connection, build, concerned)
        await connection.execute(
            "DELETE FROM es.parked WHERE name = %s AND build = %s AND tenant_id = %s AND stream_id = %s",
            (projection.name, build, tenant_id, stream_id),
        )
    return len(concerned)


async def hold(connection: Connection, name: str) -> tuple[int, int]:
    """Keep the live build where it is until this transaction ends; its number and position, 0 where none is."""
    cursor = await connection.execute(
        "SELECT build, pos FROM es.projection WHERE name = %s AND state = 'live' FOR UPDATE", (name,)
    )
    return await cursor.fetchone() or (0, 0)


async def parked_streams(
    connection: Connection, build: Build, recorded: Sequence[Recorded]
) -> set[tuple[int, UUID]]:
    """Which of these events' streams are parked for this build."""
    streams = list({one.stream_id for one in recorded})
    cursor = await connection.execute(
        "SELECT DISTINCT tenant_id, stream_id FROM es.parked "
        "WHERE name = %s AND build = %s AND stream_id = ANY(%s::uuid[])",
        (build.name, build.number, streams),
    )
    return {(tenant_id, stream_id) for tenant_id, stream_id in await cursor.fetchall()}


async def park(
    connection: Connection,
    build: Build,
    recorded: Sequence[Recorded],
    failure: Exception | None = None,
    tries: int = 0,
) -> None:
    """Keep these for later; `failure` where they failed themselves."""
    error = reason(failure) if failure else None
    await connection.execute(
        "INSERT INTO es.parked (name, build, tenant_id, stream_id, pos, type, error, tries) "
        "SELECT %s, %s, x.tenant_id, x.stream_id, x.pos, x.type, %s, %s "
        "FROM unnest(%s::int[], %s::uuid[], %s::bigint[], %s::text[]) x(tenant_id, stream_id, pos, type)",
        (
            build.name,
            build.number,
            error,
            tries,
            [one.tenant_id for one in recorded],
            [one.stream_id for one in recorded],
            [one.position for one in recorded],
            [one.type for one in recorded],
        ),
    )


async def too_many(connection: Connection, build: Build, position: int) -> bool:
    """Whether the events that failed themselves, up to this position, are more than events can be blamed for."""
    cursor = await connection.execute(
        "SELECT count(*) FROM es.parked WHERE name = %s AND build = %s AND error IS NOT NULL AND pos > %s",
        (build.name, build.number, position - WINDOW),
    )
    failed = await cursor.fetchone() or (0,)
    return failed[0] > max(HANDFUL, min(position, WINDOW) // 100)


def reason(failure: Exception) -> str:
    """Kind and place. Never its message: that may quote what a person said."""
    frames = traceback.extract_tb(failure.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(failure).__name__}{place}"
