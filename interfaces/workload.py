"""Workload: who is there and what is due, out of their read model, for routing and timers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from application.due import Due
from application.ports import Seat
from application.routing import Floor
from domain.refusals import ProjectionBehind
from infrastructure.postgres import Connection, Database
from infrastructure.projector.positions import ReadPositions
from projections.campaigns import read_campaigns_due
from projections.campaigns_fold import Campaigns
from projections.sla import read_sla_due
from projections.sla_fold import Sla
from projections.workload import read_due, read_floor, read_seat
from projections.workload_fold import Workload as Fold

PATIENCE = 5.0
"""Seconds to wait for the read model; who asked tries again later."""
POLL = 0.05


class Workload:
    """Implements `application.ports.Desks` and `DueTimes`."""

    def __init__(self, database: Database, positions: ReadPositions) -> None:
        self._database = database
        self._positions = positions

    async def seat(self, tenant_id: int, agent_id: UUID, asked: Sequence[UUID]) -> Seat:
        async with self._database.tenant(tenant_id) as connection:
            return await read_seat(connection, tenant_id, agent_id, asked)

    async def floor(self, tenant_id: int, seq: int, now: datetime) -> Floor:
        reached = await self._positions.wait(tenant_id, Fold.name, seq, PATIENCE)
        async with self._database.tenant(tenant_id) as connection:
            return await read_floor(connection, tenant_id, reached, now)

    async def outstanding(self, position: int) -> Sequence[Due]:
        deadline = asyncio.get_running_loop().time() + PATIENCE
        async with self._database.worker() as connection:
            while (reached := await _reached(connection, _MODELS)) < position:
                if asyncio.get_running_loop().time() > deadline:
                    raise ProjectionBehind(at=reached)
                await asyncio.sleep(POLL)
            return [
                *await read_due(connection),
                *await read_sla_due(connection),
                *await read_campaigns_due(connection),
            ]


async def _reached(connection: Connection, names: Sequence[str]) -> int:
    """The global position that all of these read models hold."""
    cursor = await connection.execute(
        "SELECT pos FROM es.projection WHERE name = ANY(%s) AND state = 'live'", (list(names),)
    )
    found = [row[0] for row in await cursor.fetchall()]
    return min(found) if len(found) == len(names) else 0


_MODELS = (Fold.name, Sla.name, Campaigns.name)
"""That hold due times."""
