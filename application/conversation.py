"""Commands about a conversation."""

from __future__ import annotations

from uuid import UUID

from application.command import Command, Handlers
from application.work import Work
from domain.assistant import Assistant
from domain.contact import Contact
from domain.conversation import Channel, Citation, Conversation
from domain.refusals import NoAssistant, NotFound
from domain.widget import Widget


class StartConversation(Command, frozen=True, kw_only=True):
    """A new conversation of one contact, with a first message where `text` is given.

    `needs_assistant`: refuse where no assistant answers (family A); `assistant_id` overrides the widget's.
    """

    contact_id: UUID
    widget_id: UUID | None = None
    assistant_id: UUID | None = None
    needs_assistant: bool = False
    channel: Channel = "chat"
    session_id: str | None = None
    name: str | None = None
    email: str | None = None
    text: str | None = None


class _AboutConversation(Command, frozen=True, kw_only=True):
    conversation_id: UUID

    @property
    def turn(self) -> UUID:
        return self.conversation_id


class PostMessage(_AboutConversation, frozen=True, kw_only=True):
    """A message, or with `private` a note. `expected_version`: refuse if the conversation has moved."""

    text: str
    private: bool = False
    expected_version: int | None = None


class ReplyAsAssistant(_AboutConversation, frozen=True, kw_only=True):
    """The assistant's words, asked at `asked_version`; `hand_over` is why a human should go on, if so."""

    text: str
    asked_version: int
    model: str | None = None
    tokens: int = 0
    citations: tuple[Citation, ...] = ()
    hand_over: str | None = None


class HandOverConversation(_AboutConversation, frozen=True, kw_only=True):
    reason: str


class AcceptConversation(_AboutConversation, frozen=True, kw_only=True):
    """The acting agent takes it: one winner."""


class EndConversation(_AboutConversation, frozen=True, kw_only=True):
    reason: str | None = None


async def start_conversation(work: Work, command: StartConversation) -> None:
    if work.actor.role == "visitor" and command.contact_id != work.actor.by.id:
        raise NotFound
    assistant_id = await _assistant_for(work, command)
    contact = await work.load(Contact, command.contact_id)
    contact.meet(work.stamp, work.actor.tenant_id)
    contact.introduce(work.stamp, command.name, command.email)
    conversation = work.create(Conversation)
    conversation.start(
        work.stamp,
        tenant_id=work.actor.tenant_id,
        contact_id=contact.id,
        channel=command.channel,
        widget_id=command.widget_id,
        assistant_id=assistant_id,
        session_id=command.session_id,
        contact_name=contact.name,
        contact_email=contact.email,
    )
    if command.text is not None:
        conversation.post(work.stamp, work.new_id(), command.text)


async def post_message(work: Work, command: PostMessage) -> None:
    conversation = await _theirs(work, command.conversation_id)
    if not command.private:
        conversation.post(work.stamp, work.new_id(), command.text, command.expected_version)
    elif work.actor.role == "visitor":
        raise NotFound
    else:
        conversation.add_note(work.stamp, work.new_id(), command.text)


async def reply_as_assistant(work: Work, command: ReplyAsAssistant) -> None:
    conversation = await work.get(Conversation, command.conversation_id)
    conversation.reply(
        work.stamp,
        work.new_id(),
        command.text,
        command.asked_version,
        model=command.model,
        tokens=command.tokens,
        citations=command.citations,
    )
    if command.hand_over is not None:
        conversation.hand_over(work.stamp, command.hand_over)


async def hand_over_conversation(work: Work, command: HandOverConversation) -> None:
    conversation = await _theirs(work, command.conversation_id)
    conversation.hand_over(work.stamp, command.reason)


async def accept_conversation(work: Work, command: AcceptConversation) -> None:
    conversation = await work.get(Conversation, command.conversation_id)
    conversation.accept(work.stamp, work.actor.by.id)


async def end_conversation(work: Work, command: EndConversation) -> None:
    conversation = await _theirs(work, command.conversation_id)
    conversation.end(work.stamp, command.reason)


async def _theirs(work: Work, conversation_id: UUID) -> Conversation:
    """A visitor has their own conversations only; anybody else's does not exist for them."""
    conversation = await work.get(Conversation, conversation_id)
    if work.actor.role == "visitor" and conversation.contact_id != work.actor.by.id:
        raise NotFound
    return conversation


async def _assistant_for(work: Work, command: StartConversation) -> UUID | None:
    wanted = command.assistant_id
    if wanted is None and command.widget_id is not None:
        wanted = (await work.look_up(Widget, command.widget_id)).assistant_id
    if wanted is None and command.needs_assistant:
        raise NoAssistant
    if wanted is not None:
        await work.look_up(Assistant, wanted)
    return wanted


HANDLERS: Handlers = {
    StartConversation: start_conversation,
    PostMessage: post_message,
    ReplyAsAssistant: reply_as_assistant,
    HandOverConversation: hand_over_conversation,
    AcceptConversation: accept_conversation,
    EndConversation: end_conversation,
}
