"""Commands about calls. Numbers are allocated before (`application.calling`); nothing here asks a provider."""

from __future__ import annotations

from uuid import UUID

from application.command import Handlers
from application.contact import refuse_blocked
from application.conversation import AboutConversation, StartConversation, assistant_for
from application.masking import masked
from application.widget_rules import settings_of
from application.work import Work
from domain.call import CallStatus, EndReason
from domain.contact import Contact
from domain.conversation import Conversation
from domain.refusals import Conflict, Invalid, NotFound
from domain.voice import Provider


class CallIsTracked(Conflict):
    """Details: `provider`."""

    code = "call_is_tracked"
    sentence = "Its provider says how this call goes."


class StartCall(AboutConversation, frozen=True, kw_only=True):
    """A conversation by voice, over a number that was allocated to it. `longest`: its cap in seconds."""

    contact_id: UUID
    phone_number: str
    provider: Provider
    longest: int
    widget_id: UUID | None = None
    assistant_id: UUID | None = None
    session_id: str | None = None


class ReportCall(AboutConversation, frozen=True, kw_only=True):
    """How the call goes, as whoever carries it says: a provider, or the tenant's own exchange, or an agent.

    `reason` and `seconds` belong to the end. A report that is late, or comes again, changes nothing.
    """

    status: CallStatus | None = None
    reason: EndReason = "completed"
    seconds: int | None = None
    recording_url: str | None = None
    transcript: str | None = None


class EndOverdueCall(AboutConversation, frozen=True, kw_only=True):
    """Its time is over: nobody dialled, or answered, or it has lasted as long as it may."""


async def start_call(work: Work, command: StartCall) -> None:
    await refuse_blocked(work)
    if command.contact_id != work.actor.by.id:
        raise NotFound
    contact = await work.load(Contact, command.contact_id)
    contact.meet(work.stamp, work.actor.tenant_id)
    conversation = await work.load(Conversation, command.conversation_id)
    wish = StartConversation(contact_id=contact.id, widget_id=command.widget_id, assistant_id=command.assistant_id)
    conversation.start(
        work.stamp,
        tenant_id=work.actor.tenant_id,
        contact_id=contact.id,
        channel="voice",
        widget_id=command.widget_id,
        assistant_id=await assistant_for(work, wish),
        session_id=command.session_id,
        contact_name=contact.name,
        contact_email=contact.email,
        reopen_hours=(await settings_of(work, command.widget_id)).reopen_hours,
    )
    conversation.start_call(work.stamp, command.phone_number, command.provider, command.longest)


async def report_call(work: Work, command: ReportCall) -> None:
    conversation = await work.get(Conversation, command.conversation_id)
    call = conversation.call
    if call is None:
        raise NotFound
    if work.actor.role != "system" and call.provider != "pool":
        raise CallIsTracked(provider=call.provider)
    match command.status:
        case "started":
            raise Invalid("A call is ringing, answered or ended.")
        case "ringing":
            conversation.ring(work.stamp)
        case "answered":
            conversation.answer_call(work.stamp)
        case "ended":
            conversation.end_call(work.stamp, command.reason, command.seconds)
        case None:
            pass
    await _keep_words(work, conversation, command)
    _leave_to_humans(work, conversation)


async def end_overdue_call(work: Work, command: EndOverdueCall) -> None:
    conversation = await work.get(Conversation, command.conversation_id)
    conversation.end_overdue_call(work.stamp)
    _leave_to_humans(work, conversation)


async def _keep_words(work: Work, conversation: Conversation, command: ReportCall) -> None:
    """Providers come with them long after: of somebody who was erased meanwhile nothing is kept."""
    if command.recording_url is None and command.transcript is None:
        return
    contact, _ = await work.history(conversation.contact_id)  # anew: another process may have erased them
    if isinstance(contact, Contact) and contact.is_erased:
        return
    if command.recording_url is not None:
        conversation.keep_recording(work.stamp, command.recording_url)
    if command.transcript is not None:
        conversation.transcribe(work.stamp, await masked(work, command.transcript))


def _leave_to_humans(work: Work, conversation: Conversation) -> None:
    """Whom nobody spoke to should be called back."""
    call = conversation.call
    if call is not None and call.ended_at == work.stamp.at and call.reason in ("missed", "busy", "failed"):
        conversation.hand_over(work.stamp, "missed_call")


HANDLERS: Handlers = {StartCall: start_call, ReportCall: report_call, EndOverdueCall: end_overdue_call}
