"""Campaign batch: some hundred recipients of a one-off campaign, queued by one event. So a million of them are
some thousand events, and no stream is long."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

import msgspec

from domain.ids import natural_key
from domain.kernel import NOWHERE, Aggregate, Event, Stamp

RecipientStatus = Literal["queued", "sent", "delivered", "read", "replied", "failed", "skipped"]

STEPS: tuple[RecipientStatus, ...] = ("queued", "sent", "delivered", "read", "replied")
"""The way of a message; each step implies those before it."""
BATCH = 250
"""Recipients of a batch: what is sent at once."""


class Drop(msgspec.Struct, frozen=True):
    """Somebody who is not sent it: `skipped` because they should not be, `failed` because it did not work."""

    contact_id: UUID
    status: Literal["failed", "skipped"]
    reason: str


class RecipientsQueued(Event, frozen=True, kw_only=True):
    TYPE = "campaign_batch.queued.1"

    tenant_id: int
    campaign_id: UUID
    number: int
    contact_ids: tuple[UUID, ...]

    def create(self) -> Aggregate:
        return CampaignBatch(self.originator_id)

    def apply(self, aggregate: CampaignBatch) -> None:
        aggregate.campaign_id, aggregate.left = self.campaign_id, set(self.contact_ids)


class RecipientsDropped(Event, frozen=True, kw_only=True):
    TYPE = "campaign_batch.dropped.1"

    campaign_id: UUID
    dropped: tuple[Drop, ...]

    def apply(self, aggregate: CampaignBatch) -> None:
        aggregate.left -= {one.contact_id for one in self.dropped}


class CampaignBatch(Aggregate):
    """Its id is made of the campaign's and its number: who queues it twice meets the first one."""

    KIND = "campaign_batch"

    campaign_id: UUID = NOWHERE

    def __init__(self, id: UUID) -> None:
        super().__init__(id)
        self.left: set[UUID] = set()

    def queue(
        self, stamp: Stamp, tenant_id: int, campaign_id: UUID, number: int, contact_ids: tuple[UUID, ...]
    ) -> None:
        """Once; a second one changes nothing."""
        if not self.exists and contact_ids:
            place = {"tenant_id": tenant_id, "campaign_id": campaign_id, "number": number}
            self.record(RecipientsQueued, stamp, contact_ids=contact_ids, **place)

    def drop(self, stamp: Stamp, dropped: tuple[Drop, ...]) -> None:
        """Those of them who were not dropped before."""
        new = tuple(one for one in dropped if one.contact_id in self.left)
        if new:
            self.record(RecipientsDropped, stamp, campaign_id=self.campaign_id, dropped=new)


def batch_key(tenant_id: int, campaign_id: UUID, number: int) -> UUID:
    return natural_key(tenant_id, CampaignBatch.KIND, f"{campaign_id.hex}/{number}")


def further(known: RecipientStatus, news: RecipientStatus) -> RecipientStatus:
    """The later of the two: a recipient never moves backwards, and who was dropped stays so unless it was sent."""
    if news not in STEPS:
        return news if known == "queued" else known
    if known not in STEPS:
        return known if news == "queued" else news
    return news if STEPS.index(news) > STEPS.index(known) else known


EVENTS: tuple[type[Event], ...] = (RecipientsQueued, RecipientsDropped)
