"""Automations put together: the policy, and the read model that it goes by."""

from __future__ import annotations

from collections.abc import Sequence

from application.bus import CommandBus
from application.policies.apply_automations import ApplyAutomations
from application.rule_ports import ActiveAutomation
from infrastructure.eventstore.store import EventStore
from infrastructure.postgres import Database
from infrastructure.projector.positions import ReadPositions
from infrastructure.projector.progress import Progress
from projections.automations import AutomationList, read_active

PATIENCE = 5.0
"""Seconds to wait for the read model; the reactor tries again later."""


class AutomationsRead:
    """Implements `application.ports.Automations`."""

    def __init__(self, database: Database, positions: ReadPositions) -> None:
        self._database = database
        self._positions = positions

    async def active(self, tenant_id: int, seq: int) -> Sequence[ActiveAutomation]:
        await self._positions.wait(tenant_id, AutomationList.name, seq, PATIENCE)
        async with self._database.tenant(tenant_id) as connection:
            return await read_active(connection, tenant_id)


def apply_automations(store: EventStore, bus: CommandBus, progress: Progress | None = None) -> ApplyAutomations:
    read = AutomationsRead(store.database, ReadPositions(store.database, progress))
    return ApplyAutomations(store, bus, read, store.reader.stream)
