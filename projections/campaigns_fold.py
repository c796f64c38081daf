"""The campaigns' tables and how events change them: the campaigns, their counts, and each recipient."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from application.due import due_of
from application.log import Recorded
from application.projection import Connection
from domain import campaign, campaign_batch, campaign_progress
from domain.campaign import Campaign, CampaignContent, CampaignDrafted
from domain.campaign_batch import STEPS, RecipientsDropped, RecipientsQueued, RecipientStatus, further
from domain.campaign_life import CampaignEvent, CampaignKind, CampaignStatus
from domain.campaign_progress import Counts, ProgressReported
from domain.conversation import MessagePosted
from domain.qualification import ConversationQualified
from domain.receipts import Delivered, Read
from projections.campaign_recipients import RECIPIENTS, RecipientRow, Roll
from projections.table import Key, Table


class CampaignRow(msgspec.Struct):
    """`launch_at`: what it is scheduled for; `due_at`: when one of its times has come next."""

    tenant_id: int
    campaign_id: UUID
    kind: CampaignKind
    status: CampaignStatus
    content: CampaignContent
    drafted_at: datetime
    created_seq: int
    launch_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    reason: str | None = None
    total: int | None = None
    batches: int = 0
    is_removed: bool = False
    due_at: datetime | None = None
    position: int = 0
    version: int = 0


class CountRow(msgspec.Struct):
    """`batches` and `last_queued`: how much of the audience is queued. `is_behind`: not all of it was reported."""

    tenant_id: int
    campaign_id: UUID
    counts: Counts = Counts()
    reported: Counts = Counts()
    reported_shown: int = 0
    reported_seen: int = 0
    batches: int = 0
    last_queued: UUID | None = None
    is_behind: bool = False


CAMPAIGNS = Table(
    "campaign",
    CampaignRow,
    ("campaign_id",),
    indexes=("tenant_id, campaign_id WHERE NOT is_removed", "due_at WHERE due_at IS NOT NULL"),
)
COUNTS = Table("campaign_count", CountRow, ("campaign_id",), indexes=("tenant_id WHERE is_behind",))

_RECEIPTS = (Delivered, Read, MessagePosted, ConversationQualified)

# What a stream has brought to the roll is taken back, and the counts are what is left there.
_RECOUNT = """
UPDATE read.campaign_count_{build} n SET counts = n.counts || jsonb_build_object(
  'total', r.total, 'sent', r.sent, 'delivered', r.delivered, 'read', r.read, 'replied', r.replied,
  'failed', r.failed, 'skipped', r.skipped, 'conversations', r.conversations, 'conversions', r.conversions),
  is_behind = true
FROM (SELECT campaign_id, count(*) FILTER (WHERE number IS NOT NULL) AS total,
    count(*) FILTER (WHERE status IN ('sent', 'delivered', 'read', 'replied')) AS sent,
    count(*) FILTER (WHERE status IN ('delivered', 'read', 'replied')) AS delivered,
    count(*) FILTER (WHERE status IN ('read', 'replied')) AS read,
    count(*) FILTER (WHERE status = 'replied') AS replied,
    count(*) FILTER (WHERE status = 'failed') AS failed, count(*) FILTER (WHERE status = 'skipped') AS skipped,
    sum(conversations) AS conversations, sum(conversions) AS conversions
  FROM read.campaign_recipient_{build} WHERE tenant_id = %s GROUP BY campaign_id) r
