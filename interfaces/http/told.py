"""Told: what a command's receipt or a stream says, in wire form. Answers of writes are made of events alone."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from application.bus import Receipt
from application.log import Recorded
from domain.conversation import Conversation, ConversationStarted
from domain.kernel import Aggregate, Event
from domain.personal import readable
from domain.refusals import NotFound
from interfaces.wire import ConversationBody, MessageBody, conversation_of_view, message_of_event
from projections.transcript import ConversationView


class Placed(msgspec.Struct, frozen=True):
    """An event and the tenant's seq of it."""

    seq: int
    event: Event


def placed(receipt: Receipt) -> tuple[Placed, ...]:
    """A receipt's events stand next to each other, so the last seq tells all."""
    first = receipt.seq - len(receipt.events) + 1
    return tuple(Placed(first + offset, event) for offset, event in enumerate(receipt.events))


def placed_stream(recorded: Sequence[Recorded]) -> tuple[Placed, ...]:
    return tuple(Placed(one.seq, one.event) for one in recorded)


def message_in(events: Sequence[Placed]) -> MessageBody | None:
    """The last message among them."""
    found = (message_of_event(one.event, one.seq) for one in reversed(events))
    return next((message for message in found if message is not None), None)


def conversation_in(events: Sequence[Placed]) -> ConversationBody:
    """The conversation these events make, from its start on. Raises NotFound where there is none."""
    started = next((one.event for one in events if isinstance(one.event, ConversationStarted)), None)
    if started is None:
        raise NotFound
    own = [one for one in events if one.event.originator_id == started.originator_id]
    conversation = folded([one.event for one in own])
    return conversation_of_view(_view(started, conversation, own[-1].seq))


def folded(events: Sequence[Event]) -> Conversation:
    """Raises NotFound where these are not a conversation's events."""
    aggregate: Aggregate | None = None
    for event in events:
        aggregate = event.mutate(aggregate)
    if not isinstance(aggregate, Conversation):
        raise NotFound
    return aggregate


def _view(started: ConversationStarted, conversation: Conversation, seq: int) -> ConversationView:
    return ConversationView(
        conversation_id=conversation.id,
        contact_id=started.contact_id,
        contact_name=readable(started.contact_name),
        contact_email=readable(started.contact_email),
        widget_id=started.widget_id,
        assistant_id=started.assistant_id,
        assignee_id=conversation.handling.assignee_id,
        channel=started.channel,
        status=conversation.handling.status,
        handled_by=conversation.handling.handled_by,
        started_at=started.at,
        ended_at=conversation.ended_at if conversation.is_ended else None,
        version=conversation.version,
        seq=seq,
    )
