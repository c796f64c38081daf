"""Changes: what an event changes in a conversation, field by field."""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar

import msgspec

from domain.call import CallAnswered, CallEnded, CallRang, CallRecorded, CallStarted, CallTranscribed, Stage
from domain.continuity import NoticeFailed, NoticeSent
from domain.handling import Accepted, HandlingChanged, Returned, Snoozed, Transferred
from domain.ids import wire
from domain.kernel import Event
from domain.marks import AttributesChanged, LabelsChanged, PriorityChanged
from domain.mention import MentionsRead
from domain.participants import ParticipantJoined, ParticipantLeft
from domain.personal import readable
from domain.qualification import ConversationDisqualified
from domain.receipts import Delivered, Rated, Read
from domain.sla_clock import ClockMoved
from interfaces.notice_body import notice_body
from interfaces.sla_body import sla_of_watches
from interfaces.wire import maybe_wire
from interfaces.ws.change_body import FOR_MEMBERS, CallChange, Changes, Score
from projections.continuity import notice_after

Field = TypeVar("Field")

Until = tuple[None, datetime | None] | msgspec.UnsetType
Mark = LabelsChanged | PriorityChanged | AttributesChanged | ParticipantJoined | ParticipantLeft
NOTHING = Changes()


def changes_of(event: Event) -> Changes | None:
    """None where the event says nothing about where a conversation stands."""
    if isinstance(event, HandlingChanged):
        return _moved(event)
    if isinstance(event, Delivered | Read | Rated):
        return _received(event)
    if isinstance(event, Mark):
        return _marked(event)
    if isinstance(event, Stage | CallRecorded | CallTranscribed):
        return _called(event)
    if isinstance(event, ClockMoved | NoticeSent | NoticeFailed):
        return _told_beside(event)
    is_lead_no_more = isinstance(event, ConversationDisqualified) and event.was_qualified
    return Changes(qualified=(True, False)) if is_lead_no_more else None


def changes_for_reader(event: MentionsRead) -> Changes:
    """What one agent's screens are told alone."""
    return Changes(mentions=(None, event.left))


def for_visitor(changes: Changes) -> Changes | None:
    """Without what is the team's; None where nothing is left."""
    shown = msgspec.structs.replace(changes, **dict.fromkeys(FOR_MEMBERS, msgspec.UNSET))
    return None if shown == NOTHING else shown


def may_concern_visitor(event: Event) -> bool:
    """True for those of which something may be left for the visitor."""
    return isinstance(event, HandlingChanged | Delivered | Read | Rated | Stage)


def _moved(event: HandlingChanged) -> Changes:
    before, after = event.before, event.after
    return Changes(
        status=_pair(before.status, after.status),
        handled_by=_pair(before.handled_by, after.handled_by),
        assignee_id=_pair(maybe_wire("agent", before.assignee_id), maybe_wire("agent", after.assignee_id)),
        team_id=_pair(maybe_wire("team", before.team_id), maybe_wire("team", after.team_id)),
        snoozed_until=_snoozed_until(event),
        accept_until=_accept_until(event),
    )


def _received(event: Delivered | Read | Rated) -> Changes:
    match event:
        case Delivered(up_to=up_to):
            return Changes(delivered_to=(None, up_to))
        case Read(side=side, up_to=up_to, left=left):
            unread = (None, left) if side == "agent" else msgspec.UNSET
            return Changes(read_to=(None, {side: up_to}), unread=unread)
        case Rated(score=score, comment=comment):
            return Changes(rating=(None, Score(score, readable(comment))))


def _marked(event: Mark) -> Changes:
    match event:
        case LabelsChanged(added=added, removed=removed):
            return Changes(labels=(removed, added))
        case PriorityChanged(before=before, after=after):
            return Changes(priority=(before, after))
        case AttributesChanged(names=names):
            return Changes(attributes=(None, names))
        case ParticipantJoined(agent_id=id):
            return Changes(participants=((), (wire("agent", id),)))
        case ParticipantLeft(agent_id=id):
            return Changes(participants=((wire("agent", id),), ()))


def _called(event: Stage | CallRecorded | CallTranscribed) -> Changes:
    match event:
        case CallStarted(phone_number=number):
            return Changes(call=(None, CallChange("started", phone_number=number)))
        case CallRang():
            return Changes(call=(None, CallChange("ringing")))
        case CallAnswered():
            return Changes(call=(None, CallChange("answered")))
        case CallEnded(reason=reason, seconds=seconds):
            return Changes(call=(None, CallChange("ended", reason=reason, seconds=seconds)))
        case CallRecorded(link=link):
            return Changes(recording_url=(None, readable(link)))
        case CallTranscribed():
            return Changes(transcribed=(None, True))


def _told_beside(event: ClockMoved | NoticeSent | NoticeFailed) -> Changes:
    """By the streams beside the conversation's own."""
    if isinstance(event, ClockMoved):
        return Changes(sla=(None, sla_of_watches(event.watches)))
    told = notice_body(notice_after(None, event))
    return Changes() if told is None else Changes(notice=(None, told))


def _snoozed_until(event: HandlingChanged) -> Until:
    if isinstance(event, Snoozed):
        return None, event.until
    return (None, None) if event.before.status == "snoozed" else msgspec.UNSET


def _accept_until(event: HandlingChanged) -> Until:
    """An agent who accepts what is theirs already ends the wait of a transfer; so does its return."""
    if isinstance(event, Transferred) and event.accept_until is not None:
        return None, event.accept_until
    is_over = isinstance(event, Accepted | Returned) and event.before.assignee_id is not None
    return (None, None) if is_over else msgspec.UNSET


def _pair(old: Field, new: Field) -> tuple[Field, Field] | msgspec.UnsetType:
    return msgspec.UNSET if old == new else (old, new)
