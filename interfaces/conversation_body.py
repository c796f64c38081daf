"""The JSON of a conversation, as one of its two sides may see it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from domain.attributes import AttributeValue
from domain.call import CallStatus, EndReason
from domain.conversation import Channel
from domain.handling import HandledBy, Status
from domain.ids import wire
from domain.marks import Priority
from domain.receipts import Side
from interfaces.ai_state import AiState, ai_state
from interfaces.message_body import MessagePageBody
from interfaces.notice_body import NoticeBody
from interfaces.sla_body import PromiseBody
from interfaces.wire import ContactBody, MessageRole, ParticipantBody, maybe_wire
from projections.thread import Thread, stored_attributes
from projections.transcript import ConversationView


class ReadToBody(msgspec.Struct, frozen=True):
    """Up to which version each side has read; 0: nothing yet."""

    visitor: int
    agent: int


class RatingBody(msgspec.Struct, frozen=True):
    """`comment` is null where none was given, or erased."""

    score: int
    comment: str | None
    at: datetime | None


class CallBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The call that the conversation is. `seconds`, as metered, and `reason` once it has ended.

    `recordingUrl` and `transcript` are for agents; null where there is none, or it was erased.
    """

    status: CallStatus
    phone_number: str
    started_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    seconds: int | None
    reason: EndReason | None
    recording_url: str | msgspec.UnsetType | None = msgspec.UNSET
    transcript: str | msgspec.UnsetType | None = msgspec.UNSET


class ConversationBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A conversation as it stands; `messages` only where a page of them was asked for.

    `unread` counts the other side's messages that the caller's side has not read. What a visitor never sees is
    left out for them: teamId, labels, priority, attributes, snoozedUntil, acceptUntil, qualified, sla, notice. Of
    `participants` they see the agents who wrote to them, and who has it. `aiState` is where its assistant stands,
    null where it has none. `sla`, the policy in force, and `notice` are in the answer of GET only, null where
    there is none.
    """

    id: str
    channel: Channel
    status: Status
    handled_by: HandledBy
    assignee_id: str | None
    widget_id: str | None
    assistant_id: str | None
    ai_state: AiState | None
    contact_data: ContactBody = msgspec.field(name="contact_data")
    continues: str | None
    started_at: datetime
    ended_at: datetime | None
    version: int
    seq: int
    participants: tuple[ParticipantBody, ...]
    read_to: ReadToBody
    delivered_to: int
    unread: int
    rating: RatingBody | None
    call: CallBody | msgspec.UnsetType = msgspec.UNSET
    team_id: str | msgspec.UnsetType | None = msgspec.UNSET
    labels: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    priority: Priority | msgspec.UnsetType | None = msgspec.UNSET
    attributes: dict[str, AttributeValue] | msgspec.UnsetType = msgspec.UNSET
    snoozed_until: datetime | msgspec.UnsetType | None = msgspec.UNSET
    accept_until: datetime | msgspec.UnsetType | None = msgspec.UNSET
    qualified: bool | msgspec.UnsetType | None = msgspec.UNSET
    sla: PromiseBody | msgspec.UnsetType | None = msgspec.UNSET
    notice: NoticeBody | msgspec.UnsetType | None = msgspec.UNSET
    messages: MessagePageBody | msgspec.UnsetType = msgspec.UNSET


def conversation_of_view(view: ConversationView, side: Side) -> ConversationBody:
    """For the visitor or for agents; without messages."""
    body = _body(view)
    if side == "visitor":
        return body
    return msgspec.structs.replace(
        body,
        unread=view.agent_unread,
        participants=_participants(view, tuple(one.agent_id for one in view.participants)),
        team_id=maybe_wire("team", view.team_id),
        labels=view.labels,
        priority=view.priority,
        attributes=stored_attributes(view.attributes),
        snoozed_until=view.snoozed_until,
        accept_until=view.accept_until,
        qualified=view.qualified,
        call=_call_for_agents(body, view),
    )


def _body(view: ConversationView) -> ConversationBody:
    return ConversationBody(
        id=wire("conversation", view.conversation_id),
        channel=view.channel,
        status=view.status,
        handled_by=view.handled_by,
        assignee_id=maybe_wire("agent", view.assignee_id),
        widget_id=maybe_wire("widget", view.widget_id),
        assistant_id=maybe_wire("assistant", view.assistant_id),
        ai_state=ai_state(view),
        contact_data=_contact(view),
        continues=maybe_wire("conversation", view.continues),
        started_at=view.started_at,
        ended_at=view.ended_at,
        version=view.version,
        seq=view.seq,
        participants=_participants(view, view.speakers),
        read_to=ReadToBody(view.visitor_read_to, view.agent_read_to),
        delivered_to=view.delivered_to,
        unread=view.visitor_unread,
        rating=None if view.score is None else RatingBody(view.score, view.comment, view.rated_at),
        call=_call(view),
    )


def _call(view: ConversationView) -> CallBody | msgspec.UnsetType:
    call = view.call
    if call is None:
        return msgspec.UNSET
    return CallBody(
        status=call.status,
        phone_number=call.phone_number,
        started_at=call.started_at,
        answered_at=call.answered_at,
        ended_at=call.ended_at,
        seconds=call.seconds,
        reason=call.reason,
    )


def _call_for_agents(body: ConversationBody, view: ConversationView) -> CallBody | msgspec.UnsetType:
    if body.call is msgspec.UNSET:
        return msgspec.UNSET
    return msgspec.structs.replace(body.call, recording_url=view.recording_url, transcript=view.call_transcript)


def _contact(view: ConversationView) -> ContactBody:
    verified = True if view.contact_verified else msgspec.UNSET
    return ContactBody(wire("contact", view.contact_id), view.contact_name, view.contact_email, verified)


def _participants(thread: Thread, agents: tuple[UUID, ...]) -> tuple[ParticipantBody, ...]:
    """The visitor, the assistant, these agents, and whoever has it now."""
    present: list[tuple[MessageRole, str | None]] = [
        ("visitor", wire("contact", thread.contact_id)),
        ("assistant", maybe_wire("assistant", thread.assistant_id)),
        *(("agent", wire("agent", id)) for id in agents),
    ]
    if thread.assignee_id not in agents:
        present.append(("agent", maybe_wire("agent", thread.assignee_id)))
    return tuple(ParticipantBody(kind, id) for kind, id in present if id is not None)
