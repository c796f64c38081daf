"""Commands of bulk actions: their beginning, and what only a bulk asks for. The rest are the ordinary commands."""

from __future__ import annotations

from uuid import UUID

from application.command import Command, Handlers
from application.conversation import AboutConversation, theirs
from application.work import Work
from domain.bulk import Bulk


class BeginBulk(Command, frozen=True, kw_only=True):
    """Durable before its first change, so that a repeat is the same bulk.

    `change`: what is asked for, in a word. `asked`: all of it as JSON, so that the same key with something else is
    refused; it is not kept, for a note in it is about a person.
    """

    conversation_ids: tuple[UUID, ...]
    change: str
    asked: str = ""


class MarkAllRead(AboutConversation, frozen=True, kw_only=True):
    """Everything there is when it is carried out: who marks many knows no versions."""


async def begin_bulk(work: Work, command: BeginBulk) -> None:
    bulk = work.create(Bulk)
    bulk.begin(work.stamp, work.actor.tenant_id, command.conversation_ids, command.change)


async def mark_all_read(work: Work, command: MarkAllRead) -> None:
    conversation = await theirs(work, command.conversation_id)
    conversation.mark_read(work.stamp, conversation.version)


HANDLERS: Handlers = {BeginBulk: begin_bulk, MarkAllRead: mark_all_read}
