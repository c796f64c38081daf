"""Family B: reading conversations."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Response, get
from litestar.params import FromPath, QueryParameter

from domain.ids import parse
from domain.refusals import NotFound, TokenMissing
from interfaces.http.audience import STAFF, Asker
from interfaces.http.body import JsonRequest
from interfaces.http.headers import answer
from interfaces.http.parts import Parts
from interfaces.http.position import reached
from interfaces.wire import ConversationBody, conversation_of_view
from projections.transcript import read_conversation, read_messages, visitor_conversations

Limit = Annotated[int, QueryParameter(name="limit", ge=1, le=200, description="Rows of a page.")]
PageCursor = Annotated[str | None, QueryParameter(name="cursor", description="`nextCursor` of the page before.")]


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
) -> Response[ConversationBody]:
    """With a page of its messages, oldest first. A visitor sees their own only, and no private note."""
    id = parse("conversation", conversation_id)
    seq = await reached(parts, request, caller.tenant_id, "transcript")
    is_agent = caller.member is not None
    async with parts.database.tenant(caller.tenant_id) as connection:
        view = await read_conversation(connection, caller.tenant_id, id)
        if view is None or not (is_agent or view.contact_id == caller.contact_id):
            raise NotFound
        page = await read_messages(
            connection, caller.tenant_id, id, include_private=is_agent, limit=limit, cursor=cursor
        )
    return answer(conversation_of_view(view, page), seq=seq, version=view.version)


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
    return answer(ConversationList(tuple(conversation_of_view(view) for view in views)), seq=seq)
