"""MemoryCampaigns: what campaigns' policies read, out of a log in memory; tests look in between."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from application.campaign_ports import Member, Queued, Recipient, Standing, Taken
from application.work import fold
from domain.campaign import Campaign
from domain.campaign_batch import RecipientsDropped, RecipientsQueued
from domain.campaign_progress import Counts, Progress
from domain.campaign_rules import Person, Segment
from domain.contact import Contact, ContactMet
from domain.conversation import MessagePosted
from tests.support.memory_log import MemoryLog


async def quiet() -> None:
    """Nothing happens in between."""


class MemoryCampaigns:
    """`between` runs before every look at who waits."""

    def __init__(self, log: MemoryLog) -> None:
        self._log = log
        self.between: Callable[[], Awaitable[None]] = quiet

    async def members(
        self, tenant_id: int, segment: Segment, seq: int, after: UUID | None, limit: int
    ) -> Sequence[Member]:
        met = {one.stream_id for one in self._log.recorded if isinstance(one.event, ContactMet)}
        found = [await self._member(tenant_id, id) for id in sorted(met) if after is None or id > after]
        return [one for one in found if one is not None][:limit]

    async def taken(self, tenant_id: int, campaign_id: UUID, seq: int) -> Taken:
        batches = self._batches(campaign_id)
        ids = [id for one in batches for id in one.contact_ids]
        return Taken(len(batches), len(ids), max(ids, default=None))

    async def queued(self, tenant_id: int, campaign_id: UUID, seq: int, number: int) -> Queued | None:
        await self.between()
        done = self._settled(campaign_id)
        for one in self._batches(campaign_id):
            left = tuple(Recipient(id, None) for id in one.contact_ids if id not in done)
            if one.number >= number and left:
                return Queued(one.number, left)
        return None

    async def standing(self, tenant_id: int, campaign_id: UUID, seq: int) -> Standing | None:
        campaign = fold(await self._log.load(tenant_id, campaign_id))
        if not isinstance(campaign, Campaign):
            return None
        counts = Counts(total=campaign.total or 0, sent=len(self.sent(campaign_id)))
        head = await self._log.head(tenant_id)
        return Standing(tenant_id, campaign_id, Progress(campaign.kind, campaign.status, counts, head))

    async def unreported(self) -> Sequence[Standing]:
        found = {(one.tenant_id, one.stream_id) for one in self._log.recorded if one.type == "campaign.launched.1"}
        standings = [await self.standing(tenant_id, id, 0) for tenant_id, id in found]
        return [one for one in standings if one is not None]

    def sent(self, campaign_id: UUID) -> list[UUID]:
        """To whom, once for each message."""
        said = [one.event for one in self._log.recorded if isinstance(one.event, MessagePosted)]
        return [event.subject_id for event in said if event.campaign_id == campaign_id]

    def _settled(self, campaign_id: UUID) -> set[UUID]:
        events = [one.event for one in self._log.recorded if isinstance(one.event, RecipientsDropped)]
        dropped = {
            drop.contact_id for event in events for drop in event.dropped if event.campaign_id == campaign_id
        }
        return dropped | set(self.sent(campaign_id))

    def _batches(self, campaign_id: UUID) -> list[RecipientsQueued]:
        queued = [one.event for one in self._log.recorded if isinstance(one.event, RecipientsQueued)]
        return [event for event in queued if event.campaign_id == campaign_id]

    async def _member(self, tenant_id: int, contact_id: UUID) -> Member | None:
        contact = fold(await self._log.load(tenant_id, contact_id))
        if not isinstance(contact, Contact) or contact.is_erased or contact.merged_into is not None:
            return None
        return Member(contact_id, Person(contact.is_verified, contact.attributes, (), contact.modified_at))
