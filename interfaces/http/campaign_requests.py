"""What is sent to the routes of campaigns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
from msgspec import UNSET, UnsetType

from domain.campaign import Campaign
from domain.campaign_life import CampaignKind
from domain.kernel import Aggregate, Event
from domain.refusals import NotFound
from interfaces.campaign_body import AuthorBody, SegmentBody, ShowingBody, Texts


class NewCampaign(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """`texts` by language, with one in `locale`. `showing` is for kind `ongoing` only.

    `widgetId`: where it is shown, or whose assistant answers; null: every widget.
    """

    name: str
    kind: CampaignKind
    texts: Texts
    locale: str = "en"
    author: AuthorBody | None = None
    widget_id: str | None = None
    segment: SegmentBody = msgspec.field(default_factory=SegmentBody)
    showing: ShowingBody = msgspec.field(default_factory=ShowingBody)


class CampaignChange(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """What is left out stays as it is."""

    name: str | UnsetType = UNSET
    texts: Texts | UnsetType = UNSET
    locale: str | UnsetType = UNSET
    author: AuthorBody | UnsetType | None = UNSET
    widget_id: str | UnsetType | None = UNSET
    segment: SegmentBody | UnsetType = UNSET
    showing: ShowingBody | UnsetType = UNSET


class ScheduleRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A time to come, or null: a draft again."""

    at: datetime | None


def folded(events: Sequence[Event]) -> Campaign:
    """Raises NotFound where they make no campaign, or one that was removed."""
    campaign: Aggregate | None = None
    for event in events:
        campaign = event.mutate(campaign)
    if not isinstance(campaign, Campaign):
        raise NotFound
    campaign.refuse_removed()
    return campaign
