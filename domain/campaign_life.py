"""Campaign life: draft -> scheduled -> running <-> paused -> completed | cancelled | failed."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from domain.kernel import Aggregate, Event, Stamp
from domain.refusals import Conflict, Invalid
from domain.values import required

CampaignKind = Literal["ongoing", "one_off"]
CampaignStatus = Literal["draft", "scheduled", "running", "paused", "completed", "cancelled", "failed"]

ENDED: frozenset[CampaignStatus] = frozenset(["completed", "cancelled", "failed"])


class CampaignState(Conflict):
    """Details: `status`."""

    code = "campaign_state"
    sentence = "This campaign is not in a state that allows it."


class CampaignEvent(Event, frozen=True, kw_only=True):
    """What happens to a campaign; the ones that move it name the state they lead to."""

    def apply(self, aggregate: Any) -> None:
        aggregate.status = STATUS_AFTER.get(type(self), aggregate.status)


class CampaignScheduled(CampaignEvent, frozen=True, kw_only=True):
    TYPE = "campaign.scheduled.1"

    launch_at: datetime

    def apply(self, aggregate: Lived) -> None:
        CampaignEvent.apply(self, aggregate)
        aggregate.launch_at = self.launch_at


class CampaignUnscheduled(CampaignEvent, frozen=True, kw_only=True):
    """A draft again."""

    TYPE = "campaign.unscheduled.1"

    def apply(self, aggregate: Lived) -> None:
        CampaignEvent.apply(self, aggregate)
        aggregate.launch_at = None


class CampaignLaunched(CampaignEvent, frozen=True, kw_only=True):
    """Counts once against the plan. `ends_at`: when an ongoing one is over."""

    TYPE = "campaign.launched.1"

    kind: CampaignKind
    ends_at: datetime | None = None

    def apply(self, aggregate: Lived) -> None:
        CampaignEvent.apply(self, aggregate)
        aggregate.started_at, aggregate.launch_at = self.at, None


class AudienceTaken(CampaignEvent, frozen=True, kw_only=True):
    """All recipients are queued, in batches 0 to `batches` - 1: nobody else is added."""

    TYPE = "campaign.audience_taken.1"

    total: int
    batches: int

    def apply(self, aggregate: Lived) -> None:
        aggregate.total, aggregate.batches = self.total, self.batches


class CampaignPaused(CampaignEvent, frozen=True, kw_only=True):
    TYPE = "campaign.paused.1"


class CampaignResumed(CampaignEvent, frozen=True, kw_only=True):
    """`ends_at`: as the campaign is by now."""

    TYPE = "campaign.resumed.1"

    ends_at: datetime | None = None


class CampaignEnded(CampaignEvent, frozen=True, kw_only=True):
    def apply(self, aggregate: Lived) -> None:
        CampaignEvent.apply(self, aggregate)
        aggregate.ended_at, aggregate.launch_at = self.at, None


class CampaignCompleted(CampaignEnded, frozen=True, kw_only=True):
    TYPE = "campaign.completed.1"


class CampaignCancelled(CampaignEnded, frozen=True, kw_only=True):
    TYPE = "campaign.cancelled.1"


class CampaignFailed(CampaignEnded, frozen=True, kw_only=True):
    TYPE = "campaign.failed.1"

    reason: str

    def apply(self, aggregate: Lived) -> None:
        CampaignEnded.apply(self, aggregate)
        aggregate.reason = self.reason


class Lived(Aggregate):
    """The part of a campaign that knows whether it is under way."""

    kind: CampaignKind = "ongoing"
    status: CampaignStatus = "draft"
    launch_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    reason: str | None = None
    total: int | None = None
    batches: int = 0

    @property
    def has_ended(self) -> bool:
        return self.status in ENDED

    @property
    def closes_at(self) -> datetime | None:
        """When it is over by itself, if ever."""
        return None

    def schedule(self, stamp: Stamp, launch_at: datetime | None) -> None:
        """For a time to come, or None: a draft again. Raises CampaignState, Invalid."""
        if launch_at is None:
            if self.status != "draft":
                self.expect(frozenset(["scheduled"]))
                self.record(CampaignUnscheduled, stamp)
            return
        if launch_at == self.launch_at:
            return
        self.expect(frozenset(["draft", "scheduled"]))
        if launch_at.tzinfo is None or launch_at <= stamp.at:
            raise Invalid("at is a time to come, with its zone.")
        self.record(CampaignScheduled, stamp, launch_at=launch_at)

    def launch(self, stamp: Stamp) -> None:
        """Launching twice changes nothing. Raises CampaignState, Invalid."""
        if self.status in ("running", "paused"):
            return
        self.expect(frozenset(["draft", "scheduled"]))
        ends_at = self.closes_at
        if ends_at is not None and ends_at <= stamp.at:
            raise Invalid("endsAt is over.")
        self.record(CampaignLaunched, stamp, kind=self.kind, ends_at=ends_at)

    def take_audience(self, stamp: Stamp, total: int, batches: int) -> None:
        if self.total is None and not self.has_ended:
            self.record(AudienceTaken, stamp, total=total, batches=batches)

    def pause(self, stamp: Stamp) -> None:
        """What is being sent at this moment still is. Raises CampaignState."""
        if self.status != "paused":
            self.expect(frozenset(["running"]))
            self.record(CampaignPaused, stamp)

    def resume(self, stamp: Stamp) -> None:
        """Raises CampaignState."""
        if self.status != "running":
            self.expect(frozenset(["paused"]))
            self.record(CampaignResumed, stamp, ends_at=self.closes_at)

    def cancel(self, stamp: Stamp) -> None:
        """For good; what was sent stays. Raises CampaignState."""
        if self.status != "cancelled":
            self.expect(frozenset(["draft", "scheduled", "running", "paused"]))
            self.record(CampaignCancelled, stamp)

    def complete(self, stamp: Stamp) -> None:
        """Nothing to do where it is not under way."""
        if self.status in ("running", "paused"):
            self.record(CampaignCompleted, stamp)

    def fail(self, stamp: Stamp, reason: str) -> None:
        if not self.has_ended:
            self.record(CampaignFailed, stamp, reason=required("reason", reason))

    def expect(self, allowed: frozenset[CampaignStatus]) -> None:
        """Raises CampaignState."""
        if self.status not in allowed:
            raise CampaignState(status=self.status)


STATUS_AFTER: dict[type[Event], CampaignStatus] = {
    CampaignScheduled: "scheduled",
    CampaignUnscheduled: "draft",
    CampaignLaunched: "running",
    CampaignPaused: "paused",
    CampaignResumed: "running",
    CampaignCompleted: "completed",
    CampaignCancelled: "cancelled",
    CampaignFailed: "failed",
}
"""The events that move a campaign, and where to."""

EVENTS: tuple[type[Event], ...] = (
    CampaignScheduled,
    CampaignUnscheduled,
    CampaignLaunched,
    AudienceTaken,
    CampaignPaused,
    CampaignResumed,
    CampaignCompleted,
    CampaignCancelled,
    CampaignFailed,
)
