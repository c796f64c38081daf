"""Announcement: what members and the visitor are told of an event. At most one frame each."""

from __future__ import annotations

from typing import TypeVar
from uuid import UUID

import msgspec

from application.log import Recorded
from domain.conversation import ConversationStarted, HandlingChanged
from domain.ids import event_wire, wire
from domain.kernel import PersonalEvent
from domain.personal import readable
from interfaces.wire import ContactBody, maybe_wire, message_of_event
from interfaces.ws.frames import (
    ChangedConversation,
    Changes,
    ConversationNew,
    ConversationUpdated,
    DurableFrame,
    MessageNew,
    StartedConversation,
)

Field = TypeVar("Field")


def for_members(recorded: Recorded) -> DurableFrame | None:
    """None where the event has no frame: it moves the position on in silence."""
    event, seq, at = recorded.event, recorded.seq, recorded.at
    event_id = event_wire(recorded.stream_id, recorded.version)
    if isinstance(event, ConversationStarted):
        return ConversationNew(seq=seq, event_id=event_id, at=at, data=_started(event))
    if isinstance(event, HandlingChanged):
        return ConversationUpdated(seq=seq, event_id=event_id, at=at, data=_changed(event))
    message = message_of_event(event, seq)
    return None if message is None else MessageNew(seq=seq, event_id=event_id, at=at, data=message)


def for_visitor(frame: DurableFrame | None) -> DurableFrame | None:
    """The same frame, without private notes and without reasons meant for the team."""
    if isinstance(frame, MessageNew):
        return None if frame.data.private else frame
    if isinstance(frame, ConversationUpdated) and frame.data.reason is not msgspec.UNSET:
        return msgspec.structs.replace(frame, data=msgspec.structs.replace(frame.data, reason=msgspec.UNSET))
    return frame


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
    return isinstance(recorded.event, HandlingChanged)


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
        version=event.originator_version,
    )


def _changed(event: HandlingChanged) -> ChangedConversation:
    before, after = event.before, event.after
    old, new = maybe_wire("agent", before.assignee_id), maybe_wire("agent", after.assignee_id)
    return ChangedConversation(
        id=wire("conversation", event.originator_id),
        changes=Changes(
            status=_pair(before.status, after.status),
            handled_by=_pair(before.handled_by, after.handled_by),
            assignee_id=_pair(old, new),
        ),
        reason=getattr(event, "reason", None) or msgspec.UNSET,
        version=event.originator_version,
    )


def _pair(old: Field, new: Field) -> tuple[Field, Field] | msgspec.UnsetType:
    return msgspec.UNSET if old == new else (old, new)
