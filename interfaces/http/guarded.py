"""Guarded replies: who asked with `If-Match` and came too late is told what has happened since they looked."""

from __future__ import annotations

from datetime import datetime

import msgspec

from application.bus import Receipt
from application.bus import Request as CommandRequest
from application.conversation import PostMessage
from application.log import Recorded
from domain.ids import event_wire, wire
from domain.refusals import ConversationChanged
from interfaces.event_body import ByBody
from interfaces.http.audience import Caller
from interfaces.http.parts import HttpParts
from interfaces.wire import author_wire
from interfaces.ws.announcement import for_members, for_visitor

MOST_NAMED = 20


class SinceBody(msgspec.Struct, frozen=True, rename="camel"):
    """An event that the asker had not seen."""

    event_id: str
    type: str
    by: ByBody
    at: datetime
    message_id: str | msgspec.UnsetType = msgspec.UNSET


async def post_guarded(parts: HttpParts, caller: Caller, command: PostMessage, request: CommandRequest) -> Receipt:
    """Carries it out. Raises ConversationChanged with `since`: the last 20 events that the caller may know of."""
    try:
        return await parts.bus.execute(caller.actor(), command, request)
    except ConversationChanged as changed:
        since = await _since(parts, caller, command)
        version = changed.details["version"]
        raise ConversationChanged(expected=command.expected_version, version=version, since=since) from None


async def _since(parts: HttpParts, caller: Caller, command: PostMessage) -> list[SinceBody]:
    after = command.expected_version or 0
    recorded = await parts.reader.stream(caller.tenant_id, command.conversation_id, after)
    known = [one for one in recorded if caller.member is not None or for_visitor(for_members(one)) is not None]
    return [_body(one) for one in known[-MOST_NAMED:]]


def _body(one: Recorded) -> SinceBody:
    event = one.event
    message_id = getattr(event, "message_id", None)
    return SinceBody(
        event_id=event_wire(one.stream_id, one.version),
        type=one.type,
        by=ByBody(event.by.kind, author_wire(event.by.kind, event.by.id)),
        at=one.at,
        message_id=msgspec.UNSET if message_id is None else wire("message", message_id),
    )
