"""The JSON of what only an export shows so: notes, files, visits and campaigns of one person."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from domain.campaign_batch import RecipientStatus
from domain.ids import wire
from interfaces.wire import author_wire, maybe_wire
from projections.held import HeldCampaign, HeldFile, HeldNote, HeldVisit


class ExportedNote(msgspec.Struct, frozen=True, rename="camel"):
    """An agent's note on the person; `authorId` is null for an integration."""

    id: str
    contact_id: str
    author_id: str | None
    text: str | None
    created_at: datetime


class ExportedFile(msgspec.Struct, frozen=True, rename="camel"):
    """`url` is for whoever asked, until `expiresAt`; both null once the file is deleted."""

    id: str
    name: str | None
    size: int
    content_type: str
    uploaded_at: datetime
    conversation_id: str | None
    url: str | None = None
    expires_at: datetime | None = None


class ExportedVisit(msgspec.Struct, frozen=True, rename="camel"):
    """A page that they looked at (`page_view`), or another event that their browser reported."""

    contact_id: str
    event: str
    at: datetime
    url: str | None
    title: str | None
    referrer: str | None
    props: dict[str, Any] | None


class ExportedCampaign(msgspec.Struct, frozen=True, rename="camel"):
    """`status`: how far its message came, null where it was only shown; `shownAt`, `seenAt`: in the widget."""

    id: str
    contact_id: str
    name: str
    status: RecipientStatus | None
    at: datetime | None
    reason: str | None
    conversation_id: str | None
    shown_at: datetime | None
    seen_at: datetime | None


def note_entry(one: HeldNote) -> ExportedNote:
    author = author_wire(one.author_kind, one.author_id)
    return ExportedNote(wire("note", one.note_id), wire("contact", one.contact_id), author, one.text, one.at)


def visit_entry(one: HeldVisit) -> ExportedVisit:
    place = (one.url, one.title, one.referrer)
    return ExportedVisit(wire("contact", one.contact_id), one.name, one.at, *place, one.props)


def campaign_entry(one: HeldCampaign) -> ExportedCampaign:
    return ExportedCampaign(
        id=wire("campaign", one.campaign_id),
        contact_id=wire("contact", one.contact_id),
        name=one.name,
        status=one.status,
        at=one.at,
        reason=one.reason,
        conversation_id=maybe_wire("conversation", one.conversation_id),
        shown_at=one.shown_at,
        seen_at=one.seen_at,
    )


def file_entry(one: HeldFile, url: str | None = None, expires_at: datetime | None = None) -> ExportedFile:
    return ExportedFile(
        id=wire("file", one.file_id),
        name=one.name,
        size=one.size,
        content_type=one.content_type,
        uploaded_at=one.uploaded_at,
        conversation_id=maybe_wire("conversation", one.conversation_id),
        url=url,
        expires_at=expires_at,
    )