WHERE n.tenant_id = %s AND n.campaign_id = r.campaign_id"""


class Campaigns:
    """Folds campaigns, their batches and reports, and what happens to their messages in conversations."""

    name = "campaigns"
    version = 1
    tables = (CAMPAIGNS.name, COUNTS.name, RECIPIENTS.name)
    concerns = frozenset(
        event.TYPE for event in (*campaign.EVENTS, *campaign_batch.EVENTS, *campaign_progress.EVENTS, *_RECEIPTS)
    )

    def ddl(self, build: int) -> str:
        return CAMPAIGNS.ddl(build) + COUNTS.ddl(build) + RECIPIENTS.ddl(build)

    async def fold(self, connection: Connection, build: int, recorded: Sequence[Recorded]) -> None:
        campaigns = await CAMPAIGNS.load(connection, build, {(one.tenant_id, one.stream_id) for one in recorded})
        roll = await Roll.load(connection, build, _people(recorded), _conversations(recorded))
        named = {*_named(recorded), *roll.campaigns()}
        counts = await COUNTS.load(connection, build, named)
        for key in named:
            counts.setdefault(key, CountRow(*key))
        for one in recorded:
            if isinstance(one.event, CampaignEvent):
                _fold_campaign(campaigns, one, one.event)
            else:
                _fold_recipients(counts, roll, one)
        for row in counts.values():
            row.is_behind = row.counts != row.reported
        await CAMPAIGNS.upsert(connection, build, campaigns.values())
        await COUNTS.upsert(connection, build, counts.values())
        await roll.store(connection, build)

    async def forget(self, connection: Connection, build: int, tenant_id: int, stream_id: UUID) -> None:
        await CAMPAIGNS.delete(connection, build, tenant_id, stream_id)
        await Roll.forget(connection, build, tenant_id, stream_id)
        await connection.execute(_RECOUNT.format(build=build).encode(), (tenant_id, tenant_id))


def _people(recorded: Iterable[Recorded]) -> set[tuple[int, UUID, UUID]]:
    """(tenant, campaign, contact) of whom these events name themselves."""
    found: set[tuple[int, UUID, UUID]] = set()
    for one in recorded:
        match one.event:
            case RecipientsQueued(campaign_id=id, contact_ids=contact_ids):
                found |= {(one.tenant_id, id, contact_id) for contact_id in contact_ids}
            case RecipientsDropped(campaign_id=id, dropped=dropped):
                found |= {(one.tenant_id, id, drop.contact_id) for drop in dropped}
            case MessagePosted(campaign_id=UUID() as id, subject_id=contact_id):
                found.add((one.tenant_id, id, contact_id))
            case _:
                pass
    return found


def _conversations(recorded: Iterable[Recorded]) -> set[Key]:
    return {(one.tenant_id, one.stream_id) for one in recorded if isinstance(one.event, _RECEIPTS)}


def _named(recorded: Iterable[Recorded]) -> set[Key]:
    """The campaigns whose counts these events move."""
    found = {(one.tenant_id, one.stream_id) for one in recorded if isinstance(one.event, CampaignDrafted)}
    for one in recorded:
        id = getattr(one.event, "campaign_id", None)
        if id is not None:
            found.add((one.tenant_id, id))
    return found


def _fold_campaign(campaigns: dict[Key, CampaignRow], one: Recorded, event: CampaignEvent) -> None:
    key = (one.tenant_id, one.stream_id)
    if isinstance(event, CampaignDrafted) and key not in campaigns:
        campaigns[key] = CampaignRow(*key, event.kind, "draft", event.content, one.at, one.seq)
    row = campaigns.get(key)
    if row is None or row.version >= one.version:
        return
    folded = Campaign(row.campaign_id)
    for name in _SHARED:
        setattr(folded, name, getattr(row, name))
    event.apply(folded)
    for name in _SHARED:
        setattr(row, name, getattr(folded, name))
    due = due_of(one)
    if due is not None:
        row.due_at, row.position = due.at, due.position
    row.version = one.version


_SHARED = (
    *("kind", "status", "content", "drafted_at", "launch_at", "started_at", "ended_at", "reason"),
    *("total", "batches", "is_removed"),
)
"""What a row and the aggregate both have: the events themselves say how it changes."""


def _fold_recipients(counts: dict[Key, CountRow], roll: Roll, one: Recorded) -> None:
    event = one.event
    match event:
        case RecipientsQueued():
            _queue(counts[one.tenant_id, event.campaign_id], roll, one, event)
        case RecipientsDropped():
            for drop in event.dropped:
                row = roll.find(one.tenant_id, event.campaign_id, drop.contact_id)
                if row is not None and row.status == "queued":
                    row.reason = drop.reason
                    _move(counts, row, drop.status, one)
        case ProgressReported():
            _report(counts[one.tenant_id, event.campaign_id], event)
        case MessagePosted(campaign_id=UUID()):
            _send(counts, roll, one, event)
        case Delivered(up_to=up_to):
            _receive(counts, roll, one, "delivered", up_to)
        case Read(side="visitor", up_to=up_to):
            _receive(counts, roll, one, "read", up_to)
        case MessagePosted() if event.by.kind == "visitor":
            _receive(counts, roll, one, "replied", one.version)
        case ConversationQualified():
            _convert(counts, roll, one)
        case _:
            pass


def _queue(count: CountRow, roll: Roll, one: Recorded, event: RecipientsQueued) -> None:
    new = [id for id in event.contact_ids if roll.find(one.tenant_id, event.campaign_id, id) is None]
    for contact_id in new:
        key = (one.tenant_id, event.campaign_id, contact_id)
        roll.add(RecipientRow(*key, status="queued", at=one.at, number=event.number, batch_id=one.stream_id))
    count.counts = _plus(count.counts, total=len(new))
    count.batches = max(count.batches, event.number + 1)
    count.last_queued = max(event.contact_ids, default=count.last_queued)


def _send(counts: dict[Key, CountRow], roll: Roll, one: Recorded, event: MessagePosted) -> None:
    """To whoever was queued; nobody was where it is the words that an ongoing one was answered to."""
    key = (one.tenant_id, event.campaign_id or one.stream_id)
    row = roll.find(*key, event.subject_id)
    if row is None:
        row = RecipientRow(*key, event.subject_id, status="queued", at=one.at)
        roll.add(row)
    if one.seq <= row.seq:
        return
    row.seq = one.seq
    roll.place(row, one.stream_id, one.version)
    if row.number is None:
        row.conversations += 1
        counts[key].counts = _plus(counts[key].counts, conversations=1)
    _move(counts, row, "sent", one)


def _receive(counts: dict[Key, CountRow], roll: Roll, one: Recorded, news: RecipientStatus, up_to: int) -> None:
    for row in roll.within(one.tenant_id, one.stream_id):
        if up_to >= row.message_version:
            _move(counts, row, news, one)


def _convert(counts: dict[Key, CountRow], roll: Roll, one: Recorded) -> None:
    for row in roll.within(one.tenant_id, one.stream_id):
        if not row.is_converted:
            row.is_converted, row.conversions = True, row.conversions + 1
            count = counts[row.tenant_id, row.campaign_id]
            count.counts = _plus(count.counts, conversions=1)


def _report(count: CountRow, event: ProgressReported) -> None:
    said = event.progress.counts
    count.reported = msgspec.structs.replace(said, shown=0, seen=0)
    count.reported_shown, count.reported_seen = said.shown, said.seen


def _move(counts: dict[Key, CountRow], row: RecipientRow, news: RecipientStatus, one: Recorded) -> None:
    before, after = row.status, further(row.status, news)
    if before == after:
        return
    row.status, row.at = after, one.at
    count = counts[row.tenant_id, row.campaign_id]
    gone = dict.fromkeys(_counted(before), -1)
    count.counts = _plus(count.counts, **gone)
    count.counts = _plus(count.counts, **dict.fromkeys(_counted(after), 1))


def _counted(status: RecipientStatus) -> tuple[str, ...]:
    """What somebody in this state counts in: each step implies those before it."""
    return STEPS[1 : STEPS.index(status) + 1] if status in STEPS else (status,)


def _plus(counts: Counts, **more: int) -> Counts:
    changed: dict[str, Any] = {name: getattr(counts, name) + number for name, number in more.items()}
    return msgspec.structs.replace(counts, **changed)
