"""Family B: writing to conversations. Visitors and agents share the routes; the credential tells them apart."""

from __future__ import annotations

from uuid import UUID

import msgspec
from litestar import Response, post
from litestar.params import FromPath, JSONBody

from application.bus import Receipt
from application.conversation import (
    AcceptConversation,
    EndConversation,
    HandOverConversation,
    PostMessage,
    StartConversation,
)
from domain.ids import parse
from domain.refusals import Invalid, MissingMessage
from interfaces.http.audience import Asker, Caller, may
from interfaces.http.body import JsonRequest
from interfaces.http.chat import maybe_parse
from interfaces.http.first_contact import opening, order_of, visitor_token
from interfaces.http.headers import answer_to_command, expected_version
from interfaces.http.parts import HttpParts, Parts
from interfaces.http.told import conversation_in, message_in, placed, placed_stream
from interfaces.wire import ConversationBody, MessageBody

VISITOR_ASKED = "visitor_asked"


class StartRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    text: str | None = None
    name: str | None = None
    email: str | None = None
    session_id: str | None = None
    widget_id: str | None = None
    assistant_id: str | None = None
    client_message_id: str | None = None


class MessageRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    text: str | None = None
    private: bool = False
    client_message_id: str | None = None


class EndRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    reason: str | None = None


class NoFields(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A body that says nothing; it may be left out."""


class StartAnswer(msgspec.Struct, frozen=True, rename="camel"):
    conversation: ConversationBody
    message: MessageBody | None
    visitor_token: str | msgspec.UnsetType = msgspec.UNSET


class MessageAnswer(msgspec.Struct, frozen=True):
    message: MessageBody


class ConversationAnswer(msgspec.Struct, frozen=True):
    conversation: ConversationBody


@post(
    "/api/v1/chat/conversations",
    status_code=201,
    opt={"audience": "first_contact_or_agent", "roles": may(StartConversation)},
    summary="Start a conversation",
    operation_id="startConversation",
    tags=["chat"],
)
async def start_conversation(
    request: JsonRequest, data: JSONBody[StartRequest], caller: Asker, parts: Parts
) -> Response[StartAnswer]:
    """With a first message where `text` is given. A visitor who is new here is given their token."""
    opened = opening(request, caller, data.session_id, data.client_message_id)
    command = StartConversation(
        contact_id=opened.contact_id,
        widget_id=_widget(data, caller),
        assistant_id=maybe_parse("assistant", data.assistant_id),
        session_id=data.session_id,
        name=data.name,
        email=data.email,
        text=data.text,
    )
    receipt = await parts.bus.execute(opened.actor, command, opened.request)
    token = await visitor_token(parts, opened)
    events = placed(receipt)
    body = StartAnswer(conversation_in(events), message_in(events), token)
    return answer_to_command(body, receipt, 201, receipt.version)


@post(
    "/api/v1/chat/conversations/{conversation_id:str}/messages",
    status_code=201,
    opt={"audience": "visitor_or_agent", "roles": may(PostMessage)},
    summary="Post a message",
    operation_id="postMessage",
    tags=["chat"],
)
async def post_message(
    request: JsonRequest,
    conversation_id: FromPath[str],
    data: JSONBody[MessageRequest],
    caller: Asker,
    parts: Parts,
) -> Response[MessageAnswer]:
    """An agent's message takes a conversation that nobody has; `private` makes it a note, for agents only."""
    if data.text is None:
        raise MissingMessage
    actor = caller.actor()
    if data.private and caller.member is None:
        raise Invalid("Only agents write private notes.")
    command = PostMessage(
        conversation_id=parse("conversation", conversation_id),
        text=data.text,
        private=data.private,
        expected_version=expected_version(request),
    )
    receipt = await parts.bus.execute(actor, command, order_of(request, actor, command, data.client_message_id))
    message = message_in(placed(receipt))
    assert message is not None
    return answer_to_command(MessageAnswer(message), receipt, 201, receipt.version)


@post(
    "/api/v1/chat/conversations/{conversation_id:str}/end",
    status_code=200,
    opt={"audience": "visitor_or_agent", "roles": may(EndConversation)},
    summary="End a conversation",
    operation_id="endConversation",
    tags=["chat"],
)
async def end_conversation(
    request: JsonRequest,
    conversation_id: FromPath[str],
    caller: Asker,
    parts: Parts,
    data: JSONBody[EndRequest | None] = None,
) -> Response[ConversationAnswer]:
    """By either side; ending twice changes nothing. A visitor's message within 72 h opens it again."""
    command = EndConversation(
        conversation_id=parse("conversation", conversation_id), reason=data.reason if data else None
    )
    return await _carry_out(request, caller, parts, command)


@post(
    "/api/v1/chat/conversations/{conversation_id:str}/request-human",
    status_code=200,
    opt={"audience": "visitor_or_agent", "roles": may(HandOverConversation)},
    summary="Ask for a human",
    operation_id="requestHuman",
    tags=["chat"],
)
async def request_human(
    request: JsonRequest,
    conversation_id: FromPath[str],
    caller: Asker,
    parts: Parts,
    data: JSONBody[NoFields | None] = None,
) -> Response[ConversationAnswer]:
    """From the assistant to the queue; nothing to do where humans have it already."""
    command = HandOverConversation(conversation_id=parse("conversation", conversation_id), reason=VISITOR_ASKED)
    return await _carry_out(request, caller, parts, command)


@post(
    "/api/v1/chat/agent/conversations/{conversation_id:str}/accept",
    status_code=200,
    opt={"audience": "member", "roles": may(AcceptConversation)},
    summary="Accept a conversation",
    operation_id="acceptConversation",
    tags=["chat"],
)
async def accept_conversation(
    request: JsonRequest,
    conversation_id: FromPath[str],
    caller: Asker,
    parts: Parts,
    data: JSONBody[NoFields | None] = None,
) -> Response[ConversationAnswer]:
    """One winner: everybody else is told `already_accepted`, by whom and when."""
    command = AcceptConversation(conversation_id=parse("conversation", conversation_id))
    return await _carry_out(request, caller, parts, command)


ROUTES = (start_conversation, post_message, end_conversation, request_human, accept_conversation)


async def _carry_out(
    request: JsonRequest,
    caller: Caller,
    parts: HttpParts,
    command: EndConversation | HandOverConversation | AcceptConversation,
) -> Response[ConversationAnswer]:
    actor = caller.actor()
    receipt = await parts.bus.execute(actor, command, order_of(request, actor, command))
    return await _as_it_stands(parts, caller.tenant_id, command.conversation_id, receipt)


async def _as_it_stands(
    parts: HttpParts, tenant_id: int, conversation_id: UUID, receipt: Receipt
) -> Response[ConversationAnswer]:
    """Out of the log itself, so the answer holds what was just done."""
    stream = await parts.reader.stream(tenant_id, conversation_id)
    conversation = conversation_in(placed_stream(stream))
    return answer_to_command(ConversationAnswer(conversation), receipt, version=conversation.version)


def _widget(data: StartRequest, caller: Caller) -> UUID | None:
    """A site's conversations are its widget's, whatever the body names."""
    named = maybe_parse("widget", data.widget_id)
    if caller.widget is None:
        return named
    if named is not None and named != caller.widget.widget_id:
        raise Invalid("widgetId is the widget of your token.")
    return caller.widget.widget_id
