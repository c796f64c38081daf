"""Commands by which a campaign reaches people: who they are, each one's message, and how far it is by now.

All are the product's own but the last: a visitor who answers what a page showed brings the words along.
"""

from __future__ import annotations

from uuid import UUID

import msgspec

from application.assistant import default_assistant, present_assistant
from application.campaign import AboutCampaign
from application.command import Command, Handlers
from application.widget_rules import settings_of
from application.work import Work
from domain.campaign import Campaign
from domain.campaign_batch import CampaignBatch, Drop, batch_key
from domain.campaign_progress import CampaignProgress, Progress, progress_key
from domain.contact import Contact
from domain.conversation import Conversation
from domain.ids import wire
from domain.kernel import By, Stamp
from domain.refusals import NotFound
from domain.widget import Widget

LANGUAGE = "language"
"""The contact's attribute that says in which language they are written to."""


class _OfCampaign(Command, frozen=True, kw_only=True):
    """In a stream of its own."""

    campaign_id: UUID


class QueueRecipients(_OfCampaign, frozen=True, kw_only=True):
    number: int
    contact_ids: tuple[UUID, ...]


class TakeAudience(AboutCampaign, frozen=True, kw_only=True):
    """Everybody is queued."""

    total: int
    batches: int


class SendCampaignMessage(Command, frozen=True, kw_only=True):
    """To one recipient: into `conversation_id`, which is open, or into a new one that waits for their answer.

    `version`: the campaign is at least as new as this.
    """

    campaign_id: UUID
    version: int
    contact_id: UUID
    conversation_id: UUID | None

    @property
    def turn(self) -> UUID:
        return self.conversation_id or self.contact_id


class DropRecipients(_OfCampaign, frozen=True, kw_only=True):
    number: int
    dropped: tuple[Drop, ...]


class CompleteCampaign(AboutCampaign, frozen=True, kw_only=True):
    """Everybody was sent it, or dropped."""


class ReportProgress(_OfCampaign, frozen=True, kw_only=True):
    progress: Progress


async def queue_recipients(work: Work, command: QueueRecipients) -> None:
    batch = await _batch(work, command.campaign_id, command.number)
    place = (work.actor.tenant_id, command.campaign_id, command.number)
    batch.queue(work.stamp, *place, command.contact_ids)


async def take_audience(work: Work, command: TakeAudience) -> None:
    campaign = await work.get(Campaign, command.campaign_id)
    campaign.take_audience(work.stamp, command.total, command.batches)


async def send_campaign_message(work: Work, command: SendCampaignMessage) -> None:
    """Raises ContactIsErased, ContactIsMerged, VisitorBlocked, NotFound: nobody to send it to."""
    campaign = await work.look_up(Campaign, command.campaign_id)
    if campaign.version < command.version:
        campaign = await work.get(Campaign, command.campaign_id)
    contact = await work.get(Contact, command.contact_id)
    contact.refuse_erased()
    contact.refuse_merged()
    contact.refuse_blocked(work.stamp.at)
    conversation = None
    if command.conversation_id is not None:
        conversation = await work.get(Conversation, command.conversation_id)
    if conversation is None or conversation.is_ended or conversation.contact_id != contact.id:
        conversation = await _begin(work, campaign, contact)
    text = campaign.content.text_in(str(contact.attributes.get(LANGUAGE, "")))
    conversation.offer(_as_author(work.stamp, campaign), work.new_id(), text, campaign.id)


async def drop_recipients(work: Work, command: DropRecipients) -> None:
    (await _batch(work, command.campaign_id, command.number)).drop(work.stamp, command.dropped)


async def complete_campaign(work: Work, command: CompleteCampaign) -> None:
    (await work.get(Campaign, command.campaign_id)).complete(work.stamp)


async def report_progress(work: Work, command: ReportProgress) -> None:
    tenant_id = work.actor.tenant_id
    key = progress_key(tenant_id, command.campaign_id, work.stamp.at)
    reports = await work.load(CampaignProgress, key)
    reports.report(work.stamp, tenant_id, command.campaign_id, command.progress)


async def bring_along(work: Work, conversation: Conversation, campaign_id: UUID, language: str) -> None:
    """Whoever answers a campaign begins with its words. Raises NotFound for one that was never shown anywhere."""
    campaign = await work.get(Campaign, campaign_id)
    if campaign.kind != "ongoing" or campaign.started_at is None:
        raise NotFound
    text = campaign.content.text_in(language)
    conversation.offer(_as_author(work.stamp, campaign), work.new_id(), text, campaign.id)
    conversation.set_attributes(work.stamp, {"campaign": wire("campaign", campaign.id)})


async def _begin(work: Work, campaign: Campaign, contact: Contact) -> Conversation:
    conversation, widget_id = work.create(Conversation), campaign.content.widget_id
    conversation.start(
        work.stamp,
        tenant_id=work.actor.tenant_id,
        contact_id=contact.id,
        widget_id=widget_id,
        assistant_id=await _assistant(work, widget_id),
        contact_name=contact.name,
        contact_email=contact.email,
        reopen_hours=(await settings_of(work, widget_id)).reopen_hours,
        status="snoozed",
    )
    return conversation


async def _assistant(work: Work, widget_id: UUID | None) -> UUID | None:
    """Who answers first, if they answer."""
    found = await default_assistant(work)
    if widget_id is not None:
        found = (await work.look_up(Widget, widget_id)).assistant_id
    return found if found is not None and await present_assistant(work, found) else None


def _as_author(stamp: Stamp, campaign: Campaign) -> Stamp:
    """An agent's name stands on what a page shows; here the shop speaks: no agent has answered anybody."""
    author = campaign.content.author
    by = By("assistant", author.id) if author is not None and author.kind == "assistant" else By("system")
    return msgspec.structs.replace(stamp, by=by)


async def _batch(work: Work, campaign_id: UUID, number: int) -> CampaignBatch:
    return await work.load(CampaignBatch, batch_key(work.actor.tenant_id, campaign_id, number))


HANDLERS: Handlers = {
    QueueRecipients: queue_recipients,
    TakeAudience: take_audience,
    SendCampaignMessage: send_campaign_message,
    DropRecipients: drop_recipients,
    CompleteCampaign: complete_campaign,
    ReportProgress: report_progress,
}
