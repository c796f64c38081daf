"""Commands about what was received: delivered, read, rated."""

from __future__ import annotations

from application.command import Handlers
from application.conversation import AboutConversation, theirs
from application.masking import masked
from application.widget_rules import RatingIsOff, settings_of
from application.work import Work


class MarkDelivered(AboutConversation, frozen=True, kw_only=True):
    """The visitor's browser has everything up to this version."""

    up_to: int


class MarkRead(AboutConversation, frozen=True, kw_only=True):
    """By the visitor, or by one agent for all of them."""

    up_to: int


class RateConversation(AboutConversation, frozen=True, kw_only=True):
    score: int
    comment: str | None = None


async def mark_delivered(work: Work, command: MarkDelivered) -> None:
    conversation = await theirs(work, command.conversation_id)
    conversation.mark_delivered(work.stamp, command.up_to)


async def mark_read(work: Work, command: MarkRead) -> None:
    conversation = await theirs(work, command.conversation_id)
    conversation.mark_read(work.stamp, command.up_to)


async def rate_conversation(work: Work, command: RateConversation) -> None:
    conversation = await theirs(work, command.conversation_id)
    if not (await settings_of(work, conversation.widget_id)).features.rating:
        raise RatingIsOff
    comment = None if command.comment is None else await masked(work, command.comment)
    conversation.rate_once(work.stamp, command.score, comment)


HANDLERS: Handlers = {
    MarkDelivered: mark_delivered,
    MarkRead: mark_read,
    RateConversation: rate_conversation,
}
