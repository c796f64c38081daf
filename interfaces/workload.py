"""Workload: who is there and what is due, out of their read model, for routing and timers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from application.due import Due
from application.ports import Seat
from application.routing import Floor
from infrastructure.postgres import Database
from infrastructure.projector.positions import ReadPositions, wait_for_all_tenants
from projections.campaigns import read_campaigns_due
from projections.campaigns_fold import Campaigns
from projections.continuity import Continuities, read_continuity_due
from projections.sla import read_sla_due
from projections.sla_fold import Sla
from projections.workload import read_due, read_floor, read_seat
from projections.workload_fold import Workload as Fold

PATIENCE = 5.0
"""Seconds to wait for the read model; who asked tries again later."""


class Workload:
    """Implements `application.ports.Desks` and `DueTimes`."""

    def __init__(self, database: Database, positions: ReadPositions) -> None:
        self._database = database
        self._positions = positions

    async def seat(self, tenant_id: int, agent_id: UUID) -> Seat:
        async with self._database.tenant(tenant_id) as connection:
            return await read_seat(connection, tenant_id, agent_id)

    async def floor(self, tenant_id: int, seq: int, now: datetime) -> Floor:
        reached = await self._positions.wait(tenant_id, Fold.name, seq, PATIENCE)
        async with self._database.tenant(tenant_id) as connection:
            return await read_floor(connection, tenant_id, reached, now)

    async def outstanding(self, position: int) -> Sequence[Due]:
        await wait_for_all_tenants(self._database, _MODELS, position, PATIENCE)
        async with self._database.worker() as connection:
            return [
                *await read_due(connection),
                *await read_sla_due(connection),
                *await read_campaigns_due(connection),
                *await read_continuity_due(connection),
            ]


_MODELS = (Fold.name, Sla.name, Campaigns.name, Continuities.name)
"""That hold due times."""
