"""The JSON that a webhook is sent: the tenant socket's frame, or the feed's event, and who did it.

One event is one delivery: as a frame (`message:new`) where the webhook asks for the frame's name, else as the
event itself (`conversation.ended.1`) where it asks for its type. Made from the event, never from today's rows.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from application.log import Recorded
from domain.contact import ContactNoted
from domain.conversation import NoteAdded
from domain.ids import event_wire, wire
from domain.kernel import NOWHERE, By
from domain.personal import ERASED, personal_fields
from domain.webhook import Subscription
from infrastructure.webhooks.delivery import TEST, Payload
from interfaces.event_body import ByBody, EventBodies
from interfaces.wire import author_wire
from interfaces.ws.announcement import for_members

PRIVATE = (NoteAdded, ContactNoted)
"""What the team writes for itself."""

_WHOLE, _IMPERSONAL = EventBodies(personal=True), EventBodies(personal=False)
_ENCODER = msgspec.json.Encoder()


class FrameBody(msgspec.Struct, frozen=True, rename="camel"):
    """As on the tenant socket. `by` tells one's own messages: an API key's are by `integration`, with its id."""

    type: str
    seq: int
    event_id: str
    at: datetime
    by: ByBody
    data: Any


class TrialBody(msgspec.Struct, frozen=True, rename="camel"):
    webhook_id: str


def payload_of(recorded: Recorded, wanted: Subscription) -> Payload | None:
    """None where the webhook is not told of this event."""
    if isinstance(recorded.event, PRIVATE) and not wanted.private_notes:
        return None
    shown = recorded if wanted.personal_data else _impersonal(recorded)
    frame = for_members(shown)
    name = "" if frame is None else str(type(frame).__struct_config__.tag)
    if frame is not None and wanted.wants(name):
        return _payload(recorded, FrameBody(name, *_place(recorded), _by(recorded.event.by), frame.data))  # pyright: ignore[reportAttributeAccessIssue]
    if not wanted.wants(recorded.type):
        return None
    body = (_WHOLE if wanted.personal_data else _IMPERSONAL).body(recorded)
    return _payload(recorded, msgspec.structs.replace(body, by=_by(recorded.event.by)))


def trial_payload(recorded: Recorded) -> Payload:
    """What somebody asked to be sent for a trial."""
    data = TrialBody(wire("webhook", recorded.stream_id))
    return _payload(recorded, FrameBody(TEST, *_place(recorded), _by(recorded.event.by), data))


def _place(recorded: Recorded) -> tuple[int, str, datetime]:
    return recorded.seq, event_wire(recorded.stream_id, recorded.version), recorded.at


def _payload(recorded: Recorded, body: Any) -> Payload:
    return Payload(body.type, event_wire(recorded.stream_id, recorded.version), _ENCODER.encode(body))


def _by(by: By) -> ByBody:
    return ByBody(by.kind, _key(by.id) if by.kind == "integration" else author_wire(by.kind, by.id))


def _key(id: UUID) -> str | None:
    return None if id == NOWHERE else wire("api_key", id)


def _impersonal(recorded: Recorded) -> Recorded:
    event = recorded.event
    given = {name: ERASED for name in personal_fields(type(event)) if getattr(event, name) is not None}
    if not given:
        return recorded
    return msgspec.structs.replace(recorded, event=msgspec.structs.replace(event, **given))
