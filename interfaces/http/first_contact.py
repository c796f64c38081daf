"""First contact: a visitor that nobody knows yet, and what lets them repeat a request whose answer was lost."""

from __future__ import annotations

from uuid import UUID, uuid4, uuid5

import msgspec

from application.actor import Actor
from application.bus import Request as CommandRequest
from application.command import Command
from application.conversation import StartConversation
from domain.ids import wire
from interfaces.http.audience import Caller
from interfaces.http.headers import Connection, command_request, idempotency_key, request_id
from interfaces.http.parts import HttpParts

_CONTACTS = UUID("5b0f8a1e-6b0e-5d0b-9a53-64c4d3f0a7e2")


class Opening(msgspec.Struct, frozen=True):
    """Who a new conversation is with, who opens it, and the key that makes a repeat the same.

    `widget_id`: by which they came.
    """

    actor: Actor
    contact_id: UUID
    request: CommandRequest
    is_first_contact: bool
    widget_id: UUID | None = None


def opening(request: Connection, caller: Caller, session_id: str | None, in_body: str | None) -> Opening:
    """For a known visitor: themselves. For others a new contact, the same for the same key. Raises Invalid.

    Without a visitor token the namespace of a key is the widget and the visit. Who knows all of widget token,
    session label, key and text made the first request: only they are given its thread again.
    """
    known = caller.contact_id
    if known is not None:
        actor = caller.actor()
        return Opening(actor, known, command_request(request, actor, StartConversation, in_body), False)
    key = idempotency_key(request, in_body)
    scope = _scope(caller, session_id)
    contact_id = uuid4() if key is None else uuid5(_CONTACTS, f"{caller.tenant_id}/{scope}/{key}")
    whole_key = None if key is None else f"{scope}:{StartConversation.__name__}:{key}"
    made = CommandRequest(key=whole_key, id=request_id(request.scope))
    return Opening(caller.actor(contact_id), contact_id, made, caller.member is None, caller.widget_id)


async def visitor_token(parts: HttpParts, opened: Opening) -> str | msgspec.UnsetType:
    """A token for the browser that came for the first time, else nothing."""
    if not opened.is_first_contact:
        return msgspec.UNSET
    return await parts.access.new_visitor(opened.actor.tenant_id, opened.contact_id, opened.widget_id)


def order_of(request: Connection, actor: Actor, command: Command, in_body: str | None = None) -> CommandRequest:
    """The request of a command about something that exists."""
    return command_request(request, actor, type(command), in_body)


def _scope(caller: Caller, session_id: str | None) -> str:
    if caller.member is not None:
        return f"agent:{caller.member.agent_id}"
    widget = "" if caller.widget is None else wire("widget", caller.widget.widget_id)
    return f"{widget}:{session_id or ''}"
