"""Commands that say whether a conversation is a lead. An assistant's word comes with its reply."""

from __future__ import annotations

from uuid import UUID

from application.command import Handlers
from application.conversation import AboutConversation
from application.work import Work
from domain.conversation import Conversation
from domain.masking import mask


class QualifyConversation(AboutConversation, frozen=True, kw_only=True):
    """`score` is 0 to 100; `why` is what speaks for it, `evidence` which messages. `ruleset_version`: a rule's."""

    score: int | None = None
    why: str | None = None
    evidence: tuple[UUID, ...] = ()
    ruleset_version: int | None = None


class DisqualifyConversation(AboutConversation, frozen=True, kw_only=True):
    why: str | None = None


async def qualify_conversation(work: Work, command: QualifyConversation) -> None:
    conversation = await work.get(Conversation, command.conversation_id)
    why = _masked(command.why)
    conversation.qualify(work.stamp, command.score, why, command.evidence, command.ruleset_version)


async def disqualify_conversation(work: Work, command: DisqualifyConversation) -> None:
    conversation = await work.get(Conversation, command.conversation_id)
    conversation.disqualify(work.stamp, _masked(command.why))


def _masked(text: str | None) -> str | None:
    return None if text is None else mask(text).text


HANDLERS: Handlers = {QualifyConversation: qualify_conversation, DisqualifyConversation: disqualify_conversation}
