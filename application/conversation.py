"""Commands about what is said in a conversation; handling, marks and receipts have files of their own."""

from __future__ import annotations

from uuid import UUID

from application.assistant import default_assistant, present_assistant
from application.campaign_sending import bring_along
from application.canned_use import CannedChoice, note_canned_use
from application.command import Command, Handlers
from application.contact import refuse_blocked
from application.generation import occasion_in
from application.joining import speaks_for
from application.masking import masked
from application.mention import Named, mentions_of
from application.widget_rules import AttachmentsAreOff, form_answers, introduction, settings_of
from application.work import Work
from domain.contact import Contact
from domain.conversation import Channel, Citation, Conversation
from domain.file import Attachment, File, FileRules
from domain.generation import Generation, Outcome, Trace
from domain.refusals import Invalid, NoAssistant, NotFound
from domain.widget import Widget

MOST_ATTACHMENTS = 10


class StartConversation(Command, frozen=True, kw_only=True):
    """A new conversation of one contact, with a first message where `text` is given.

    `needs_assistant`: refuse where no assistant answers (family A); `assistant_id` overrides the widget's.
    `pre_chat`: a JSON object, the visitor's answers to the form that the widget asks now.
    `campaign_id`: what they answer to, as they were shown it, in `language`.
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
    campaign_id: UUID | None = None
    language: str = ""


class AboutConversation(Command, frozen=True, kw_only=True):
    """Its turn is the conversation's."""

    conversation_id: UUID

    @property
    def turn(self) -> UUID:
        return self.conversation_id


class PostMessage(AboutConversation, frozen=True, kw_only=True):
    """A message, or with `private` a note. `expected_version`: refuse if the conversation has moved.

    A visitor's message to one that ended too long ago begins a new conversation; `attachments` are files' ids.
    `mentions`: a note's only.
    """

    text: str
    private: bool = False
    expected_version: int | None = None
    attachments: tuple[UUID, ...] = ()
    canned: CannedChoice | None = None
    mentions: Named | None = None


class ReplyAsAssistant(AboutConversation, frozen=True, kw_only=True):
    """The assistant's words, asked at `asked_version`; `hand_over` is why a human should go on, if so.

    `notes`, and `qualifies` (why it is a lead): what it does besides, together with its words or not at all.
    `trace` and `arguments`: how the words came about.
    """

    text: str
    asked_version: int
    model: str | None = None
    tokens: int = 0
    citations: tuple[Citation, ...] = ()
    hand_over: str | None = None
    notes: tuple[str, ...] = ()
    qualifies: str | None = None
    score: int | None = None
    trace: Trace | None = None
    arguments: str | None = None


async def start_conversation(work: Work, command: StartConversation) -> None:
    await refuse_blocked(work)
    if work.actor.role == "visitor" and command.contact_id != work.actor.by.id:
        raise NotFound
    assistant_id = await assistant_for(work, command)
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
    if command.campaign_id is not None:
        await bring_along(work, conversation, command.campaign_id, command.language)
    if command.text is not None:
        conversation.post(work.stamp, work.new_id(), await masked(work, command.text), beyond=work.beyond)


async def post_message(work: Work, command: PostMessage) -> None:
    if command.mentions is not None and not command.private:
        raise Invalid("Only a private note mentions somebody.")
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
        named = await mentions_of(work, command.mentions)
        conversation.add_note(work.stamp, message_id, text, attachments, named)
    else:
        conversation.post(work.stamp, message_id, text, expected, attachments, work.beyond)


async def reply_as_assistant(work: Work, command: ReplyAsAssistant) -> None:
    # Before the conversation: the seq of an answer is that of its last event.
    generation = None if command.trace is None else work.create(Generation)
    conversation = await work.get(Conversation, command.conversation_id)
    asked_version = command.asked_version
    is_late = conversation.moved_since(asked_version) is not None
    if not is_late:
        await _do_besides(work, conversation, command)
        asked_version = conversation.version
    message_id = work.new_id()
    conversation.reply(
        work.stamp,
        message_id,
        command.text,
        asked_version,
        model=command.model,
        tokens=command.tokens,
        citations=command.citations,
    )
    if command.hand_over is not None:
        conversation.hand_over(work.stamp, command.hand_over)
    if generation is not None:
        await _keep_trace(work, generation, conversation, command, None if is_late else message_id)


async def _do_besides(work: Work, conversation: Conversation, command: ReplyAsAssistant) -> None:
    for note in command.notes:
        conversation.add_note(work.stamp, work.new_id(), await masked(work, note))
    if command.qualifies is not None and conversation.may_qualify(work.stamp):
        conversation.qualify(work.stamp, command.score, await masked(work, command.qualifies))


async def _keep_trace(
    work: Work,
    generation: Generation,
    conversation: Conversation,
    command: ReplyAsAssistant,
    message_id: UUID | None,
) -> None:
    trace = command.trace or Trace()
    outcome: Outcome = "replied" if command.hand_over is None else "handed_over"
    if message_id is None:
        outcome = "discarded"
    elif trace.fault is not None:
        outcome = "failed"
    occasion = occasion_in(conversation, work.actor.tenant_id, "reply")
    arguments = None if command.arguments is None else await masked(work, command.arguments)
    generation.keep(work.stamp, occasion, outcome, trace, message_id=message_id, arguments=arguments)


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
    if not command.attachments:
        return ()
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
    if work.actor.role != "visitor":
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


async def assistant_for(work: Work, command: StartConversation) -> UUID | None:
    """The one that is named, else the widget's; for family A at last the tenant's default."""
    if command.assistant_id is not None:
        if not await present_assistant(work, command.assistant_id):
            raise NotFound
        return command.assistant_id
    if command.widget_id is not None:
        widget = await work.look_up(Widget, command.widget_id)
        widget.refuse_archived()
        if widget.assistant_id is not None and await present_assistant(work, widget.assistant_id):
            return widget.assistant_id
    found = await default_assistant(work) if command.needs_assistant else None
    if found is None and command.needs_assistant:
        raise NoAssistant
    return found


HANDLERS: Handlers = {
    StartConversation: start_conversation,
    PostMessage: post_message,
    ReplyAsAssistant: reply_as_assistant,
}
