"""Commands that keep a conversation's continuity: a reply was given, a time has come, a notice went out or not."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec

from application.command import Command, Handlers
from application.work import Work
from domain.absence import Absence, absence_in
from domain.contact import Contact
from domain.continuity import Continuity, FailReason, Obstacle, Via, continuity_of
from domain.continuity_rule import ContinuityRule
from domain.conversation import Conversation
from domain.kernel import Event
from domain.personal import readable
from domain.refusals import NotFound
from domain.widget import Widget


class WatchForVisitor(Command, frozen=True, kw_only=True):
    """A policy's: there may be a reply to wait for. `was_back`: see Continuity.watch."""

    conversation_id: UUID
    was_back: bool = False

    @property
    def turn(self) -> UUID:
        return continuity_of(self.conversation_id)


class LookForVisitor(Command, frozen=True, kw_only=True):
    """A timer's: the time has come, and the visitor is away."""

    continuity_id: UUID

    @property
    def turn(self) -> UUID:
        return self.continuity_id


class AboutNotice(Command, frozen=True, kw_only=True):
    """What became of one attempt to send a notice."""

    continuity_id: UUID
    notice_id: UUID
    attempt: int

    @property
    def turn(self) -> UUID:
        return self.continuity_id


class NoteNoticeSent(AboutNotice, frozen=True, kw_only=True):
    via: Via


class NoteNoticeFailed(AboutNotice, frozen=True, kw_only=True):
    """`is_final`: another attempt is hopeless."""

    reason: FailReason
    is_final: bool = False


class Case(msgspec.Struct, frozen=True):
    """A conversation whose visitor may be told. `obstacle` says why not; `address` is there where None does.

    `widget` None: the conversation began without one.
    """

    events: tuple[Event, ...]
    absence: Absence
    widget: Widget | None
    rule: ContinuityRule
    address: str | None
    obstacle: Obstacle | None


async def case_of(work: Work, conversation_id: UUID) -> Case:
    """As everything is now. Raises NotFound where this tenant has no such conversation."""
    conversation, events = await work.history(conversation_id)
    if not isinstance(conversation, Conversation):
        raise NotFound
    widget_id = conversation.widget_id
    widget = None if widget_id is None else await work.look_up(Widget, widget_id)
    rule = ContinuityRule() if widget is None or widget.is_archived else widget.settings.continuity
    people = await _people(work, conversation.contact_id)
    address = _address(people, rule)
    absence = absence_in(conversation.contact_id, events)
    return Case(events, absence, widget, rule, address, _obstacle(work, people, rule, address))


async def watch_for_visitor(work: Work, command: WatchForVisitor) -> None:
    case = await case_of(work, command.conversation_id)
    continuity = await work.load(Continuity, continuity_of(command.conversation_id))
    if case.obstacle is None:
        continuity.watch(work.stamp, case.absence, case.rule.after, was_back=command.was_back)


async def look_for_visitor(work: Work, command: LookForVisitor) -> None:
    continuity = await work.get(Continuity, command.continuity_id)
    case = await case_of(work, continuity.conversation_id)
    if case.obstacle is None:
        continuity.look(work.stamp, case.absence, case.rule.after, work.new_id())
    else:
        continuity.end(work.stamp, case.obstacle)


async def note_notice_sent(work: Work, command: NoteNoticeSent) -> None:
    continuity = await work.get(Continuity, command.continuity_id)
    continuity.note_sent(work.stamp, command.notice_id, command.attempt, command.via)


async def note_notice_failed(work: Work, command: NoteNoticeFailed) -> None:
    continuity = await work.get(Continuity, command.continuity_id)
    told = (command.notice_id, command.attempt, command.reason)
    continuity.note_failed(work.stamp, *told, is_final=command.is_final)


async def _people(work: Work, contact_id: UUID) -> list[Contact]:
    """The contact, and whom it became by links and merges, the one that survives first."""
    contact = await work.look_up(Contact, contact_id)
    found = [contact]
    while contact.merged_into is not None:
        contact = await work.look_up(Contact, contact.merged_into)
        found.insert(0, contact)
    return found


def _address(people: Sequence[Contact], rule: ContinuityRule) -> str | None:
    told = (one.verified.email if rule.verified_only else one.email for one in people)
    return next((address for one in told if (address := readable(one)) is not None), None)


def _obstacle(work: Work, people: Sequence[Contact], rule: ContinuityRule, address: str | None) -> Obstacle | None:
    if not rule.enabled:
        return "off"
    if any(one.is_erased for one in people):
        return "erased"
    if any(one.is_blocked(work.stamp.at) for one in people):
        return "blocked"
    return "no_address" if address is None else None


HANDLERS: Handlers = {
    WatchForVisitor: watch_for_visitor,
    LookForVisitor: look_for_visitor,
    NoteNoticeSent: note_notice_sent,
    NoteNoticeFailed: note_notice_failed,
}
