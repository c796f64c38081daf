"""Commands that take events back. Each decides on the whole stream, folded anew, so nothing later is overlooked.

Whoever may give the compensating command may undo: application/permissions.py says so for each of these.
"""

from __future__ import annotations

from uuid import UUID

from application.command import Command, Handlers
from application.conversation import AboutConversation
from application.work import Work
from domain.agent import Agent
from domain.contact import Contact
from domain.conversation import Conversation
from domain.handling import Transferred
from domain.joining import ContactLinked, ContactMerged
from domain.kernel import Event
from domain.refusals import NotFound
from domain.undo import (
    NotUndoable,
    UndoRefused,
    can_be_undone,
    event_of,
    undo_in_contact,
    undo_in_conversation,
)


class UndoConversationEvent(AboutConversation, frozen=True, kw_only=True):
    """`version`: the event's place in the conversation."""

    version: int


class UndoBulkChange(AboutConversation, frozen=True, kw_only=True):
    """What this bulk did to this conversation; nothing to do where it did nothing."""

    bulk_id: UUID


class UndoContactEvent(Command, frozen=True, kw_only=True):
    """A merge or a link, by its place in the stream of the contact that was merged."""

    contact_id: UUID
    version: int

    @property
    def turn(self) -> UUID:
        return self.contact_id


async def undo_conversation_event(work: Work, command: UndoConversationEvent) -> None:
    conversation, past = await _conversation(work, command.conversation_id)
    undo_in_conversation(conversation, past, command.version, work.stamp)
    await _refuse_gone(work, conversation, event_of(past, command.version))


async def undo_bulk_change(work: Work, command: UndoBulkChange) -> None:
    conversation, past = await _conversation(work, command.conversation_id)
    done = [event for event in past if event.cause.bulk == command.bulk_id]
    undoable = [event for event in done if can_be_undone(event)]
    if done and not undoable:
        raise NotUndoable
    for event in reversed(undoable):
        undo_in_conversation(conversation, past, event.originator_version, work.stamp)
        await _refuse_gone(work, conversation, event)


async def undo_contact_event(work: Work, command: UndoContactEvent) -> None:
    contact, past = await work.history(command.contact_id)
    if not isinstance(contact, Contact):
        raise NotFound
    event = event_of(past, command.version)
    if not isinstance(event, ContactMerged | ContactLinked):
        raise NotUndoable
    survivor = await work.get(Contact, event.into_id)
    undo_in_contact(contact, survivor, past, command.version, work.stamp)


async def _conversation(work: Work, id: UUID) -> tuple[Conversation, tuple[Event, ...]]:
    conversation, past = await work.history(id)
    if not isinstance(conversation, Conversation):
        raise NotFound
    return conversation, past


async def _refuse_gone(work: Work, conversation: Conversation, undone: Event) -> None:
    """Raises UndoRefused where it went back to an agent who is not there any more."""
    owner = undone.before.assignee_id if isinstance(undone, Transferred) else None
    if owner is None or conversation.modified_at < work.stamp.at:
        return
    if not (await work.look_up(Agent, owner)).is_active:
        raise UndoRefused("Who had this before is not there any more.")


HANDLERS: Handlers = {
    UndoConversationEvent: undo_conversation_event,
    UndoBulkChange: undo_bulk_change,
    UndoContactEvent: undo_contact_event,
}
