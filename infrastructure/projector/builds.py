"""Builds: the tables of each projection, once per run of its fold over the log; one of them is live.

The number behind a table's name is the build's, not the code's version: the same code can be built again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec

from application.projection import Projection
from infrastructure.postgres import Connection

State = Literal["building", "live", "retired"]

TAKING = 7006
"""First key of the advisory lock under which builds of a projection are made and handed over."""


class Fenced(Exception):
    """Somebody else has taken this build since; nothing of the page was stored."""


class Build(msgspec.Struct, frozen=True):
    """One row of es.projection as its owner sees it. `epoch` proves the ownership."""

    name: str
    number: int
    version: int
    state: State
    position: int
    epoch: int


class Standing(msgspec.Struct, frozen=True):
    """How a build stands, for people. `halted` says why it does not move; `parked` counts streams."""

    name: str
    build: int
    version: int
    state: State
    position: int
    halted: str | None
    parked: int
    moved_at: datetime


async def install_builds(connection: Connection, projections: Sequence[Projection]) -> None:
    """Make every read model readable, though empty, where none was ever built: part of a migration."""
    cursor = await connection.execute("SELECT name FROM es.projection WHERE state = 'live'")
    live = {name for (name,) in await cursor.fetchall()}
    for projection in projections:
        if projection.name not in live:
            await take_build(connection, projection)


async def take_build(connection: Connection, projection: Projection) -> Build | None:
    """Own the build that this code folds: the live one, else one of its version, else a new one.

    None where a newer version is live and nothing of this version is left: an old process stands down.
    """
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", (TAKING, projection.name))
        cursor = await connection.execute(
            "SELECT build, version, state FROM es.projection WHERE name = %s "
            "ORDER BY state = 'live' DESC, build DESC",
            (projection.name,),
        )
        known = await cursor.fetchall()
        live = known[0][1] if known and known[0][2] == "live" else None
        mine = [build for build, version, _ in known if version == projection.version]
        if not mine and live is not None and live > projection.version:
            return None
        number = mine[0] if mine else await _make(connection, projection)
        build = await _own(connection, projection.name, number)
        if live is not None:
            return build
        await show(connection, projection, build)  # nothing better is there to read
        return msgspec.structs.replace(build, state="live")


async def new_build(connection: Connection, projection: Projection) -> Build:
    """A build beside the live one, owned by the caller. All others, retired or left half built, are dropped."""
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", (TAKING, projection.name))
        number = await _make(
            connection, projection
        )  # first: a number is never used twice, or a zombie's fits again
        await _drop_others(connection, projection, number)
        return await _own(connection, projection.name, number)


async def show(connection: Connection, projection: Projection, build: Build) -> None:
    """Point the views at this build and retire the one before; inside the caller's transaction. Raises Fenced."""
    for table in projection.tables:
        for change in (
            f"DROP VIEW IF EXISTS read.{table}",
            f"CREATE VIEW read.{table} WITH (security_invoker) AS SELECT * FROM read.{table}_{build.number}",
            f"GRANT SELECT ON read.{table} TO verbatim_api",
        ):
            await connection.execute(change.encode())
    await connection.execute(
        "UPDATE es.projection SET state = 'retired', owner_epoch = owner_epoch + 1 "
        "WHERE name = %s AND state = 'live' AND build <> %s",
        (build.name, build.number),
    )
    await _change(connection, build, "state = 'live'")


async def halt(connection: Connection, build: Build, why: str) -> None:
    """Stand still until a projector starts anew. Raises Fenced."""
    await _change(connection, build, "halted = %s", why)


async def read_standings(connection: Connection) -> tuple[Standing, ...]:
    """Every build of every projection, by name, the newest first."""
    cursor = await connection.execute(
        "SELECT p.name, p.build, p.version, p.state, p.pos, p.halted, (SELECT count(DISTINCT (k.tenant_id, "
        "k.stream_id)) FROM es.parked k WHERE k.name = p.name AND k.build = p.build), p.moved_at "
        "FROM es.projection p ORDER BY p.name, p.build DESC"
    )
    return tuple(Standing(*row) for row in await cursor.fetchall())


async def _make(connection: Connection, projection: Projection) -> int:
    cursor = await connection.execute(
        "INSERT INTO es.projection (name, build, version, state) "
        "SELECT %s, coalesce(max(build), 0) + 1, %s, 'building' FROM es.projection WHERE name = %s "
        "RETURNING build",
        (projection.name, projection.version, projection.name),
    )
    made = await cursor.fetchone()
    assert made is not None
    await connection.execute(projection.ddl(made[0]).encode(), prepare=False)
    return made[0]


async def _own(connection: Connection, name: str, number: int) -> Build:
    cursor = await connection.execute(
        "UPDATE es.projection SET owner_epoch = owner_epoch + 1, halted = NULL WHERE name = %s AND build = %s "
        "RETURNING name, build, version, state, pos, owner_epoch",
        (name, number),
    )
    row = await cursor.fetchone()
    assert row is not None
    return Build(*row)


async def _change(connection: Connection, build: Build, change: str, *values: str) -> None:
    cursor = await connection.execute(
        f"UPDATE es.projection SET {change} WHERE name = %s AND build = %s AND owner_epoch = %s".encode(),
        (*values, build.name, build.number, build.epoch),
    )
    if cursor.rowcount != 1:
        raise Fenced(f"{build.name} build {build.number}")


async def _drop_others(connection: Connection, projection: Projection, kept: int) -> None:
    cursor = await connection.execute(
        "DELETE FROM es.projection WHERE name = %s AND state <> 'live' AND build <> %s RETURNING build",
        (projection.name, kept),
    )
    for (number,) in await cursor.fetchall():
        for table in projection.tables:
            await connection.execute(f"DROP TABLE IF EXISTS read.{table}_{number}".encode())
        for table in ("projection_tenant", "parked"):
            await connection.execute(
                f"DELETE FROM es.{table} WHERE name = %s AND build = %s".encode(), (projection.name, number)
            )
