"""Told: what a command's receipt or a stream says, in wire form. Answers of writes are made of events alone."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from application.bus import Receipt
from application.log import Recorded
from domain.conversation import Conversation, ConversationStarted
from domain.kernel import Aggregate, Event
from domain.personal import readable
from domain.receipts import Side
from domain.refusals import NotFound
from interfaces.conversation_body import ConversationBody, conversation_of_view
from interfaces.message_body import MessageBody, message_of_event
from projections.thread import begun, evolve
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


def conversation_in(events: Sequence[Placed], side: Side) -> ConversationBody:
    """The conversation these events make, from its start on, as `side` may see it. Raises NotFound."""
    return conversation_of_view(view_of(events), side)


def view_of(events: Sequence[Placed]) -> ConversationView:
    """The same fold as the read model's; the contact is called what they were called at the start.

    Raises NotFound where no conversation starts among these events.
    """
    started = next((one for one in events if isinstance(one.event, ConversationStarted)), None)
    if started is None or not isinstance(started.event, ConversationStarted):
        raise NotFound
    thread = begun(started.event, started.seq)
    for one in events:
        if one.event.originator_id == thread.conversation_id:
            evolve(thread, one.event, one.seq)
    name, email = readable(started.event.contact_name), readable(started.event.contact_email)
    return ConversationView(**msgspec.structs.asdict(thread), contact_name=name, contact_email=email)


def folded(events: Sequence[Event]) -> Conversation:
    """The aggregate. Raises NotFound where these are not a conversation's events."""
    aggregate: Aggregate | None = None
    for event in events:
        aggregate = event.mutate(aggregate)
    if not isinstance(aggregate, Conversation):
        raise NotFound
    return aggregate
