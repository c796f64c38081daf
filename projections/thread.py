"""Thread: where a conversation stands, folded from its events alone.

Read models, answers to commands and as-of reads share it, so they cannot differ.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from domain.attributes import AttributeValue, attributes_in, changed_by
from domain.call import (
    Call,
    CallAnswered,
    CallEnded,
    CallRang,
    CallRecorded,
    CallStarted,
    CallTranscribed,
    call_after,
)
from domain.conversation import AssistantReplied, Channel, ConversationStarted, MessagePosted
from domain.handling import Ended, HandledBy, HandlingChanged, Reopened, Snoozed, Status, Transferred
from domain.kernel import ActorKind, Event
from domain.marks import AttributesChanged, LabelsChanged, Priority, PriorityChanged
from domain.personal import readable
from domain.qualification import ConversationDisqualified, ConversationQualified
from domain.receipts import Delivered, Rated, Read
from projections.participants import Participant, participants_after
from projections.unread import unread_by_agents, unread_by_visitor


class Thread(msgspec.Struct):
    """`version` is the stream's, `seq` that of its last event.

    `speakers`: agents who have written to the visitor, in the order they first did; `participants`: all who take
    part, of which a visitor is not told. `last_by`: who said the last public words. `attributes` is the JSON text
    of an object, None where there are none. `*_to` are versions up to which messages were delivered or read.
    """

    tenant_id: int
    conversation_id: UUID
    contact_id: UUID
    widget_id: UUID | None
    assistant_id: UUID | None
    channel: Channel
    continues: UUID | None
    status: Status
    handled_by: HandledBy
    started_at: datetime
    version: int
    seq: int
    assignee_id: UUID | None = None
    team_id: UUID | None = None
    ended_at: datetime | None = None
    snoozed_until: datetime | None = None
    accept_until: datetime | None = None
    speakers: tuple[UUID, ...] = ()
    last_by: ActorKind | None = None
    labels: tuple[str, ...] = ()
    priority: Priority | None = None
    attributes: str | None = None
    qualified: bool | None = None
    visitor_read_to: int = 0
    agent_read_to: int = 0
    delivered_to: int = 0
    visitor_unread: int = 0
    agent_unread: int = 0
    score: int | None = None
    comment: str | None = None
    rated_at: datetime | None = None
    call: Call | None = None
    recording_url: str | None = None
    call_transcript: str | None = None
    participants: tuple[Participant, ...] = ()

    def forget_person(self) -> None:
        """The contact was erased: what was said of them, or by them, is gone."""
        self.attributes = self.comment = self.recording_url = self.call_transcript = None


def begun(event: ConversationStarted, seq: int) -> Thread:
    return Thread(
        tenant_id=event.tenant_id,
        conversation_id=event.originator_id,
        contact_id=event.contact_id,
        widget_id=event.widget_id,
        assistant_id=event.assistant_id,
        assignee_id=event.handling.assignee_id,
        team_id=event.handling.team_id,
        channel=event.channel,
        continues=event.continues,
        status=event.handling.status,
        handled_by=event.handling.handled_by,
        started_at=event.at,
        version=event.originator_version,
        seq=seq,
        participants=participants_after((), event),
    )


def evolve(thread: Thread, event: Event, seq: int) -> None:
    """The next event of the same conversation; one that was folded before changes nothing."""
    if event.originator_version <= thread.version:
        return
    thread.agent_unread = unread_by_agents(event, thread.agent_unread)
    thread.visitor_unread = unread_by_visitor(event, thread.visitor_unread)
    if isinstance(event, MessagePosted | AssistantReplied):
        thread.last_by = event.by.kind
    thread.participants = participants_after(thread.participants, event)
    match event:
        case HandlingChanged():
            _move(thread, event)
        case MessagePosted() if event.by.kind == "agent" and event.by.id not in thread.speakers:
            thread.speakers = (*thread.speakers, event.by.id)
        case LabelsChanged() | PriorityChanged() | AttributesChanged():
            _mark(thread, event)
        case Delivered() | Read() | Rated():
            _receive(thread, event)
        case ConversationQualified() | ConversationDisqualified():
            thread.qualified = isinstance(event, ConversationQualified)
        case CallStarted() | CallRang() | CallAnswered() | CallEnded():
            thread.call = call_after(thread.call, event)
        case CallRecorded(link=link):
            thread.recording_url = readable(link)
        case CallTranscribed(text=text):
            thread.call_transcript = readable(text)
        case _:
            pass
    thread.version, thread.seq = event.originator_version, seq


def labels_after(labels: tuple[str, ...], event: LabelsChanged) -> tuple[str, ...]:
    """In alphabetical order."""
    return tuple(sorted({*labels, *event.added} - set(event.removed)))


def stored_attributes(text: str | None) -> dict[str, AttributeValue]:
    """The attributes behind a thread's JSON text."""
    return {} if text is None else msgspec.json.decode(text, type=dict[str, AttributeValue])


def _move(thread: Thread, moved: HandlingChanged) -> None:
    after = moved.after
    thread.status, thread.handled_by = after.status, after.handled_by
    thread.assignee_id, thread.team_id = after.assignee_id, after.team_id
    thread.accept_until = moved.accept_until if isinstance(moved, Transferred) else None
    thread.snoozed_until = moved.until if isinstance(moved, Snoozed) else None
    if isinstance(moved, Ended):
        thread.ended_at = moved.at
    elif isinstance(moved, Reopened):
        thread.ended_at = None


def _mark(thread: Thread, event: LabelsChanged | PriorityChanged | AttributesChanged) -> None:
    match event:
        case LabelsChanged():
            thread.labels = labels_after(thread.labels, event)
        case PriorityChanged():
            thread.priority = event.after
        case AttributesChanged():
            changed = attributes_in(event.names, event.values)
            left = changed_by(stored_attributes(thread.attributes), changed)
            thread.attributes = msgspec.json.encode(left, order="sorted").decode() if left else None


def _receive(thread: Thread, event: Delivered | Read | Rated) -> None:
    match event:
        case Delivered(up_to=up_to):
            thread.delivered_to = up_to
        case Read(side="visitor", up_to=up_to):
            thread.visitor_read_to = up_to
            thread.delivered_to = max(thread.delivered_to, up_to)
        case Read(up_to=up_to):
            thread.agent_read_to = up_to
        case Rated(score=score, comment=comment):
            thread.score, thread.comment = score, readable(comment)
            thread.rated_at = thread.rated_at or event.at
