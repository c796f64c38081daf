"""Undo: an event is taken back by another one, never removed. What has happened since may forbid it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from domain.contact import Contact, ContactErased
from domain.conversation import AssistantReplied, Conversation, MessagePosted
from domain.handling import (
    Accepted,
    Assigned,
    Awakened,
    Ended,
    Handling,
    HandlingChanged,
    Reopened,
    Returned,
    Snoozed,
    Transferred,
)
from domain.ids import event_wire, parse_event
from domain.joining import ContactLinked, ContactMerged, ContactUnmerged
from domain.kernel import Event, Stamp
from domain.marks import LabelsChanged, PriorityChanged
from domain.refusals import Conflict, NotFound

MOST_NAMED = 20
Past = Sequence[Event]
"""All events of one stream, oldest first."""


class UndoRefused(Conflict):
    """Details: `events`, those since then that forbid it (`eventId`, `type`, `at`), at most 20."""

    code = "undo_refused"
    sentence = "What has happened since forbids to undo this."


class NotUndoable(Conflict):
    code = "not_undoable"
    sentence = "Events of this kind cannot be undone."


def event_of(past: Past, version: int) -> Event:
    """Raises NotFound where the stream has no such event."""
    if not 1 <= version <= len(past):
        raise NotFound
    return past[version - 1]


def can_be_undone(event: Event) -> bool:
    """By its kind; later events may still forbid it."""
    return type(event) in _WAYS or isinstance(event, ContactMerged | ContactLinked)


def undo_in_conversation(conversation: Conversation, past: Past, version: int, stamp: Stamp) -> None:
    """What is undone already, or has nothing left of it, changes nothing.

    Raises NotFound, NotUndoable, UndoRefused.
    """
    event = event_of(past, version)
    if type(event) not in _WAYS:
        raise NotUndoable
    take_back, forbids = _WAYS[type(event)]
    if _key(event) in _undone(past):
        return
    since = _standing_after(past, version)
    _refuse_after([one for one in since if forbids(one)])
    take_back(_Case(conversation, past[: version - 1], since, _undoing(stamp, event)), event)


def undo_in_contact(contact: Contact, survivor: Contact, past: Past, version: int, stamp: Stamp) -> None:
    """A merge or a link: they are two people again. Raises NotFound, NotUndoable, UndoRefused."""
    event = event_of(past, version)
    if not isinstance(event, ContactMerged | ContactLinked):
        raise NotUndoable
    if _key(event) in _undone(past):
        return
    since = _standing_after(past, version)
    _refuse_after([one for one in since if isinstance(one, _JOINING)])
    contact.unmerge(_undoing(stamp, event), survivor)


def _refuse_after(events: Sequence[Event]) -> None:
    """Raises UndoRefused where there are any."""
    if events:
        named = [{"eventId": _key(one), "type": one.TYPE, "at": one.at} for one in events[:MOST_NAMED]]
        raise UndoRefused(events=named)


def _undone(past: Past) -> set[str]:
    """What was taken back, and was not brought back by an undo of its undo: the newest word counts."""
    undone: set[str] = set()
    for event in reversed(past):
        taken_back = event.cause.undoes
        if taken_back is not None and _key(event) not in undone:
            undone.add(taken_back)
    return undone


def _standing_after(past: Past, version: int) -> list[Event]:
    """Later events without those that were undone, and without their undoing: together they are nothing."""
    undone = _undone(past)
    return [one for one in past[version:] if _key(one) not in undone and not _undoes_later(one, version)]


def _undoes_later(event: Event, version: int) -> bool:
    if event.cause.undoes is None:
        return False
    stream_id, undone = parse_event(event.cause.undoes)
    return stream_id == event.originator_id and undone > version


def _undoing(stamp: Stamp, event: Event) -> Stamp:
    return replace(stamp, cause=replace(stamp.cause, undoes=_key(event)))


def _key(event: Event) -> str:
    return event_wire(event.originator_id, event.originator_version)


class _Case(msgspec.Struct, frozen=True):
    """What there is to go by: the events before the one that is undone, and those after it that still stand."""

    conversation: Conversation
    before: Past
    since: Past
    stamp: Stamp

    def move(self, event: type[HandlingChanged], after: Handling, **facts: Any) -> None:
        handling = self.conversation.handling
        if handling != after:
            self.conversation.record(event, self.stamp, before=handling, after=after, **facts)


def _labels(case: _Case, event: LabelsChanged) -> None:
    """Labels that somebody has touched since are theirs now."""
    changes = [one for one in case.since if isinstance(one, LabelsChanged)]
    touched = {label for one in changes for label in (*one.added, *one.removed)}
    case.conversation.change_labels(case.stamp, set(event.removed) - touched, set(event.added) - touched)


def _priority(case: _Case, event: PriorityChanged) -> None:
    case.conversation.set_priority(case.stamp, event.before)


def _ended(case: _Case, event: Ended) -> None:
    """Whoever had it has it again; a snooze is over."""
    status = "open" if event.before.status == "snoozed" else event.before.status
    case.move(Reopened, replace(event.before, status=status))


def _reopened(case: _Case, event: Reopened) -> None:
    case.move(Ended, event.before)


def _snoozed(case: _Case, event: Snoozed) -> None:
    earlier = _asleep(case.before)
    if earlier is not None and _is_ahead(earlier, case.stamp):
        case.conversation.snooze(case.stamp, earlier.until)
        return
    case.move(Awakened, replace(event.before, status="open"), reason="agent")


def _awakened(case: _Case, _: Awakened) -> None:
    earlier = _asleep(case.before)
    if earlier is None or not _is_ahead(earlier, case.stamp):
        raise NotUndoable("It was to sleep until a time that is over.")
    case.conversation.snooze(case.stamp, earlier.until)


def _given(case: _Case, event: Transferred | Assigned | Accepted) -> None:
    """Back to the agent who had it, else to the queue it came from: an assistant never takes over again."""
    if event.before.handled_by == "agent":
        if not isinstance(event, Transferred):
            raise NotUndoable("This accepted a transfer. Undo the transfer, or return it to the queue.")
        case.move(Transferred, event.before, to_agent_id=event.before.assignee_id)
        return
    waiting = replace(event.before, handled_by="queue", assignee_id=None)
    if waiting.team_id in (None, case.conversation.handling.team_id):
        case.move(Returned, waiting, reason="agent_returned")
        return
    case.move(Transferred, waiting, to_team_id=waiting.team_id)


def _asleep(before: Past) -> Snoozed | None:
    """The snooze that held when this past ended."""
    moved = next((one for one in reversed(before) if isinstance(one, HandlingChanged)), None)
    return moved if isinstance(moved, Snoozed) else None


def _is_ahead(snoozed: Snoozed, stamp: Stamp) -> bool:
    return snoozed.until is None or snoozed.until > stamp.at


def _nothing(_: Event) -> bool:
    return False


def _sets_priority(event: Event) -> bool:
    return isinstance(event, PriorityChanged)


def _moves(event: Event) -> bool:
    return isinstance(event, HandlingChanged)


def _moves_or_answers(event: Event) -> bool:
    """An agent who has answered has taken it on."""
    return _moves(event) or (isinstance(event, MessagePosted) and event.by.kind == "agent")


def _moves_or_speaks(event: Event) -> bool:
    return isinstance(event, HandlingChanged | MessagePosted | AssistantReplied)


_JOINING = (ContactLinked, ContactMerged, ContactUnmerged, ContactErased)
_WAYS: Mapping[type[Event], tuple[Callable[[_Case, Any], None], Callable[[Event], bool]]] = {
    LabelsChanged: (_labels, _nothing),
    PriorityChanged: (_priority, _sets_priority),
    Ended: (_ended, _moves_or_answers),
    Reopened: (_reopened, _moves_or_speaks),
    Snoozed: (_snoozed, _moves),
    Awakened: (_awakened, _moves),
    Transferred: (_given, _moves_or_answers),
    Assigned: (_given, _moves_or_answers),
    Accepted: (_given, _moves_or_answers),
}
"""How each kind is taken back, and which later events forbid it."""
