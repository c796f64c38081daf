"""Commands about a conversation's marks: labels, priority, attributes."""

from __future__ import annotations

import msgspec

from application.command import Handlers
from application.conversation import AboutConversation
from application.masking import masked_values
from application.work import Work
from domain.attributes import AttributeValue
from domain.conversation import Conversation
from domain.marks import Priority
from domain.refusals import Invalid


class ChangeLabels(AboutConversation, frozen=True, kw_only=True):
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


class SetPriority(AboutConversation, frozen=True, kw_only=True):
    """None takes it away."""

    priority: Priority | None = None


class SetAttributes(AboutConversation, frozen=True, kw_only=True):
    """`values`: the JSON of an object, name to text, number, boolean, or null to remove."""

    values: str


async def change_labels(work: Work, command: ChangeLabels) -> None:
    conversation = await work.get(Conversation, command.conversation_id)
    conversation.change_labels(work.stamp, command.add, command.remove)


async def set_priority(work: Work, command: SetPriority) -> None:
    conversation = await work.get(Conversation, command.conversation_id)
    conversation.set_priority(work.stamp, command.priority)


async def set_attributes(work: Work, command: SetAttributes) -> None:
    conversation = await work.get(Conversation, command.conversation_id)
    conversation.set_attributes(work.stamp, await masked_values(work, _values(command.values)))


def _values(text: str) -> dict[str, AttributeValue]:
    try:
        return msgspec.json.decode(text, type=dict[str, AttributeValue])
    except (msgspec.DecodeError, RecursionError) as error:
        raise Invalid("attributes is an object of texts, numbers and booleans.") from error


HANDLERS: Handlers = {
    ChangeLabels: change_labels,
    SetPriority: set_priority,
    SetAttributes: set_attributes,
}
