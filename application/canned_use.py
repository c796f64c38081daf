"""Recording that a canned response became a message: by itself, or in the same append as the message."""

from __future__ import annotations

from uuid import UUID

import msgspec

from application.command import Command, Handlers
from application.reach import refuse_strangers
from application.work import Work
from domain.canned_response import CannedResponse
from domain.canned_use import CannedUse
from domain.conversation import Conversation
from domain.ids import natural_key
from domain.refusals import Invalid, NotFound


class CannedChoice(msgspec.Struct, frozen=True):
    """What an agent chose: a canned response, and the version of it that they were shown."""

    canned_response_id: UUID
    version: int


class RecordCannedUse(Command, frozen=True, kw_only=True):
    """For a message that was posted without saying so."""

    conversation_id: UUID
    message_id: UUID
    choice: CannedChoice


async def record_canned_use(work: Work, command: RecordCannedUse) -> None:
    await work.look_up(Conversation, command.conversation_id)
    await note_canned_use(work, command.choice, command.conversation_id, command.message_id)


async def note_canned_use(work: Work, choice: CannedChoice, conversation_id: UUID, message_id: UUID) -> None:
    """For the handler that posts the message; what it adds is appended with it. Removed responses count too.

    Raises NotFound where the actor has no such response, Invalid where it never had that version.
    """
    if work.actor.role == "visitor":
        raise NotFound
    response = await work.look_up(CannedResponse, choice.canned_response_id)
    await refuse_strangers(work, response.reach)
    if not 1 <= choice.version <= response.version:
        raise Invalid("cannedVersion is no version of this canned response.")
    use = await work.load(CannedUse, natural_key(work.actor.tenant_id, CannedUse.KIND, message_id.hex))
    use.record_use(
        work.stamp,
        work.actor.tenant_id,
        canned_response_id=choice.canned_response_id,
        response_version=choice.version,
        conversation_id=conversation_id,
        message_id=message_id,
    )


HANDLERS: Handlers = {RecordCannedUse: record_canned_use}
