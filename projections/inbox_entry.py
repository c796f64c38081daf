"""Entry: one conversation in the inbox, folded from its events alone."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import msgspec

from domain.conversation import AssistantReplied, Channel, ConversationStarted, MessagePosted
from domain.handling import HandledBy, HandlingChanged, Snoozed, Status
from domain.kernel import NOWHERE, ActorKind, Event
from domain.marks import LabelsChanged, Priority, PriorityChanged
from domain.personal import readable
from domain.receipts import Rated
from domain.sla_clock import ClockMoved
from domain.sla_policy import SlaTarget
from projections.participants import agents_after
from projections.sla_standing import SlaStatus, standing
from projections.thread import labels_after
from projections.unread import unread_by_agents

NEVER = datetime(9999, 12, 31, tzinfo=UTC)
"""In place of NULL, so that one index serves those who wait and those who do not."""

URGENCIES: tuple[Priority | None, ...] = ("urgent", "high", "normal", "low", None)
"""A priority's place here is its `urgency`: the smaller, the sooner."""


class Entry(msgspec.Struct):
    """One conversation as its events tell it. Assigned to nobody is NOWHERE, not waiting is NEVER.

    `unread`: visitor messages since an agent last answered, ended or read; the assistant's replies do not count.
    `waiting_since`: when the visitor began to wait for a human; NEVER while the assistant has it, or resolved.
    `last_*`: the last public message; `last_by` is None and `last_at` the start where there is none yet.
    `sla_*`: the promise that is due next; NEVER while its clock stands still. `sla_version` is the clock's.
    """

    tenant_id: int
    conversation_id: UUID
    contact_id: UUID
    channel: Channel
    status: Status
    handled_by: HandledBy
    widget_id: UUID | None
    last_at: datetime
    started_at: datetime
    version: int
    seq: int
    assignee_id: UUID = NOWHERE
    team_id: UUID | None = None
    labels: tuple[str, ...] = ()
    urgency: int = URGENCIES.index(None)
    snoozed_until: datetime | None = None
    last_text: str | None = None
    last_by: ActorKind | None = None
    waiting_since: datetime = NEVER
    unread: int = 0
    rating: int | None = None
    sla_target: SlaTarget | None = None
    sla_due_at: datetime = NEVER
    sla_status: SlaStatus | None = None
    sla_version: int = 0
    participants: tuple[UUID, ...] = ()


def begun(event: ConversationStarted, seq: int) -> Entry:
    return Entry(
        tenant_id=event.tenant_id,
        conversation_id=event.originator_id,
        contact_id=event.contact_id,
        channel=event.channel,
        status=event.handling.status,
        handled_by=event.handling.handled_by,
        assignee_id=event.handling.assignee_id or NOWHERE,
        team_id=event.handling.team_id,
        widget_id=event.widget_id,
        last_at=event.at,
        started_at=event.at,
        version=event.originator_version,
        seq=seq,
        participants=agents_after((), event),
    )


def evolve(entry: Entry, event: Event, seq: int) -> None:
    """The next event of the same conversation; one that was folded before changes nothing."""
    if event.originator_version <= entry.version:
        return
    entry.unread = unread_by_agents(event, entry.unread)
    entry.participants = agents_after(entry.participants, event)
    match event:
        case MessagePosted() | AssistantReplied():
            _say(entry, event)
        case HandlingChanged():
            _move(entry, event)
        case LabelsChanged():
            entry.labels = labels_after(entry.labels, event)
        case PriorityChanged(after=priority):
            entry.urgency = URGENCIES.index(priority)
        case Rated(score=score):
            entry.rating = score
        case _:
            pass
    entry.version, entry.seq = event.originator_version, seq


def promise(entry: Entry, moved: ClockMoved, seq: int) -> None:
    """The next event of the conversation's clock; one that was folded before changes nothing."""
    if moved.originator_version <= entry.sla_version:
        return
    now_so = standing(moved.watches)
    entry.sla_target = None if now_so is None else now_so.target
    entry.sla_status = None if now_so is None else now_so.status
    entry.sla_due_at = NEVER if now_so is None or now_so.due_at is None else now_so.due_at
    entry.sla_version, entry.seq = moved.originator_version, seq


def _say(entry: Entry, said: MessagePosted | AssistantReplied) -> None:
    entry.last_text, entry.last_by, entry.last_at = readable(said.text), said.by.kind, said.at
    if said.by.kind == "agent":
        entry.waiting_since = NEVER
    elif said.by.kind == "visitor" and entry.handled_by != "bot":
        entry.waiting_since = min(entry.waiting_since, said.at)


def _move(entry: Entry, moved: HandlingChanged) -> None:
    before, after = moved.before, moved.after
    entry.status, entry.handled_by = after.status, after.handled_by
    entry.assignee_id, entry.team_id = after.assignee_id or NOWHERE, after.team_id
    entry.snoozed_until = moved.until if isinstance(moved, Snoozed) else None
    if after.status == "resolved" or after.handled_by == "bot":
        entry.waiting_since = NEVER
    elif after.handled_by == "queue" and before.handled_by != "queue":
        entry.waiting_since = min(entry.waiting_since, moved.at)
