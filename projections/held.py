"""Held: what is held about one person, whoever of their contacts it lies with, read in batches.

Each batch begins behind the last row of the one before, so no batch is larger for there being more. What was said
is in `projections/transcript.py`.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from application.projection import Connection
from domain.campaign_batch import RecipientStatus
from domain.kernel import BEGINNING, NOWHERE, ActorKind

BATCH = 200
"""Rows that are read, and held in memory, at once."""


class HeldNote(msgspec.Struct, frozen=True):
    """An agent's note on one of the person's contacts; `text` None: erased. `version` is the contact's."""

    contact_id: UUID
    version: int
    note_id: UUID
    author_kind: ActorKind
    author_id: UUID
    text: str | None
    at: datetime


class HeldFile(msgspec.Struct, frozen=True):
    """What they uploaded, or was sent to them alone; `name` is None once erased or purged."""

    file_id: UUID
    name: str | None
    content_type: str
    size: int
    uploaded_at: datetime
    conversation_id: UUID | None
    is_purged: bool


class HeldVisit(msgspec.Struct, frozen=True):
    """A page they looked at, or another event that a browser reported under their token; `name` tells which."""

    contact_id: UUID
    event_id: UUID
    at: datetime
    name: str
    url: str | None
    title: str | None
    referrer: str | None
    props: dict[str, Any] | None


class HeldCampaign(msgspec.Struct, frozen=True):
    """A campaign that was meant for a contact, shown to them or answered by them; `status` None: only shown."""

    campaign_id: UUID
    contact_id: UUID
    name: str
    status: RecipientStatus | None
    at: datetime | None
    reason: str | None
    conversation_id: UUID | None
    shown_at: datetime | None
    seen_at: datetime | None


_NOTES = """
SELECT contact_id, version, note_id, author_kind, author_id, text, at FROM read.contact_note
WHERE tenant_id = %s AND contact_id = ANY(%s) AND (contact_id, version) > (%s, %s)
ORDER BY contact_id, version LIMIT %s"""

_FILES = """
SELECT file_id, name, content_type, size, uploaded_at, conversation_id, is_purged FROM read.file
WHERE tenant_id = %(tenant_id)s AND file_id > %(last)s AND file_id = ANY(ARRAY(
  SELECT f.file_id FROM read.file f WHERE f.tenant_id = %(tenant_id)s AND f.contact_id = ANY(%(ids)s)
  UNION SELECT f.file_id FROM read.file f WHERE f.tenant_id = %(tenant_id)s AND f.subject_id = ANY(%(ids)s)))
ORDER BY file_id LIMIT %(limit)s"""

# Only what a visitor token proves: a session is a label that anybody may send, and its trail may be another's.
_VISITS = """
SELECT w.* FROM unnest(%(ids)s::uuid[]) AS f(contact_id) CROSS JOIN LATERAL (
  SELECT v.visitor_id, v.event_id, v.at, v.name, v.url, v.title, v.referrer, v.props FROM track.event v
  WHERE v.tenant_id = %(tenant_id)s AND v.visitor_id = f.contact_id AND (v.at, v.event_id) > (%(at)s, %(last)s)
  ORDER BY v.at, v.event_id LIMIT %(limit)s) w
ORDER BY w.at, w.event_id LIMIT %(limit)s"""

# One look per campaign and contact, by keys: a campaign's recipients are never read through.
_CAMPAIGNS = """
SELECT c.campaign_id, f.contact_id, c.content ->> 'name', r.status, r.at, r.reason, r.conversation_id,
  i.shown_at, i.seen_at
FROM read.campaign c CROSS JOIN unnest(%(ids)s::uuid[]) AS f(contact_id)
LEFT JOIN LATERAL (
  SELECT t.status, t.at, t.reason, t.conversation_id FROM read.campaign_recipient t
  WHERE t.tenant_id = %(tenant_id)s AND t.campaign_id = c.campaign_id AND t.contact_id = f.contact_id LIMIT 1
) r ON true
LEFT JOIN LATERAL (
  SELECT t.shown_at, t.seen_at FROM campaigns.impression t
  WHERE t.tenant_id = %(tenant_id)s AND t.campaign_id = c.campaign_id AND t.visitor_id = f.contact_id LIMIT 1
) i ON true
WHERE c.tenant_id = %(tenant_id)s AND (c.campaign_id, f.contact_id) > (%(campaign_id)s, %(contact_id)s)
  AND (r.status IS NOT NULL OR i.shown_at IS NOT NULL)
ORDER BY c.campaign_id, f.contact_id LIMIT %(limit)s"""


async def read_held_notes(
    connection: Connection, tenant_id: int, contact_ids: Collection[UUID], after: HeldNote | None
) -> tuple[HeldNote, ...]:
    """By contact, oldest first."""
    place = (NOWHERE, 0) if after is None else (after.contact_id, after.version)
    cursor = await connection.execute(_NOTES, (tenant_id, list(contact_ids), *place, BATCH))
    return tuple(HeldNote(*row) for row in await cursor.fetchall())


async def read_held_files(
    connection: Connection, tenant_id: int, contact_ids: Collection[UUID], after: HeldFile | None
) -> tuple[HeldFile, ...]:
    """In the order of their ids."""
    last = NOWHERE if after is None else after.file_id
    values = {"tenant_id": tenant_id, "ids": list(contact_ids), "last": last, "limit": BATCH}
    cursor = await connection.execute(_FILES, values)
    return tuple(HeldFile(*row) for row in await cursor.fetchall())


async def read_held_visits(
    connection: Connection, tenant_id: int, contact_ids: Collection[UUID], after: HeldVisit | None
) -> tuple[HeldVisit, ...]:
    """Oldest first."""
    at, last = (BEGINNING, NOWHERE) if after is None else (after.at, after.event_id)
    values = {"tenant_id": tenant_id, "ids": list(contact_ids), "at": at, "last": last, "limit": BATCH}
    cursor = await connection.execute(_VISITS, values)
    return tuple(HeldVisit(*row) for row in await cursor.fetchall())


async def read_held_campaigns(
    connection: Connection, tenant_id: int, contact_ids: Collection[UUID], after: HeldCampaign | None
) -> tuple[HeldCampaign, ...]:
    """In the order of their ids; removed ones too."""
    values = {
        "tenant_id": tenant_id,
        "ids": list(contact_ids),
        "campaign_id": NOWHERE if after is None else after.campaign_id,
        "contact_id": NOWHERE if after is None else after.contact_id,
        "limit": BATCH,
    }
    cursor = await connection.execute(_CAMPAIGNS, values)
    return tuple(HeldCampaign(*row) for row in await cursor.fetchall())
