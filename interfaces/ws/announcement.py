"""Announcement: what members and the visitor are told of an event. At most one frame each."""

from __future__ import annotations

from uuid import UUID

import msgspec

from application.log import Recorded
from domain.campaign_progress import ProgressReported
from domain.continuity import ContinuityMoved
from domain.conversation import ConversationStarted
from domain.ids import event_wire, wire
from domain.kernel import PersonalEvent
from domain.personal import readable
from domain.qualification import ConversationQualified
from domain.sla_clock import ClockMoved
from interfaces.campaign_body import progress_body
from interfaces.message_body import message_of_event
from interfaces.wire import ContactBody, maybe_wire
from interfaces.ws import changes, frames
from interfaces.ws.changes import changes_of, may_concern_visitor
from interfaces.ws.frames import (
    CampaignProgress,
    ChangedConversation,
    ConversationNew,
    ConversationUpdated,
    DurableFrame,
    MessageNew,
    StartedConversation,
)


def for_members(recorded: Recorded) -> DurableFrame | None:
    """None where the event has no frame: it moves the position on in silence."""
    event, seq, at = recorded.event, recorded.seq, recorded.at
    event_id = event_wire(recorded.stream_id, recorded.version)
    if isinstance(event, ConversationStarted):
        return ConversationNew(seq=seq, event_id=event_id, at=at, data=_started(event))
    if isinstance(event, ConversationQualified):
        return frames.ConversationQualified(seq=seq, event_id=event_id, at=at, data=_lead(event))
    if isinstance(event, ProgressReported):
        data = progress_body(event.campaign_id, event.progress, at)
        return CampaignProgress(seq=seq, event_id=event_id, at=at, data=data)
    message = message_of_event(event, seq)
    if message is not None:
        return MessageNew(seq=seq, event_id=event_id, at=at, data=message)
    changed = changes_of(event)
    if changed is None:
        return None
    is_beside = isinstance(event, ClockMoved | ContinuityMoved)
    data = ChangedConversation(
        id=wire("conversation", event.conversation_id if is_beside else recorded.stream_id),
        changes=changed,
        reason=getattr(event, "reason", None) or msgspec.UNSET,
        version=event.seen if is_beside else recorded.version,
    )
    return ConversationUpdated(seq=seq, event_id=event_id, at=at, data=data)


def for_visitor(frame: DurableFrame | None) -> DurableFrame | None:
    """The same frame, without private notes, marks, leads, campaigns, and reasons meant for the team."""
    if isinstance(frame, frames.ConversationQualified | CampaignProgress):
        return None
    if isinstance(frame, MessageNew):
        return None if frame.data.private else frame
    if not isinstance(frame, ConversationUpdated):
        return frame
    shown = changes.for_visitor(frame.data.changes)
    if shown is None:
        return None
    data = msgspec.structs.replace(frame.data, changes=shown, reason=msgspec.UNSET)
    return frame if data == frame.data else msgspec.structs.replace(frame, data=data)


def owner_in(recorded: Recorded) -> UUID | None:
    """The contact of the conversation, where the event itself names it."""
    event = recorded.event
    if isinstance(event, ConversationStarted):
        return event.contact_id
    if isinstance(event, PersonalEvent) and event.TYPE.startswith("conversation."):
        return event.subject_id
    return None


def needs_owner(recorded: Recorded) -> bool:
    """True where a visitor may be told, but the event does not say which."""
    return may_concern_visitor(recorded.event) and not isinstance(recorded.event, PersonalEvent)


def _lead(event: ConversationQualified) -> frames.Lead:
    id = wire("conversation", event.originator_id)
    said = tuple(wire("message", message_id) for message_id in event.evidence)
    place = (event.originator_version, said, event.ruleset_version)
    return frames.Lead(id, event.score, readable(event.why), event.source, *place)


def _started(event: ConversationStarted) -> StartedConversation:
    name, email = readable(event.contact_name), readable(event.contact_email)
    return StartedConversation(
        id=wire("conversation", event.originator_id),
        channel=event.channel,
        contact_data=ContactBody(wire("contact", event.contact_id), name, email),
        status=event.handling.status,
        handled_by=event.handling.handled_by,
        assignee_id=maybe_wire("agent", event.handling.assignee_id),
        widget_id=maybe_wire("widget", event.widget_id),
        continues=maybe_wire("conversation", event.continues) or msgspec.UNSET,
        version=event.originator_version,
    )
