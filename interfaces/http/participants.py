"""Family B: the agents who take part in a conversation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from litestar import Response, delete, get, post
from litestar.params import FromPath, JSONBody

from application.conversation import AboutConversation
from application.participant import AddParticipant, RemoveParticipant
from domain.ids import parse, wire
from domain.refusals import Invalid, NotFound
from interfaces.http.audience import STAFF, Asker, Caller, may
from interfaces.http.body import JsonRequest
from interfaces.http.first_contact import order_of
from interfaces.http.headers import Connection, answer, answer_to_command
from interfaces.http.parts import HttpParts, Parts
from interfaces.http.position import reached
from interfaces.http.told import placed_stream, view_of
from interfaces.http.transcript import Limit, PageCursor
from projections.cursor import Cursor, decode_cursor, encode_cursor
from projections.participants import Participant, Reason
from projections.transcript import read_conversation

PARTICIPANTS = "/api/v1/chat/conversations/{conversation_id:str}/participants"
ORDER = "participants"
MOST = 200


class TakingPart(msgspec.Struct, frozen=True, rename="camel"):
    """`reason`: how it began: they had it, wrote, were named in a note, or joined by hand."""

    agent_id: str
    since: datetime
    reason: Reason


class TakingPartList(msgspec.Struct, frozen=True, rename="camel"):
    data: tuple[TakingPart, ...]
    next_cursor: str | None = None


class JoinRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """`agt_…`, or `me`."""

    agent_id: str


@get(
    PARTICIPANTS,
    opt={"audience": "member", "roles": STAFF},
    summary="List the agents who take part",
    operation_id="listParticipants",
    tags=["chat"],
)
async def list_participants(
    request: JsonRequest,
    conversation_id: FromPath[str],
    caller: Asker,
    parts: Parts,
    limit: Limit = 50,
    cursor: PageCursor = None,
) -> Response[TakingPartList]:
    """In the order in which they came. Taking part opens nothing: every agent sees every conversation."""
    id = parse("conversation", conversation_id)
    seq = await reached(parts, request, caller.tenant_id, "transcript")
    async with parts.database.tenant(caller.tenant_id) as connection:
        view = await read_conversation(connection, caller.tenant_id, id)
    if view is None:
        raise NotFound
    return answer(_page(view.participants, limit, cursor), seq=seq, version=view.version)


@post(
    PARTICIPANTS,
    status_code=200,
    opt={"audience": "member", "roles": may(AddParticipant)},
    summary="Bring an agent into a conversation",
    operation_id="addParticipant",
    tags=["chat"],
)
async def add_participant(
    request: JsonRequest,
    conversation_id: FromPath[str],
    data: JSONBody[JoinRequest],
    caller: Asker,
    parts: Parts,
) -> Response[TakingPartList]:
    """Oneself, or a colleague. Who takes part already changes nothing."""
    id, agent_id = parse("conversation", conversation_id), _agent(data.agent_id, caller)
    return await _carry_out(request, caller, parts, AddParticipant(conversation_id=id, agent_id=agent_id))


@delete(
    PARTICIPANTS + "/{agent_id:str}",
    status_code=200,
    opt={"audience": "member", "roles": may(RemoveParticipant)},
    summary="Take an agent out of a conversation",
    operation_id="removeParticipant",
    tags=["chat"],
)
async def remove_participant(
    request: JsonRequest, conversation_id: FromPath[str], agent_id: FromPath[str], caller: Asker, parts: Parts
) -> Response[TakingPartList]:
    """An agent's id, or `me`. 409 `owner_takes_part` for whoever has it; who takes no part changes nothing."""
    id = parse("conversation", conversation_id)
    command = RemoveParticipant(conversation_id=id, agent_id=_agent(agent_id, caller))
    return await _carry_out(request, caller, parts, command)


ROUTES = (list_participants, add_participant, remove_participant)


async def _carry_out(
    request: Connection, caller: Caller, parts: HttpParts, command: AboutConversation
) -> Response[TakingPartList]:
    """Answered out of the log itself, so the answer holds what was just done. Raises a Refusal."""
    actor = caller.actor()
    receipt = await parts.bus.execute(actor, command, order_of(request, actor, command))
    view = view_of(placed_stream(await parts.reader.stream(caller.tenant_id, command.conversation_id)))
    return answer_to_command(_page(view.participants, MOST), receipt, version=view.version)


def _agent(named: str, caller: Caller) -> UUID:
    return caller.agent.agent_id if named == "me" else parse("agent", named)


def _page(taking_part: Sequence[Participant], limit: int, cursor: str | None = None) -> TakingPartList:
    after = ("", "") if cursor is None else _place(cursor)
    rows = sorted((one for one in taking_part if _key(one) > after), key=_key)
    shown = rows[:limit]
    more = encode_cursor(Cursor(ORDER, *_key(shown[-1]))) if len(rows) > limit else None
    return TakingPartList(tuple(_body(one) for one in shown), more)


def _key(one: Participant) -> tuple[str, str]:
    """Where somebody stands, as a cursor says it: nobody's place moves while they are there."""
    return f"{one.version:010d}", one.agent_id.hex


def _place(cursor: str) -> tuple[str, str]:
    found = decode_cursor(cursor, ORDER)
    if not found.key.isdigit():
        raise Invalid("cursor is not one of ours.")
    return found.key, found.last


def _body(one: Participant) -> TakingPart:
    return TakingPart(wire("agent", one.agent_id), one.at, one.reason)
