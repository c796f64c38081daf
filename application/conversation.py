"""Commands about what is said in a conversation; handling, marks and receipts have files of their own."""

from __future__ import annotations

from uuid import UUID

from application.canned_use import CannedChoice, note_canned_use
from application.command import Command, Handlers
from application.contact import refuse_blocked
from application.joining import speaks_for
from application.masking import masked
from application.widget_rules import AttachmentsAreOff, form_answers, introduction, settings_of
from application.work import Work
from domain.assistant import Assistant
from domain.contact import Contact
from domain.conversation import Channel, Citation, Conversation
from domain.file import Attachment, File, FileRules
from domain.refusals import Invalid, NoAssistant, NotFound
from domain.widget import Widget

MOST_ATTACHMENTS = 10


class StartConversation(Command, frozen=True, kw_only=True):
    """A new conversation of one contact, with a first message where `text` is given.

    `needs_assistant`: refuse where no assistant answers (family A); `assistant_id` overrides the widget's.
    `pre_chat`: a JSON object, the visitor's answers to the form that the widget asks now.
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
    pre_chat: str | None = None


class AboutConversation(Command, frozen=True, kw_only=True):
    """Its turn is the conversation's."""

    conversation_id: UUID

    @property
    def turn(self) -> UUID:
        return self.conversation_id


class PostMessage(AboutConversation, frozen=True, kw_only=True):
    """A message, or with `private` a note. `expected_version`: refuse if the conversation has moved.

    A visitor's message to one that ended too long ago begins a new conversation; `attachments` are files' ids.
    """

    text: str
    private: bool = False
    expected_version: int | None = None
    attachments: tuple[UUID, ...] = ()
    canned: CannedChoice | None = None


class ReplyAsAssistant(AboutConversation, frozen=True, kw_only=True):
    """The assistant's words, asked at `asked_version`; `hand_over` is why a human should go on, if so."""

    text: str
    asked_version: int
    model: str | None = None
    tokens: int = 0
    citations: tuple[Citation, ...] = ()
    hand_over: str | None = None


async def start_conversation(work: Work, command: StartConversation) -> None:
    await refuse_blocked(work)
    if work.actor.role == "visitor" and command.contact_id != work.actor.by.id:
        raise NotFound
    assistant_id = await _assistant_for(work, command)
    answers = await form_answers(work, command.widget_id, command.pre_chat)
    contact = await work.load(Contact, command.contact_id)
    contact.meet(work.stamp, work.actor.tenant_id)
    contact.introduce(work.stamp, *introduction(answers, command.name, command.email))
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
        reopen_hours=(await settings_of(work, command.widget_id)).reopen_hours,
    )
    conversation.set_attributes(work.stamp, answers)
    if command.text is not None:
        conversation.post(work.stamp, work.new_id(), await masked(work, command.text), beyond=work.beyond)


async def post_message(work: Work, command: PostMessage) -> None:
    message_id, text = work.new_id(), await masked(work, command.text)
    if command.canned is not None:  # before the message: an answer's version is its last event's
        await note_canned_use(work, command.canned, command.conversation_id, message_id)
    conversation = await theirs(work, command.conversation_id)
    if command.private and work.actor.role == "visitor":
        raise NotFound
    expected = command.expected_version
    if not command.private and work.actor.role == "visitor" and conversation.is_past_reopening(work.stamp.at):
        conversation.guard_version(expected)
        conversation, expected = await _continue(work, conversation), None
    attachments = await _attached(work, command, conversation, message_id)
    if command.private:
        conversation.add_note(work.stamp, message_id, text, attachments)
    else:
        conversation.post(work.stamp, message_id, text, expected, attachments, work.beyond)


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


async def theirs(work: Work, conversation_id: UUID) -> Conversation:
    """A visitor has their own conversations only (see `speaks_for`); anybody else's does not exist for them."""
    await refuse_blocked(work)
    conversation = await work.get(Conversation, conversation_id)
    if work.actor.role == "visitor" and not await speaks_for(work, conversation.contact_id):
        raise NotFound
    return conversation


async def _attached(
    work: Work, command: PostMessage, conversation: Conversation, message_id: UUID
) -> tuple[Attachment, ...]:
    """Each file is the conversation's from now on. Raises NotFound, FileIsPurged, FileIsAttached, Invalid."""
    if len(command.attachments) > MOST_ATTACHMENTS:
        raise Invalid(f"A message has at most {MOST_ATTACHMENTS} attachments.")
    found: list[Attachment] = []
    rules = await _rules_for_visitors(work, command, conversation)
    for file_id in dict.fromkeys(command.attachments):
        file = await work.get(File, file_id)
        attachment = file.attach(
            work.stamp,
            conversation_id=conversation.id,
            contact_id=conversation.contact_id,
            message_id=message_id,
            private=command.private,
        )
        if rules is not None:
            rules.check(attachment.content_type, attachment.size)
        found.append(attachment)
    return tuple(found)


async def _rules_for_visitors(work: Work, command: PostMessage, conversation: Conversation) -> FileRules | None:
    """What the widget narrows; None where nothing is to be asked. Raises AttachmentsAreOff."""
    if work.actor.role != "visitor" or not command.attachments:
        return None
    settings = await settings_of(work, conversation.widget_id)
    if not settings.features.attachments:
        raise AttachmentsAreOff
    return settings.files


async def _continue(work: Work, ended: Conversation) -> Conversation:
    """The same contact, widget and assistant, in a conversation that knows which one it goes on with."""
    contact = await work.load(Contact, ended.contact_id)
    conversation = work.create(Conversation)
    conversation.start(
        work.stamp,
        tenant_id=work.actor.tenant_id,
        contact_id=contact.id,
        channel="chat",
        widget_id=ended.widget_id,
        assistant_id=ended.assistant_id,
        contact_name=contact.name,
        contact_email=contact.email,
        reopen_hours=(await settings_of(work, ended.widget_id)).reopen_hours,
        continues=ended.id,
    )
    return conversation


async def _assistant_for(work: Work, command: StartConversation) -> UUID | None:
    wanted = command.assistant_id
    if wanted is None and command.widget_id is not None:
        widget = await work.look_up(Widget, command.widget_id)
        widget.refuse_archived()
        wanted = widget.assistant_id
    if wanted is None and command.needs_assistant:
        raise NoAssistant
    if wanted is not None:
        await work.look_up(Assistant, wanted)
    return wanted


HANDLERS: Handlers = {
    StartConversation: start_conversation,
    PostMessage: post_message,
    ReplyAsAssistant: reply_as_assistant,
}
