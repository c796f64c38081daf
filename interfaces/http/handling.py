"""Family B: moving conversations: accept, transfer, return, snooze, awaken, end, reopen, ask for a human."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Response, post
from litestar.params import FromPath, JSONBody

from application.handling import (
    AcceptConversation,
    AwakenConversation,
    EndConversation,
    HandOverConversation,
    ReopenConversation,
    ReturnConversation,
    SnoozeConversation,
    TransferConversation,
)
from domain.ids import parse
from interfaces.http.audience import Asker, may
from interfaces.http.body import JsonRequest
from interfaces.http.carried_out import ConversationAnswer, carry_out
from interfaces.http.chat import maybe_parse
from interfaces.http.parts import Parts

VISITOR_ASKED = "visitor_asked"


class EndRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    reason: str | None = None


class TransferRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """To an agent or to a team. `force`: also to an agent who is away; `acceptSeconds` they have to take it."""

    agent_id: str | None = None
    team_id: str | None = None
    note: str | None = None
    force: bool = False
    accept_seconds: Annotated[int, msgspec.Meta(ge=5, le=86_400)] = 60


class SnoozeRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Without `until` it sleeps until the next reply."""

    until: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


class NoFields(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A body that says nothing; it may be left out."""


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
    return await carry_out(request, caller, parts, command)


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
    return await carry_out(request, caller, parts, command)


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
    return await carry_out(request, caller, parts, command)


@post(
    "/api/v1/chat/agent/conversations/{conversation_id:str}/transfer",
    status_code=200,
    opt={"audience": "member", "roles": may(TransferConversation)},
    summary="Transfer a conversation",
    operation_id="transferConversation",
    tags=["chat"],
)
async def transfer_conversation(
    request: JsonRequest,
    conversation_id: FromPath[str],
    data: JSONBody[TransferRequest],
    caller: Asker,
    parts: Parts,
) -> Response[ConversationAnswer]:
    """To an agent, who has `acceptSeconds` to accept it before it goes back to the queue, or to a team's queue."""
    command = TransferConversation(
        conversation_id=parse("conversation", conversation_id),
        agent_id=maybe_parse("agent", data.agent_id),
        team_id=maybe_parse("team", data.team_id),
        note=data.note,
        force=data.force,
        accept_seconds=data.accept_seconds,
    )
    return await carry_out(request, caller, parts, command)


@post(
    "/api/v1/chat/agent/conversations/{conversation_id:str}/return",
    status_code=200,
    opt={"audience": "member", "roles": may(ReturnConversation)},
    summary="Return a conversation to the queue",
    operation_id="returnConversation",
    tags=["chat"],
)
async def return_conversation(
    request: JsonRequest,
    conversation_id: FromPath[str],
    caller: Asker,
    parts: Parts,
    data: JSONBody[NoFields | None] = None,
) -> Response[ConversationAnswer]:
    """Nothing to do where no agent has it."""
    command = ReturnConversation(conversation_id=parse("conversation", conversation_id))
    return await carry_out(request, caller, parts, command)


@post(
    "/api/v1/chat/conversations/{conversation_id:str}/snooze",
    status_code=200,
    opt={"audience": "member", "roles": may(SnoozeConversation)},
    summary="Snooze a conversation",
    operation_id="snoozeConversation",
    tags=["chat"],
)
async def snooze_conversation(
    request: JsonRequest,
    conversation_id: FromPath[str],
    caller: Asker,
    parts: Parts,
    data: JSONBody[SnoozeRequest | None] = None,
) -> Response[ConversationAnswer]:
    """Out of sight until then; a visitor's message wakes it in any case."""
    command = SnoozeConversation(
        conversation_id=parse("conversation", conversation_id), until=data.until if data else None
    )
    return await carry_out(request, caller, parts, command)


@post(
    "/api/v1/chat/conversations/{conversation_id:str}/awaken",
    status_code=200,
    opt={"audience": "member", "roles": may(AwakenConversation)},
    summary="Wake a snoozed conversation",
    operation_id="awakenConversation",
    tags=["chat"],
)
async def awaken_conversation(
    request: JsonRequest,
    conversation_id: FromPath[str],
    caller: Asker,
    parts: Parts,
    data: JSONBody[NoFields | None] = None,
) -> Response[ConversationAnswer]:
    """Nothing to do where it is not asleep."""
    command = AwakenConversation(conversation_id=parse("conversation", conversation_id))
    return await carry_out(request, caller, parts, command)


@post(
    "/api/v1/chat/conversations/{conversation_id:str}/reopen",
    status_code=200,
    opt={"audience": "member", "roles": may(ReopenConversation)},
    summary="Reopen an ended conversation",
    operation_id="reopenConversation",
    tags=["chat"],
)
async def reopen_conversation(
    request: JsonRequest,
    conversation_id: FromPath[str],
    caller: Asker,
    parts: Parts,
    data: JSONBody[NoFields | None] = None,
) -> Response[ConversationAnswer]:
    """Back to whoever had it, else to the queue; a visitor's message reopens by itself."""
    command = ReopenConversation(conversation_id=parse("conversation", conversation_id))
    return await carry_out(request, caller, parts, command)


ROUTES = (
    end_conversation,
    request_human,
    accept_conversation,
    transfer_conversation,
    return_conversation,
    snooze_conversation,
    awaken_conversation,
    reopen_conversation,
)
