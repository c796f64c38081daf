"""Commands about campaigns: what they say, and whether they are under way."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from application.command import Command, Handlers
from application.work import Work
from domain.agent import Agent
from domain.assistant import Assistant
from domain.campaign import Author, Campaign, CampaignContent
from domain.campaign_life import CampaignKind
from domain.campaign_rules import Segment, Showing
from domain.refusals import Conflict
from domain.widget import Widget
from domain.wording import Wording


class DraftCampaign(Command, frozen=True, kw_only=True):
    kind: CampaignKind
    content: CampaignContent


class AboutCampaign(Command, frozen=True, kw_only=True):
    """Its turn is the campaign's."""

    campaign_id: UUID

    @property
    def turn(self) -> UUID:
        return self.campaign_id


class ChangeCampaign(AboutCampaign, frozen=True, kw_only=True):
    """What is left out stays. `expected_version`: refuse if somebody else has changed it."""

    name: str | UnsetType = UNSET
    texts: Wording | UnsetType = UNSET
    locale: str | UnsetType = UNSET
    author: Author | UnsetType | None = UNSET
    widget_id: UUID | UnsetType | None = UNSET
    segment: Segment | UnsetType = UNSET
    showing: Showing | UnsetType = UNSET
    expected_version: int | None = None


class ScheduleCampaign(AboutCampaign, frozen=True, kw_only=True):
    """`at` None: not any more."""

    at: datetime | None


class LaunchCampaign(AboutCampaign, frozen=True, kw_only=True):
    pass


class PauseCampaign(AboutCampaign, frozen=True, kw_only=True):
    pass


class ResumeCampaign(AboutCampaign, frozen=True, kw_only=True):
    pass


class CancelCampaign(AboutCampaign, frozen=True, kw_only=True):
    pass


class RemoveCampaign(AboutCampaign, frozen=True, kw_only=True):
    pass


class KeepCampaignTime(AboutCampaign, frozen=True, kw_only=True):
    """One of its times has come: to begin, or to be over."""


class FailCampaign(AboutCampaign, frozen=True, kw_only=True):
    reason: str


async def draft_campaign(work: Work, command: DraftCampaign) -> None:
    await _expect_theirs(work, command.content)
    work.create(Campaign).draft(work.stamp, work.actor.tenant_id, command.kind, command.content)


async def change_campaign(work: Work, command: ChangeCampaign) -> None:
    campaign = await present_campaign(work, command.campaign_id)
    if command.expected_version is not None and command.expected_version != campaign.version:
        raise Conflict(expected=command.expected_version, version=campaign.version)
    given = {name: getattr(command, name) for name in CampaignContent.__struct_fields__}
    changes = {name: value for name, value in given.items() if value is not UNSET}
    content = msgspec.structs.replace(campaign.content, **changes)
    await _expect_theirs(work, content)
    campaign.change(work.stamp, content)


async def schedule_campaign(work: Work, command: ScheduleCampaign) -> None:
    (await present_campaign(work, command.campaign_id)).schedule(work.stamp, command.at)


async def launch_campaign(work: Work, command: LaunchCampaign) -> None:
    (await present_campaign(work, command.campaign_id)).launch(work.stamp)


async def pause_campaign(work: Work, command: PauseCampaign) -> None:
    (await present_campaign(work, command.campaign_id)).pause(work.stamp)


async def resume_campaign(work: Work, command: ResumeCampaign) -> None:
    (await present_campaign(work, command.campaign_id)).resume(work.stamp)


async def cancel_campaign(work: Work, command: CancelCampaign) -> None:
    (await present_campaign(work, command.campaign_id)).cancel(work.stamp)


async def remove_campaign(work: Work, command: RemoveCampaign) -> None:
    (await work.get(Campaign, command.campaign_id)).remove(work.stamp)


async def keep_campaign_time(work: Work, command: KeepCampaignTime) -> None:
    (await work.get(Campaign, command.campaign_id)).keep_time(work.stamp)


async def fail_campaign(work: Work, command: FailCampaign) -> None:
    (await work.get(Campaign, command.campaign_id)).fail(work.stamp, command.reason)


async def present_campaign(work: Work, campaign_id: UUID) -> Campaign:
    """Raises NotFound, also for one that was removed."""
    campaign = await work.get(Campaign, campaign_id)
    campaign.refuse_removed()
    return campaign


async def _expect_theirs(work: Work, content: CampaignContent) -> None:
    """Raises NotFound for a widget or an author that this tenant does not have."""
    if content.widget_id is not None:
        (await work.look_up(Widget, content.widget_id)).refuse_archived()
    if content.author is not None:
        await work.look_up(Assistant if content.author.kind == "assistant" else Agent, content.author.id)


HANDLERS: Handlers = {
    DraftCampaign: draft_campaign,
    ChangeCampaign: change_campaign,
    ScheduleCampaign: schedule_campaign,
    LaunchCampaign: launch_campaign,
    PauseCampaign: pause_campaign,
    ResumeCampaign: resume_campaign,
    CancelCampaign: cancel_campaign,
    RemoveCampaign: remove_campaign,
    KeepCampaignTime: keep_campaign_time,
    FailCampaign: fail_campaign,
}
