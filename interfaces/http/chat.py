"""Family A, `POST /chat`: post the visitor's words, wait for the answer."""

from __future__ import annotations

from uuid import UUID

import msgspec
from litestar import Response, post
from litestar.params import FromPath, JSONBody
from litestar.response import Stream

from application.bus import Receipt
from application.conversation import PostMessage, StartConversation
from domain.attributes import AttributeValue
from domain.conversation import AssistantReplied, MessagePosted
from domain.handling import HandledBy
from domain.ids import parse, parse_tenant, wire
from domain.refusals import MissingMessage, MissingSession, NotFound
from infrastructure.access.grants import WidgetGrant
from interfaces.http.audience import Asker, Caller
from interfaces.http.body import JsonRequest
from interfaces.http.chat_stream import streamed, wants_stream
from interfaces.http.first_contact import Opening, opening, order_of, visitor_token
from interfaces.http.headers import POSITION, answer_to_command, expected_version
from interfaces.http.parts import HttpParts, Parts
from interfaces.http.rates import pace
from interfaces.http.reply import Outcome, outcome_of
from interfaces.http.usage_limit import refuse_beyond
from interfaces.http.visitors import refuse_flood
from interfaces.http.widget_answers import as_text
from interfaces.message_body import CitationBody, citation_body


class ChatRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """`sessionId` and `message` are needed; `clientMessageId` makes a repeat safe.

    `preChat`: answers to the form that the config asks, with the first message. `campaignId`: what a new
    conversation answers to, as it was shown in `locale`.
    """

    session_id: str | None = None
    message: str | None = None
    assistant_id: str | None = None
    conversation_id: str | None = None
    client_message_id: str | None = None
    pre_chat: dict[str, AttributeValue] | None = None
    campaign_id: str | None = None
    locale: str | None = None


class ChatMetadata(msgspec.Struct, frozen=True, rename="camel"):
    """`model` is null where no language model spoke. `reply_id` is the id of the answer in `message`."""

    model: str | None = None
    tokens: int = 0
    reply_id: str | None = None
    citations: tuple[CitationBody, ...] = ()


class ChatAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`message`: the assistant's words, null while a human has the conversation. `messageId`: the visitor's."""

    success: bool = True
    conversation_id: str
    message: str | None
    metadata: ChatMetadata
    message_id: str
    handled_by: HandledBy
    seq: int
    visitor_token: str | msgspec.UnsetType = msgspec.UNSET


@post(
    "/api/widgets/{widget_id:str}/chat",
    status_code=200,
    opt={"audience": "widget"},
    guards=[pace],
    summary="Send chat message",
    operation_id="sendChatMessage",
    tags=["widgets"],
)
async def send_chat_message(
    request: JsonRequest, widget_id: FromPath[str], data: JSONBody[ChatRequest], caller: Asker, parts: Parts
) -> Response[ChatAnswer] | Stream:
    """Stores the visitor's message, then waits up to 25 s for the assistant. What is answered is durable.

    With `Accept: text/event-stream` the words come while they are made: events `delta` (`offset`, `text`: what was
    shown from there on is void), then one `done` with the same JSON.
    """
    own_widget(widget_id, caller)
    if not data.session_id or not data.session_id.strip():
        raise MissingSession
    if data.message is None or not data.message.strip():
        raise MissingMessage
    asked = Asked(request, parts, data, caller)
    if wants_stream(request):
        return await streamed(parts, caller.tenant_id, asked)
    posted = await asked.post()
    return await asked.answer(posted)


class Posted(msgspec.Struct, frozen=True):
    """The visitor's message is durable. `token`: the browser's, where it came for the first time."""

    receipt: Receipt
    message: MessagePosted
    token: str | msgspec.UnsetType


class Asked:
    """One request, in two steps: store the words, then say what became of them."""

    def __init__(self, request: JsonRequest, parts: HttpParts, data: ChatRequest, caller: Caller) -> None:
        self._request = request
        self._parts = parts
        self._data = data
        self._caller = caller

    async def post(self) -> Posted:
        """Raises a Refusal."""
        token: str | msgspec.UnsetType = msgspec.UNSET
        if self._data.conversation_id is None:
            opened = opening(self._request, self._caller, self._data.session_id, self._data.client_message_id)
            receipt = await _start(self._parts, opened, self._data, self._caller)
            token = await visitor_token(self._parts, opened)
        else:
            receipt = await _post(self._request, self._parts, self._data, self._caller)
        await refuse_beyond(self._parts, self._caller.tenant_id, receipt, token)
        return Posted(receipt, _message(receipt), token)

    async def answer(self, posted: Posted) -> Response[ChatAnswer]:
        """Within the time that a reply may take."""
        message = posted.message
        tenant_id, conversation_id = self._caller.tenant_id, message.originator_id
        outcome = await outcome_of(self._parts, tenant_id, conversation_id, message.originator_version)
        response = answer_to_command(_answer(message, outcome, posted.token), posted.receipt)
        response.headers[POSITION] = str(outcome.seq)
        return response


def own_widget(path: str, caller: Caller) -> WidgetGrant:
    """The token's widget, if the path names it or its tenant. Raises NotFound."""
    grant = caller.widget
    if grant is None:
        raise NotFound
    if path.startswith("tnt_"):
        is_own = parse_tenant(path) == grant.tenant_id
    else:
        is_own = parse("widget", path) == grant.widget_id
    if not is_own:
        raise NotFound
    return grant


async def _start(parts: HttpParts, opened: Opening, data: ChatRequest, caller: Caller) -> Receipt:
    command = StartConversation(
        contact_id=opened.contact_id,
        widget_id=caller.widget_id,
        assistant_id=maybe_parse("assistant", data.assistant_id),
        needs_assistant=True,
        session_id=data.session_id,
        text=data.message,
        pre_chat=as_text(data.pre_chat),
        campaign_id=maybe_parse("campaign", data.campaign_id),
        language=data.locale or "",
    )
    await refuse_flood(parts, opened, command)
    return await parts.bus.execute(opened.actor, command, opened.request)


async def _post(request: JsonRequest, parts: HttpParts, data: ChatRequest, caller: Caller) -> Receipt:
    if caller.visitor is None:
        raise NotFound  # a stranger owns no conversation, so this one is not there for them
    actor = caller.actor()
    command = PostMessage(
        conversation_id=parse("conversation", data.conversation_id or ""),
        text=data.message or "",
        expected_version=expected_version(request),
    )
    return await parts.bus.execute(actor, command, order_of(request, actor, command, data.client_message_id))


def maybe_parse(noun: str, text: str | None) -> UUID | None:
    return None if text is None else parse(noun, text)


def _message(receipt: Receipt) -> MessagePosted:
    return next(event for event in reversed(receipt.events) if isinstance(event, MessagePosted))


def _answer(message: MessagePosted, outcome: Outcome, token: str | msgspec.UnsetType) -> ChatAnswer:
    return ChatAnswer(
        conversation_id=wire("conversation", message.originator_id),
        message=outcome.text,
        metadata=_metadata(outcome.reply),
        message_id=wire("message", message.message_id),
        handled_by=outcome.handled_by,
        seq=outcome.seq,
        visitor_token=token,
    )


def _metadata(reply: AssistantReplied | None) -> ChatMetadata:
    if reply is None:
        return ChatMetadata()
    cited = tuple(citation_body(one) for one in reply.citations)
    return ChatMetadata(reply.model, reply.tokens, wire("message", reply.message_id), cited)
