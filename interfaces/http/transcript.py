"""Family B: reading conversations."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.params import FromPath, QueryParameter

from domain.ids import parse
from domain.refusals import NotFound, TokenMissing
from interfaces.conversation_body import ConversationBody, conversation_of_view
from interfaces.http.as_of import AsOf, answer_as_of, instant, past_conversation
from interfaces.http.attachments import with_links
from interfaces.http.audience import STAFF, Asker, Caller
from interfaces.http.body import JsonRequest
from interfaces.http.headers import answer
from interfaces.http.notices import notice_about, past_notice
from interfaces.http.parts import HttpParts, Parts
from interfaces.http.position import reached
from interfaces.http.promises import past_promise, promise_to
from interfaces.message_body import MessagePageBody, message_page
from projections.thread import Thread
from projections.transcript import (
    ConversationView,
    MessagePage,
    read_conversation,
    read_messages,
    visitor_conversations,
)

Limit = Annotated[int, QueryParameter(name="limit", ge=1, le=200, description="Rows of a page.")]
PageCursor = Annotated[str | None, QueryParameter(name="cursor", description="`nextCursor` of the page before.")]
After = Annotated[int, QueryParameter(name="after", ge=0, le=2_147_483_647, description="A message's `version`.")]


class ConversationList(msgspec.Struct, frozen=True, rename="camel"):
    data: tuple[ConversationBody, ...]
    next_cursor: str | None = None


@get(
    "/api/v1/chat/conversations/{conversation_id:str}",
    opt={"audience": "visitor_or_agent", "roles": STAFF},
    summary="Get a conversation",
    operation_id="getConversation",
    tags=["chat"],
)
async def get_conversation(
    request: JsonRequest,
    conversation_id: FromPath[str],
    caller: Asker,
    parts: Parts,
    limit: Limit = 50,
    cursor: PageCursor = None,
    as_of: AsOf = None,
) -> Response[ConversationBody]:
    """With a page of its messages, oldest first. A visitor sees their own only, and nothing that is the team's.

    With `asOf`, as it was then: `X-As-Of-Position` says at which position.
    """
    id = parse("conversation", conversation_id)
    if as_of is not None:
        at = await instant(parts, caller.tenant_id, as_of)
        view, page = await past_conversation(parts, caller, id, at, limit, cursor)
        past = await _body(parts, caller, view, page)
        promise, notice = await past_promise(parts, caller, id, at), await past_notice(parts, caller, id, at)
        return answer_as_of(msgspec.structs.replace(past, sla=promise, notice=notice), at, view.version)
    seq = await reached(parts, request, caller.tenant_id, "transcript")
    view, page = await read(parts, caller, id, limit=limit, cursor=cursor)
    promise = await promise_to(request, parts, caller, id)
    notice = await notice_about(request, parts, caller, id)
    body = msgspec.structs.replace(await _body(parts, caller, view, page), sla=promise, notice=notice)
    return answer(body, seq=seq, version=view.version)


@get(
    "/api/v1/chat/conversations/{conversation_id:str}/messages",
    opt={"audience": "visitor_or_agent", "roles": STAFF},
    summary="List a conversation's messages",
    operation_id="listMessages",
    tags=["chat"],
)
async def list_messages(
    request: JsonRequest,
    conversation_id: FromPath[str],
    caller: Asker,
    parts: Parts,
    after: After = 0,
    limit: Limit = 50,
    cursor: PageCursor = None,
) -> Response[MessagePageBody]:
    """Oldest first, after the message of version `after`, or after `cursor`."""
    id = parse("conversation", conversation_id)
    seq = await reached(parts, request, caller.tenant_id, "transcript")
    view, page = await read(parts, caller, id, limit=limit, cursor=cursor, after=after)
    return answer(await page_body(parts, caller, view, page), seq=seq, version=view.version)


@get(
    "/api/v1/chat/visitor/conversations",
    opt={"audience": "visitor"},
    summary="List the visitor's own conversations",
    operation_id="listVisitorConversations",
    tags=["chat"],
)
async def list_visitor_conversations(
    request: JsonRequest, caller: Asker, parts: Parts, limit: Limit = 20
) -> Response[ConversationList]:
    """Newest first, so a widget finds its thread again after a reload."""
    if caller.contact_id is None:
        raise TokenMissing
    seq = await reached(parts, request, caller.tenant_id, "transcript")
    async with parts.database.tenant(caller.tenant_id) as connection:
        views = await visitor_conversations(connection, caller.tenant_id, caller.contact_id, limit)
    return answer(ConversationList(tuple(conversation_of_view(view, "visitor") for view in views)), seq=seq)


ROUTES = (get_conversation, list_messages, list_visitor_conversations)


async def read(
    parts: HttpParts,
    caller: Caller,
    conversation_id: UUID,
    *,
    limit: int,
    cursor: str | None = None,
    after: int = 0,
) -> tuple[ConversationView, MessagePage]:
    """What this caller may see of it. Raises NotFound, Invalid."""
    async with parts.database.tenant(caller.tenant_id) as connection:
        view = await read_conversation(connection, caller.tenant_id, conversation_id)
        if view is None or not is_visible(view, caller):
            raise NotFound
        page = await read_messages(
            connection,
            caller.tenant_id,
            conversation_id,
            include_private=caller.side == "agent",
            limit=limit,
            cursor=cursor,
            after=after,
        )
    return view, page


def is_visible(view: ConversationView, caller: Caller) -> bool:
    """Agents see their tenant's conversations, a visitor their own."""
    return caller.side == "agent" or view.is_of(caller.contact_id)


async def page_body(parts: HttpParts, caller: Caller, thread: Thread, page: MessagePage) -> MessagePageBody:
    body = message_page(page, thread)
    messages = await with_links(parts, caller.tenant_id, caller.actor().by, body.data)
    return msgspec.structs.replace(body, data=messages)


async def _body(parts: HttpParts, caller: Caller, view: ConversationView, page: MessagePage) -> ConversationBody:
    body = conversation_of_view(view, caller.side)
    return msgspec.structs.replace(body, messages=await page_body(parts, caller, view, page))
