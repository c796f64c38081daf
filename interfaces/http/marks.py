"""Family B: what is written on and known of a conversation: labels, priority, attributes, receipts, the rating."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, post, put
from litestar.params import FromPath, JSONBody

from application.marks import ChangeLabels, SetAttributes, SetPriority
from application.receipts import MarkDelivered, MarkRead, RateConversation
from domain.attributes import AttributeValue
from domain.ids import parse
from domain.marks import Priority
from domain.refusals import Invalid, NotFound
from interfaces.http.audience import Asker, Caller, may
from interfaces.http.body import JsonRequest
from interfaces.http.carried_out import ConversationAnswer, carry_out
from interfaces.http.parts import HttpParts, Parts

Version = Annotated[int, msgspec.Meta(ge=1, le=2_147_483_647)]


class LabelsRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


class PriorityRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """null takes it away."""

    priority: Priority | None


class AttributesRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Only what is named changes; null removes."""

    attributes: dict[str, AttributeValue]


class ReceiptRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Up to a message, or up to a version of the conversation."""

    up_to_message_id: str | None = None
    up_to: Version | None = None


class RatingRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    score: int
    comment: str | None = None


@post(
    "/api/v1/chat/conversations/{conversation_id:str}/labels",
    status_code=200,
    opt={"audience": "member", "roles": may(ChangeLabels)},
    summary="Add and remove labels",
    operation_id="changeLabels",
    tags=["chat"],
)
async def change_labels(
    request: JsonRequest,
    conversation_id: FromPath[str],
    data: JSONBody[LabelsRequest],
    caller: Asker,
    parts: Parts,
) -> Response[ConversationAnswer]:
    """Labels are lower case; one that is there already, or not there, changes nothing."""
    id = parse("conversation", conversation_id)
    command = ChangeLabels(conversation_id=id, add=data.add, remove=data.remove)
    return await carry_out(request, caller, parts, command)


@put(
    "/api/v1/chat/conversations/{conversation_id:str}/priority",
    status_code=200,
    opt={"audience": "member", "roles": may(SetPriority)},
    summary="Set the priority",
    operation_id="setPriority",
    tags=["chat"],
)
async def set_priority(
    request: JsonRequest,
    conversation_id: FromPath[str],
    data: JSONBody[PriorityRequest],
    caller: Asker,
    parts: Parts,
) -> Response[ConversationAnswer]:
    """low, normal, high, urgent, or null."""
    id = parse("conversation", conversation_id)
    command = SetPriority(conversation_id=id, priority=data.priority)
    return await carry_out(request, caller, parts, command)


@put(
    "/api/v1/chat/conversations/{conversation_id:str}/attributes",
    status_code=200,
    opt={"audience": "member", "roles": may(SetAttributes)},
    summary="Set custom attributes",
    operation_id="setAttributes",
    tags=["chat"],
)
async def set_attributes(
    request: JsonRequest,
    conversation_id: FromPath[str],
    data: JSONBody[AttributesRequest],
    caller: Asker,
    parts: Parts,
) -> Response[ConversationAnswer]:
    """Sealed under the contact's key like everything that is said."""
    id = parse("conversation", conversation_id)
    command = SetAttributes(conversation_id=id, values=msgspec.json.encode(data.attributes).decode())
    return await carry_out(request, caller, parts, command)


@post(
    "/api/v1/chat/conversations/{conversation_id:str}/delivered",
    status_code=200,
    opt={"audience": "visitor", "roles": may(MarkDelivered)},
    summary="Tell what was delivered",
    operation_id="markDelivered",
    tags=["chat"],
)
async def mark_delivered(
    request: JsonRequest,
    conversation_id: FromPath[str],
    data: JSONBody[ReceiptRequest],
    caller: Asker,
    parts: Parts,
) -> Response[ConversationAnswer]:
    """By the visitor's browser; only forwards."""
    id = parse("conversation", conversation_id)
    command = MarkDelivered(conversation_id=id, up_to=await _version(parts, caller, id, data))
    return await carry_out(request, caller, parts, command)


@post(
    "/api/v1/chat/conversations/{conversation_id:str}/read",
    status_code=200,
    opt={"audience": "visitor_or_agent", "roles": may(MarkRead)},
    summary="Tell what was read",
    operation_id="markRead",
    tags=["chat"],
)
async def mark_read(
    request: JsonRequest,
    conversation_id: FromPath[str],
    data: JSONBody[ReceiptRequest],
    caller: Asker,
    parts: Parts,
) -> Response[ConversationAnswer]:
    """By the visitor, or by one agent for all of them; only forwards."""
    id = parse("conversation", conversation_id)
    command = MarkRead(conversation_id=id, up_to=await _version(parts, caller, id, data))
    return await carry_out(request, caller, parts, command)


@post(
    "/api/v1/chat/conversations/{conversation_id:str}/rating",
    status_code=200,
    opt={"audience": "visitor", "roles": may(RateConversation)},
    summary="Rate a conversation",
    operation_id="rateConversation",
    tags=["chat"],
)
async def rate_conversation(
    request: JsonRequest,
    conversation_id: FromPath[str],
    data: JSONBody[RatingRequest],
    caller: Asker,
    parts: Parts,
) -> Response[ConversationAnswer]:
    """Once it has ended; the rating can be changed for 24 hours."""
    id = parse("conversation", conversation_id)
    command = RateConversation(conversation_id=id, score=data.score, comment=data.comment)
    return await carry_out(request, caller, parts, command)


ROUTES = (change_labels, set_priority, set_attributes, mark_delivered, mark_read, rate_conversation)


async def _version(parts: HttpParts, caller: Caller, conversation_id: UUID, asked: ReceiptRequest) -> int:
    """A client that has no versions names a message; its place is in the log."""
    if asked.up_to is not None:
        return asked.up_to
    if asked.up_to_message_id is None:
        raise Invalid("upToMessageId or upTo is needed.")
    message_id = parse("message", asked.up_to_message_id)
    for one in await parts.reader.stream(caller.tenant_id, conversation_id):
        if getattr(one.event, "message_id", None) == message_id:
            return one.version
    raise NotFound
