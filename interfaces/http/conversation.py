"""Family B: starting conversations and speaking in them. Visitors and agents share the routes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, post
from litestar.params import FromPath, JSONBody

from application.canned_use import CannedChoice
from application.conversation import PostMessage, StartConversation
from application.mention import Named
from domain.attributes import AttributeValue
from domain.ids import PREFIXES, parse
from domain.mention import MOST_MENTIONED
from domain.refusals import Invalid, MissingMessage
from interfaces.conversation_body import ConversationBody
from interfaces.http.attachments import with_links
from interfaces.http.audience import Asker, Caller, may
from interfaces.http.availability import OpenBody, hours_now
from interfaces.http.body import JsonRequest
from interfaces.http.chat import maybe_parse
from interfaces.http.first_contact import opening, order_of, visitor_token
from interfaces.http.guarded import post_guarded
from interfaces.http.headers import answer_to_command, expected_version
from interfaces.http.parts import Parts
from interfaces.http.rates import pace
from interfaces.http.told import conversation_in, message_in, placed
from interfaces.http.usage_limit import refuse_beyond
from interfaces.http.visitors import refuse_flood
from interfaces.http.widget_answers import as_text
from interfaces.message_body import MessageBody


class StartRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """`preChat`: a visitor's answers to the form that the widget's config asks."""

    text: str | None = None
    name: str | None = None
    email: str | None = None
    session_id: str | None = None
    widget_id: str | None = None
    assistant_id: str | None = None
    client_message_id: str | None = None
    pre_chat: dict[str, AttributeValue] | None = None


class MessageRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """A text, or attachments, or both. `cannedVersion`: of the canned response that the text was made from.

    `mentions`: ids of agents and teams whom a private note reaches; its text says their names as it likes.
    """

    text: str | None = None
    private: bool = False
    attachments: Annotated[tuple[str, ...], msgspec.Meta(max_length=10)] = ()
    mentions: Annotated[tuple[str, ...], msgspec.Meta(max_length=MOST_MENTIONED)] = ()
    canned_response_id: str | None = None
    canned_version: Annotated[int, msgspec.Meta(ge=1)] | None = None
    client_message_id: str | None = None


class StartAnswer(msgspec.Struct, frozen=True, rename="camel"):
    conversation: ConversationBody
    message: MessageBody | None
    hours: OpenBody
    """Whether anybody is there to answer now."""
    visitor_token: str | msgspec.UnsetType = msgspec.UNSET


class MessageAnswer(msgspec.Struct, frozen=True):
    message: MessageBody


@post(
    "/api/v1/chat/conversations",
    status_code=201,
    opt={"audience": "first_contact_or_agent", "roles": may(StartConversation)},
    guards=[pace],
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
        pre_chat=as_text(data.pre_chat),
    )
    await refuse_flood(parts, opened, command)
    receipt = await parts.bus.execute(opened.actor, command, opened.request)
    token = await visitor_token(parts, opened)
    await refuse_beyond(parts, caller.tenant_id, receipt, token)
    events = placed(receipt)
    hours = await hours_now(parts, caller.tenant_id)
    body = StartAnswer(conversation_in(events, caller.side), message_in(events), hours, token)
    return answer_to_command(body, receipt, 201, receipt.version)


@post(
    "/api/v1/chat/conversations/{conversation_id:str}/messages",
    status_code=201,
    opt={"audience": "visitor_or_agent", "roles": may(PostMessage)},
    guards=[pace],
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
    if data.text is None and not data.attachments:
        raise MissingMessage
    actor = caller.actor()
    if data.private and caller.member is None:
        raise Invalid("Only agents write private notes.")
    if data.mentions and not data.private:
        raise Invalid("Only a private note mentions somebody.")
    command = PostMessage(
        conversation_id=parse("conversation", conversation_id),
        text=data.text or "",
        private=data.private,
        expected_version=expected_version(request),
        attachments=tuple(parse("file", one) for one in data.attachments),
        canned=_canned(data),
        mentions=_named(data.mentions),
    )
    receipt = await post_guarded(parts, caller, command, order_of(request, actor, command, data.client_message_id))
    await refuse_beyond(parts, caller.tenant_id, receipt)
    message = message_in(placed(receipt))
    assert message is not None
    (linked,) = await with_links(parts, caller.tenant_id, actor.by, [message])
    return answer_to_command(MessageAnswer(linked), receipt, 201, message.version)


ROUTES = (start_conversation, post_message)


def _canned(data: MessageRequest) -> CannedChoice | None:
    if data.canned_response_id is None:
        return None
    if data.canned_version is None:
        raise Invalid("cannedVersion is needed beside cannedResponseId.")
    return CannedChoice(parse("canned_response", data.canned_response_id), data.canned_version)


def _named(ids: Sequence[str]) -> Named | None:
    """None where nobody is. Raises NotFound for what names neither an agent nor a team."""
    teams = [id for id in ids if id.startswith(PREFIXES["team"] + "_")]
    agents = [id for id in ids if id not in teams]
    if not ids:
        return None
    return Named(tuple(parse("agent", id) for id in agents), tuple(parse("team", id) for id in teams))


def _widget(data: StartRequest, caller: Caller) -> UUID | None:
    """A site's conversations are its widget's, whatever the body names."""
    named = maybe_parse("widget", data.widget_id)
    if caller.widget is None:
        return named
    if named is not None and named != caller.widget.widget_id:
        raise Invalid("widgetId is the widget of your token.")
    return caller.widget.widget_id
