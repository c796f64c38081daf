"""Campaigns put together: what their policies read, out of the read models."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from application.bus import CommandBus
from application.campaign_ports import Member, Queued, Standing, Taken
from application.policies.run_campaigns import RunCampaigns
from application.policies.tell_campaign_progress import TellCampaignProgress
from domain.campaign_rules import Segment
from infrastructure.eventstore.store import EventStore
from infrastructure.postgres import Database
from infrastructure.projector.positions import ReadPositions
from infrastructure.projector.progress import Progress as Folding
from projections.audience import read_members
from projections.campaigns import read_campaign, read_queued, read_taken, read_unreported
from projections.campaigns_fold import Campaigns
from projections.contacts_fold import Contacts
from projections.inbox_fold import Inbox

PATIENCE = 5.0
"""Seconds to wait for a read model; who asked tries again later."""


class CampaignReading:
    """Implements `application.campaign_ports.CampaignDesk`."""

    def __init__(self, database: Database, positions: ReadPositions) -> None:
        self._database = database
        self._positions = positions

    async def members(
        self, tenant_id: int, segment: Segment, seq: int, after: UUID | None, limit: int
    ) -> Sequence[Member]:
        for name in (Contacts.name, Inbox.name):
            await self._positions.wait(tenant_id, name, seq, PATIENCE)
        async with self._database.tenant(tenant_id) as connection:
            return await read_members(connection, tenant_id, segment, after, limit)

    async def taken(self, tenant_id: int, campaign_id: UUID, seq: int) -> Taken:
        await self._positions.wait(tenant_id, Campaigns.name, seq, PATIENCE)
        async with self._database.tenant(tenant_id) as connection:
            return await read_taken(connection, tenant_id, campaign_id)

    async def queued(self, tenant_id: int, campaign_id: UUID, seq: int, number: int) -> Queued | None:
        await self._positions.wait(tenant_id, Campaigns.name, seq, PATIENCE)
        async with self._database.tenant(tenant_id) as connection:
            return await read_queued(connection, tenant_id, campaign_id, number)

    async def standing(self, tenant_id: int, campaign_id: UUID, seq: int) -> Standing | None:
        reached = await self._positions.wait(tenant_id, Campaigns.name, seq, PATIENCE)
        async with self._database.tenant(tenant_id) as connection:
            view = await read_campaign(connection, tenant_id, campaign_id)
        return None if view is None else Standing(tenant_id, campaign_id, view.progress(reached))

    async def unreported(self) -> Sequence[Standing]:
        async with self._database.worker() as connection:
            return await read_unreported(connection)


def campaign_policies(
    store: EventStore, bus: CommandBus, folding: Folding | None = None
) -> tuple[RunCampaigns, TellCampaignProgress]:
    """Both for one Reactor: `[*policies, run, tell]`, with `tell.run` beside them."""
    reading = CampaignReading(store.database, ReadPositions(store.database, folding))
    return RunCampaigns(store, bus, reading), TellCampaignProgress(bus, reading)
