"""Family B: one action on many conversations, and taking a whole bulk back."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response, post
from litestar.params import FromPath, JSONBody

from application.actor import Actor
from application.bulk import BeginBulk
from application.bus import Receipt
from application.bus import Request as CommandRequest
from application.command import Command
from application.undo import UndoBulkChange
from domain.bulk import MOST_CONVERSATIONS, BulkBegun
from domain.ids import parse, wire
from domain.refusals import NotFound, Refusal
from interfaces.http.audience import Asker, may
from interfaces.http.body import JsonRequest
from interfaces.http.bulk_change import BulkChange
from interfaces.http.headers import REPLAYED, answer, command_request, request_id
from interfaces.http.parts import HttpParts, Parts

BULK = "/api/v1/chat/conversations/bulk"


class BulkRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """1 to 100 conversations, and what is to be done to each of them."""

    ids: Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=MOST_CONVERSATIONS)]
    command: BulkChange


class BulkError(msgspec.Struct, frozen=True):
    code: str
    message: str
    details: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET


class BulkResult(msgspec.Struct, frozen=True):
    """`ok` too where there was nothing to do."""

    id: str
    ok: bool
    error: BulkError | msgspec.UnsetType = msgspec.UNSET


class BulkAnswer(msgspec.Struct, frozen=True, rename="camel"):
    """One result per id, in the order they were asked for."""

    bulk_id: str
    results: tuple[BulkResult, ...]


@post(
    BULK,
    status_code=200,
    opt={"audience": "member", "roles": may(BeginBulk)},
    summary="Change many conversations",
    operation_id="changeConversations",
    tags=["chat"],
)
async def change_conversations(
    request: JsonRequest, data: JSONBody[BulkRequest], caller: Asker, parts: Parts
) -> Response[BulkAnswer]:
    """Each is a command of its own: some may be refused. All of them name the bulk as their cause."""
    actor = caller.actor()
    ids = [_maybe_id(text) for text in data.ids]
    commands = {id: data.command.command_for(id, actor.by.id) for id in ids if id is not None}
    begin = BeginBulk(
        conversation_ids=tuple(commands),
        change=data.command.word,
        asked=msgspec.json.encode(data.command).decode(),
    )
    begun = await parts.bus.execute(actor, begin, command_request(request, actor, BeginBulk))
    bulk_id = begun.events[0].originator_id
    ways = await _all(request, parts, actor, commands, f"bulk:{bulk_id.hex}", bulk_id)
    results = tuple(_result(text, _way(ways, id)) for text, id in zip(data.ids, ids, strict=True))
    response = answer(BulkAnswer(wire("bulk", bulk_id), results), seq=_seq(begun.seq, ways))
    if begun.replayed:
        response.headers[REPLAYED] = "true"
    return response


@post(
    BULK + "/{bulk_id:str}/undo",
    status_code=200,
    opt={"audience": "member", "roles": may(UndoBulkChange)},
    summary="Undo a bulk action",
    operation_id="undoBulk",
    tags=["chat"],
)
async def undo_bulk(
    request: JsonRequest, bulk_id: FromPath[str], caller: Asker, parts: Parts
) -> Response[BulkAnswer]:
    """Takes back what it did to each conversation, where nothing since forbids it. Twice changes nothing."""
    actor, id = caller.actor(), parse("bulk", bulk_id)
    stream = await parts.reader.stream(caller.tenant_id, id)
    begun = stream[0].event if stream else None
    if not isinstance(begun, BulkBegun):
        raise NotFound
    commands = {one: UndoBulkChange(conversation_id=one, bulk_id=id) for one in begun.conversation_ids}
    key = command_request(request, actor, UndoBulkChange).key
    ways = await _all(request, parts, actor, commands, key)
    results = tuple(_result(wire("conversation", one), ways[one]) for one in commands)
    return answer(BulkAnswer(wire("bulk", id), results), seq=_seq(stream[0].seq, ways))


ROUTES = (change_conversations, undo_bulk)

Way = Receipt | Refusal
"""How one command of a bulk went."""


async def _all(
    request: JsonRequest,
    parts: HttpParts,
    actor: Actor,
    commands: Mapping[UUID, Command],
    key: str | None,
    bulk_id: UUID | None = None,
) -> Mapping[UUID, Way]:
    """All of them at once, so that the group writer stores them together; each has a key made of `key`.

    Raises what is no refusal.
    """
    id = request_id(request.scope)
    tries = [
        parts.bus.execute(
            actor,
            command,
            CommandRequest(key=None if key is None else f"{key}:{one.hex}", id=id, bulk=bulk_id),
        )
        for one, command in commands.items()
    ]
    ways: dict[UUID, Way] = {}
    for one, way in zip(commands, await asyncio.gather(*tries, return_exceptions=True), strict=True):
        if not isinstance(way, Receipt | Refusal):
            raise way
        ways[one] = way
    return ways


def _maybe_id(text: str) -> UUID | None:
    try:
        return parse("conversation", text)
    except NotFound:
        return None


def _way(ways: Mapping[UUID, Way], id: UUID | None) -> Way:
    return NotFound() if id is None else ways[id]


def _seq(least: int, ways: Mapping[UUID, Way]) -> int:
    return max([least, *(way.seq for way in ways.values() if isinstance(way, Receipt))])


def _result(id: str, way: Way) -> BulkResult:
    if isinstance(way, Receipt):
        return BulkResult(id, ok=True)
    return BulkResult(id, ok=False, error=BulkError(way.code, way.message, way.details or msgspec.UNSET))
