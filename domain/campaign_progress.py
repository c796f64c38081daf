"""Campaign progress: how far a campaign is, said now and then. Each report replaces the one before."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from domain.campaign_life import CampaignKind, CampaignStatus
from domain.ids import natural_key
from domain.kernel import Aggregate, Event, Stamp

PACES: dict[CampaignKind, timedelta] = {"one_off": timedelta(seconds=1), "ongoing": timedelta(seconds=10)}
"""The least between two reports of one campaign that has not changed its state meanwhile. An ongoing one may be on
for years, and nobody waits for it to be done."""


class Counts(msgspec.Struct, frozen=True, omit_defaults=True):
    """`sent` counts everybody it was sent to, also who has read it by now; so do `delivered` and `read`.

    `shown` and `seen` (opened) count appearances of an ongoing campaign, `conversations` what was answered to it,
    `conversions` those of them that became a lead.
    """

    total: int = 0
    sent: int = 0
    delivered: int = 0
    read: int = 0
    replied: int = 0
    failed: int = 0
    skipped: int = 0
    shown: int = 0
    seen: int = 0
    conversations: int = 0
    conversions: int = 0

    @property
    def queued(self) -> int:
        return max(0, self.total - self.sent - self.failed - self.skipped)

    @property
    def percent(self) -> float:
        """Of a one-off campaign: 100 where there is nobody to send to."""
        if self.total == 0:
            return 100.0
        return round(100 * min(self.total, self.sent + self.failed + self.skipped) / self.total, 1)


class Progress(msgspec.Struct, frozen=True, omit_defaults=True):
    """`as_of`: the tenant's seq at which the counts were read."""

    kind: CampaignKind
    status: CampaignStatus
    counts: Counts
    as_of: int
    started_at: datetime | None = None


class ProgressReported(Event, frozen=True, kw_only=True):
    TYPE = "campaign_progress.reported.1"

    tenant_id: int
    campaign_id: UUID
    progress: Progress

    def create(self) -> Aggregate:
        return CampaignProgress(self.originator_id)

    def apply(self, aggregate: CampaignProgress) -> None:
        aggregate.last = self.progress


class CampaignProgress(Aggregate):
    """The reports of one campaign in one hour: no stream grows for ever, however long a campaign is on."""

    KIND = "campaign_progress"

    last: Progress | None = None

    def report(self, stamp: Stamp, tenant_id: int, campaign_id: UUID, progress: Progress) -> None:
        """At most as often as PACES says, and at once where the state is another than was said last.

        What was read before the last report, or says the same, changes nothing.
        """
        last = self.last
        if last is not None and last.status == progress.status:
            is_old = progress.as_of < last.as_of or progress.counts == last.counts
            if is_old or stamp.at - self.modified_at < PACES[progress.kind]:
                return
        self.record(ProgressReported, stamp, tenant_id=tenant_id, campaign_id=campaign_id, progress=progress)


def progress_key(tenant_id: int, campaign_id: UUID, at: datetime) -> UUID:
    return natural_key(tenant_id, CampaignProgress.KIND, f"{campaign_id.hex}/{at:%Y%m%d%H}")


EVENTS: tuple[type[Event], ...] = (ProgressReported,)
