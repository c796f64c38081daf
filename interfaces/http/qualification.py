"""Family B: whether a conversation is a lead, as agents and integrations say it."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Response, post
from litestar.params import FromPath, JSONBody

from application.qualification import DisqualifyConversation, QualifyConversation
from domain.ids import parse
from interfaces.http.audience import Asker, may
from interfaces.http.body import JsonRequest
from interfaces.http.carried_out import ConversationAnswer, carry_out
from interfaces.http.parts import Parts


class QualifyRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`why` is what speaks for it, up to 1,000 characters."""

    score: Annotated[int, msgspec.Meta(ge=0, le=100)] | None = None
    why: str | None = None


class DisqualifyRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    why: str | None = None


@post(
    "/api/v1/chat/conversations/{conversation_id:str}/qualify",
    status_code=200,
    opt={"audience": "member", "roles": may(QualifyConversation)},
    summary="Qualify a conversation as a lead",
    operation_id="qualifyConversation",
    tags=["chat"],
)
async def qualify_conversation(
    request: JsonRequest,
    conversation_id: FromPath[str],
    caller: Asker,
    parts: Parts,
    data: JSONBody[QualifyRequest | None] = None,
) -> Response[ConversationAnswer]:
    """Once per change. What an agent has said no integration takes back, and what one has said no assistant."""
    asked = data or QualifyRequest()
    id = parse("conversation", conversation_id)
    command = QualifyConversation(conversation_id=id, score=asked.score, why=asked.why)
    return await carry_out(request, caller, parts, command)


@post(
    "/api/v1/chat/conversations/{conversation_id:str}/disqualify",
    status_code=200,
    opt={"audience": "member", "roles": may(DisqualifyConversation)},
    summary="Say that a conversation is no lead",
    operation_id="disqualifyConversation",
    tags=["chat"],
)
async def disqualify_conversation(
    request: JsonRequest,
    conversation_id: FromPath[str],
    caller: Asker,
    parts: Parts,
    data: JSONBody[DisqualifyRequest | None] = None,
) -> Response[ConversationAnswer]:
    """Also before anybody has qualified it: then no assistant will."""
    asked = data or DisqualifyRequest()
    command = DisqualifyConversation(conversation_id=parse("conversation", conversation_id), why=asked.why)
    return await carry_out(request, caller, parts, command)


ROUTES = (qualify_conversation, disqualify_conversation)
