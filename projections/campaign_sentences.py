"""What the events of campaigns say to a person who reads the history."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from domain import campaign, campaign_batch, campaign_life, campaign_progress
from domain.kernel import Event

CAMPAIGN_SENTENCES: Mapping[type[Event], Callable[[Any, Mapping[UUID, str]], str]] = {
    campaign.CampaignDrafted: lambda e, _: f"drafted the campaign “{e.content.name}”",
    campaign.CampaignChanged: lambda e, _: f"changed the campaign “{e.content.name}”",
    campaign.CampaignRemoved: lambda _e, _: "removed the campaign",
    campaign_life.CampaignScheduled: lambda e, _: f"scheduled the campaign for {e.launch_at.isoformat()}",
    campaign_life.CampaignUnscheduled: lambda _e, _: "took the campaign off the schedule",
    campaign_life.CampaignLaunched: lambda _e, _: "launched the campaign",
    campaign_life.AudienceTaken: lambda e, _: f"found {e.total} recipients for the campaign",
    campaign_life.CampaignPaused: lambda _e, _: "paused the campaign",
    campaign_life.CampaignResumed: lambda _e, _: "resumed the campaign",
    campaign_life.CampaignCompleted: lambda _e, _: "completed the campaign",
    campaign_life.CampaignCancelled: lambda _e, _: "cancelled the campaign",
    campaign_life.CampaignFailed: lambda e, _: f"gave up the campaign: {e.reason}",
    campaign_batch.RecipientsQueued: lambda e, _: f"queued {len(e.contact_ids)} recipients of a campaign",
    campaign_batch.RecipientsDropped: lambda e, _: f"passed over {len(e.dropped)} recipients of a campaign",
    campaign_progress.ProgressReported: lambda e, _: (
        f"reported a campaign as {e.progress.status}, sent to {e.progress.counts.sent}"
    ),
}
