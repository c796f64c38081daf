"""SLA and leads put together: what their policies ask of the read models, and the policies for a reactor."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from application.cache import AggregateCache
from application.policies.keep_sla import KeepSlaClocks
from application.policies.qualify_by_rules import QualifyByRules
from application.ports import Policy
from application.rule_ports import SlaRule
from application.seats import Seats
from infrastructure.eventstore.store import EventStore
from infrastructure.postgres import Database
from infrastructure.projector.positions import ReadPositions
from infrastructure.projector.progress import Progress
from interfaces.routing import seated_bus
from projections.lead_sources import read_open_conversations, read_pages
from projections.sla import read_rules

PATIENCE = 5.0
"""Seconds to wait for a read model; the reactor tries again later."""


class SlaReading:
    """Implements `application.ports.SlaPolicies`."""

    def __init__(self, database: Database, positions: ReadPositions) -> None:
        self._database = database
        self._positions = positions

    async def of(self, tenant_id: int, seq: int) -> Sequence[SlaRule] | None:
        await self._positions.wait(tenant_id, "sla", seq, PATIENCE)
        async with self._database.tenant(tenant_id) as connection:
            return await read_rules(connection, tenant_id)


class LeadReading:
    """Implements `application.ports.LeadSources`."""

    def __init__(self, database: Database, positions: ReadPositions) -> None:
        self._database = database
        self._positions = positions

    async def open_conversations(self, tenant_id: int, contact_ids: Sequence[UUID], seq: int) -> Sequence[UUID]:
        await self._positions.wait(tenant_id, "inbox", seq, PATIENCE)
        async with self._database.tenant(tenant_id) as connection:
            return await read_open_conversations(connection, tenant_id, contact_ids)

    async def pages(self, tenant_id: int, contact_id: UUID) -> Sequence[str]:
        async with self._database.tenant(tenant_id) as connection:
            return await read_pages(connection, tenant_id, contact_id)


def sla_and_leads(store: EventStore, seats: Seats, progress: Progress | None = None) -> list[Policy]:
    """Both for a Reactor. Their bus remembers no aggregate: other processes move what they decide about."""
    positions = ReadPositions(store.database, progress)
    bus = seated_bus(store, seats, AggregateCache(0))
    return [
        KeepSlaClocks(store, bus, SlaReading(store.database, positions)),
        QualifyByRules(store, bus, LeadReading(store.database, positions)),
    ]
