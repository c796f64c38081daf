"""ReadPositions: how far a tenant's read model is, and waiting for it: read your own writes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from domain.refusals import ProjectionBehind
from infrastructure.postgres import Database
from infrastructure.projector.progress import Progress

POLL = 0.04
"""Seconds between looks at PostgreSQL, where another process folds."""

_REACHED = """
SELECT t.tpos FROM es.projection p JOIN es.projection_tenant t ON t.name = p.name AND t.build = p.build
WHERE p.name = %s AND p.state = 'live' AND t.tenant_id = %s"""


_HELD = "SELECT pos FROM es.projection WHERE name = ANY(%s) AND state = 'live'"


async def wait_for_all_tenants(database: Database, names: Sequence[str], position: int, seconds: float) -> None:
    """All of these read models hold the whole log up to this global position. Raises ProjectionBehind."""
    deadline = asyncio.get_running_loop().time() + seconds
    while (reached := await _held(database, names)) < position:
        if asyncio.get_running_loop().time() > deadline:
            raise ProjectionBehind(at=reached)
        await asyncio.sleep(POLL)


async def _held(database: Database, names: Sequence[str]) -> int:
    """0 where one of them is not there."""
    async with database.worker() as connection:
        cursor = await connection.execute(_HELD, (list(names),))
        found = [pos for (pos,) in await cursor.fetchall()]
    return min(found) if len(found) == len(names) else 0


class ReadPositions:
    """`progress`: the one of this process's projector, if it has one; then a wait ends at once."""

    def __init__(self, database: Database, progress: Progress | None = None) -> None:
        self._database = database
        self._progress = progress or Progress()

    async def reached(self, tenant_id: int, name: str) -> int:
        """The tenant's last seq that the read model holds; 0 before its first event."""
        async with self._database.tenant(tenant_id) as connection:
            cursor = await connection.execute(_REACHED, (name, tenant_id))
            found = await cursor.fetchone()
        return found[0] if found else 0

    async def wait(
        self,
        tenant_id: int,
        name: str,
        seq: int,
        timeout: float = 2.0,  # noqa: ASYNC109 - its end is an answer of its own
    ) -> int:
        """The seq reached, `seq` or later. Raises ProjectionBehind (`at`: what is reached) after `timeout` s."""
        deadline = asyncio.get_running_loop().time() + timeout
        here = self._progress.reached(tenant_id, name)
        if here >= seq:
            return here
        while (reached := await self.reached(tenant_id, name)) < seq:
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                raise ProjectionBehind(at=reached)
            if await self._progress.wait(tenant_id, name, seq, min(POLL, left)):
                return self._progress.reached(tenant_id, name)
        return reached
