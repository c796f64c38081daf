"""Undoing one event: the compensating event is appended, and names the one it takes back."""

from __future__ import annotations

from uuid import UUID

import msgspec
from litestar import Response, post
from litestar.params import FromPath

from application.command import Command
from application.undo import UndoContactEvent, UndoConversationEvent
from domain.ids import event_wire, parse_event
from domain.kernel import Event
from domain.refusals import NotFound
from domain.undo import NotUndoable, can_be_undone
from interfaces.http.audience import Asker, may
from interfaces.http.body import JsonRequest
from interfaces.http.first_contact import order_of
from interfaces.http.headers import answer_to_command
from interfaces.http.parts import HttpParts, Parts


class UndoingEvent(msgspec.Struct, frozen=True, rename="camel"):
    event_id: str
    type: str


class UndoAnswer(msgspec.Struct, frozen=True):
    """`events`: what was appended; empty where it was undone already, or nothing was left of it."""

    undoes: str
    events: tuple[UndoingEvent, ...]


@post(
    "/api/v1/events/{event_id:str}/undo",
    status_code=200,
    opt={"audience": "member", "roles": may(UndoConversationEvent) | may(UndoContactEvent)},
    summary="Undo an event",
    operation_id="undoEvent",
    tags=["history"],
)
async def undo_event(
    request: JsonRequest, event_id: FromPath[str], caller: Asker, parts: Parts
) -> Response[UndoAnswer]:
    """Labels, priority, resolve and reopen, snooze and wake, who has it, a merge of contacts. Later events may
    forbid it: 409 `undo_refused` names them."""
    stream_id, version = parse_event(event_id)
    actor = caller.actor()
    command = _command(await _event(parts, caller.tenant_id, stream_id, version))
    receipt = await parts.bus.execute(actor, command, order_of(request, actor, command))
    events = tuple(
        UndoingEvent(event_wire(one.originator_id, one.originator_version), one.TYPE) for one in receipt.events
    )
    return answer_to_command(UndoAnswer(event_id, events), receipt)


ROUTES = (undo_event,)


async def _event(parts: HttpParts, tenant_id: int, stream_id: UUID, version: int) -> Event:
    """Its id says where it stands. Raises NotFound where this tenant has none there."""
    if not 1 <= version < 2**31:
        raise NotFound
    found = await parts.reader.stream(tenant_id, stream_id, version - 1)
    if not found:
        raise NotFound
    return found[0].event


def _command(event: Event) -> Command:
    if not can_be_undone(event):
        raise NotUndoable
    id, version = event.originator_id, event.originator_version
    if event.TYPE.startswith("contact."):
        return UndoContactEvent(contact_id=id, version=version)
    return UndoConversationEvent(conversation_id=id, version=version)
