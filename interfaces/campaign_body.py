"""The JSON of campaigns: for REST, for frames and for webhooks."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from domain.attributes import AttributeValue
from domain.campaign import Author, Campaign, CampaignContent
from domain.campaign_batch import RecipientStatus
from domain.campaign_life import CampaignKind, CampaignStatus
from domain.campaign_progress import Counts, Progress
from domain.campaign_rules import Segment, Showing
from domain.hours import Hours, Opening
from domain.ids import parse, wire
from interfaces.wire import maybe_wire
from projections.campaigns import CampaignView, RecipientView

Texts = Annotated[dict[str, str], msgspec.Meta(min_length=1, max_length=30)]


class AuthorBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`ast_…` or `agt_…`."""

    kind: Literal["assistant", "agent"]
    id: str


class SegmentBody(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """All that is asked must hold. `label`: of one of their conversations."""

    verified: bool | None = None
    attributes: dict[str, AttributeValue] = msgspec.field(default_factory=dict[str, AttributeValue])
    label: str | None = None
    seen_since: datetime | None = None


class OpeningBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A weekday, 0 is Monday; local times `HH:MM`."""

    day: int
    opens: str
    closes: str


class HoursBody(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    time_zone: str = "UTC"
    openings: tuple[OpeningBody, ...] = ()
    holidays: tuple[str, ...] = ()


class ShowingBody(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """`pages`: paths with `*` and `?`, any of them; none is every page. `everyDays` null: once per visitor."""

    pages: tuple[str, ...] = ()
    seconds: int = 0
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    hours: HoursBody | None = None
    every_days: int | None = None


class ProgressBody(msgspec.Struct, frozen=True, rename="camel"):
    """`sent` counts also who has got, read or answered it by now. `percent` (of sent, failed, skipped) is null for
    an ongoing campaign, which has `shown`, `seen`, `conversations` and `conversions` instead.
    """

    campaign_id: str
    kind: CampaignKind
    status: CampaignStatus
    total: int
    queued: int
    sent: int
    delivered: int
    read: int
    replied: int
    failed: int
    skipped: int
    percent: float | None
    started_at: datetime | None
    updated_at: datetime | None
    shown: int | UnsetType = UNSET
    seen: int | UnsetType = UNSET
    conversations: int | UnsetType = UNSET
    conversions: int | UnsetType = UNSET


class CampaignBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`scheduledFor`: when it will be launched. `reason`: why it failed. `progress` is there where it is read."""

    id: str
    name: str
    kind: CampaignKind
    status: CampaignStatus
    texts: dict[str, str]
    locale: str
    author: AuthorBody | None
    widget_id: str | None
    segment: SegmentBody
    showing: ShowingBody
    scheduled_for: datetime | None
    created_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    reason: str | None
    version: int
    progress: ProgressBody | UnsetType = UNSET


class CampaignList(msgspec.Struct, frozen=True, rename="camel"):
    data: tuple[CampaignBody, ...]
    next_cursor: str | None = None


class RecipientBody(msgspec.Struct, frozen=True, rename="camel"):
    """`reason` of who was skipped (`erased`, `blocked`, `merged`, `gone`) or failed."""

    contact_id: str
    status: RecipientStatus
    reason: str | None
    conversation_id: str | None
    updated_at: datetime


class RecipientList(msgspec.Struct, frozen=True, rename="camel"):
    data: tuple[RecipientBody, ...]
    next_cursor: str | None = None


def progress_body(campaign_id: UUID, progress: Progress, updated_at: datetime | None) -> ProgressBody:
    counts = progress.counts
    body = ProgressBody(
        campaign_id=wire("campaign", campaign_id),
        kind=progress.kind,
        status=progress.status,
        total=counts.total,
        queued=counts.queued,
        sent=counts.sent,
        delivered=counts.delivered,
        read=counts.read,
        replied=counts.replied,
        failed=counts.failed,
        skipped=counts.skipped,
        percent=counts.percent if progress.kind == "one_off" and progress.started_at else None,
        started_at=progress.started_at,
        updated_at=updated_at,
    )
    return body if progress.kind == "one_off" else _of_ongoing(body, counts)


def campaign_of_view(view: CampaignView, as_of: int) -> CampaignBody:
    body = CampaignBody(
        id=wire("campaign", view.campaign_id),
        kind=view.kind,
        status=view.status,
        **_content(view.content),
        scheduled_for=view.launch_at,
        created_at=view.drafted_at,
        started_at=view.started_at,
        ended_at=view.ended_at,
        reason=view.reason,
        version=view.version,
    )
    progress = progress_body(view.campaign_id, view.progress(as_of), None)
    return msgspec.structs.replace(body, progress=progress)


def campaign_body(campaign: Campaign) -> CampaignBody:
    """As its stream says; without progress."""
    return CampaignBody(
        id=wire("campaign", campaign.id),
        kind=campaign.kind,
        status=campaign.status,
        **_content(campaign.content),
        scheduled_for=campaign.launch_at,
        created_at=campaign.drafted_at,
        started_at=campaign.started_at,
        ended_at=campaign.ended_at,
        reason=campaign.reason,
        version=campaign.version,
    )


def recipient_body(view: RecipientView) -> RecipientBody:
    return RecipientBody(
        wire("contact", view.contact_id),
        view.status,
        view.reason if view.status in ("failed", "skipped") else None,
        maybe_wire("conversation", view.conversation_id),
        view.at,
    )


def author(body: AuthorBody | None) -> Author | None:
    """Raises NotFound."""
    return None if body is None else Author(body.kind, parse(body.kind, body.id))


def segment(body: SegmentBody) -> Segment:
    return Segment(body.verified, body.attributes, body.label, body.seen_since)


def showing(body: ShowingBody) -> Showing:
    hours = None
    if body.hours is not None:
        openings = tuple(Opening(one.day, one.opens, one.closes) for one in body.hours.openings)
        hours = Hours(body.hours.time_zone, openings, body.hours.holidays)
    return Showing(body.pages, body.seconds, body.starts_at, body.ends_at, hours, body.every_days)


def _of_ongoing(body: ProgressBody, counts: Counts) -> ProgressBody:
    return msgspec.structs.replace(
        body,
        shown=counts.shown,
        seen=counts.seen,
        conversations=counts.conversations,
        conversions=counts.conversions,
    )


def _content(content: CampaignContent) -> dict[str, Any]:
    by, asked, where = content.author, content.segment, content.showing
    return {
        "name": content.name,
        "texts": content.texts,
        "locale": content.locale,
        "author": None if by is None else AuthorBody(by.kind, wire(by.kind, by.id)),
        "widget_id": maybe_wire("widget", content.widget_id),
        "segment": SegmentBody(asked.verified, asked.attributes, asked.label, asked.seen_since),
        "showing": msgspec.convert(where, ShowingBody, from_attributes=True),
    }
