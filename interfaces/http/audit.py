"""The audit: what happened in a conversation, one sentence per event, with the proof that nothing was changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.params import FromPath

from domain.continuity import continuity_of
from domain.ids import event_wire, parse, wire
from domain.refusals import NotFound
from domain.sla_clock import clock_of
from infrastructure.eventstore.hashing import row_hash
from infrastructure.eventstore.rows import StoredRow
from interfaces.http.audience import Asker
from interfaces.http.headers import answer
from interfaces.http.parts import HttpParts, Parts
from projections.directory import read_agents
from projections.history import HistoryLine, history

READERS = frozenset(["owner", "admin", "auditor"])
BESIDE = (clock_of, continuity_of)
"""The streams beside a conversation's own."""


class HistoryLineBody(msgspec.Struct, frozen=True, rename="camel"):
    """Who did what, when and why; `hash` is the head of its stream's chain after it, in hex."""

    event_id: str
    seq: int
    position: int
    version: int
    at: datetime
    who: str
    what: str
    why: str
    type: str
    hash: str


class HistoryBody(msgspec.Struct, frozen=True, rename="camel"):
    """`intact`: the hash chains over these events, computed anew, end where the log says.

    Those of the conversation, and in between those of its SLA clock (`sla_clock.…`) and of what its absent visitor
    was told (`continuity.…`), streams of their own.
    """

    conversation_id: str
    intact: bool
    data: tuple[HistoryLineBody, ...]


@get(
    "/api/v1/audit/conversations/{conversation_id:str}",
    opt={"audience": "member", "roles": READERS},
    summary="Read a conversation's history",
    operation_id="getConversationHistory",
    tags=["history"],
)
async def get_conversation_history(
    conversation_id: FromPath[str], caller: Asker, parts: Parts
) -> Response[HistoryBody]:
    """Straight from the log, private notes, discarded replies and what was promised included."""
    id = parse("conversation", conversation_id)
    rows = await parts.reader.raw_stream(caller.tenant_id, id)
    if not rows or rows[0].kind != "conversation":
        raise NotFound
    streams = [rows, *[await parts.reader.raw_stream(caller.tenant_id, one(id)) for one in BESIDE]]
    opened = [one for stream in streams for one in await parts.reader.opened(stream)]
    lines = history(sorted(opened, key=lambda one: one.position), await _agent_names(parts, caller.tenant_id))
    is_intact = all(_is_intact(stream) for stream in streams)
    body = HistoryBody(wire("conversation", id), is_intact, tuple(_line(one) for one in lines))
    return answer(body, seq=lines[-1].seq)


async def _agent_names(parts: HttpParts, tenant_id: int) -> dict[UUID, str]:
    async with parts.database.tenant(tenant_id) as connection:
        agents = await read_agents(connection, tenant_id)
    return {one.agent_id: one.name for one in agents if one.name}


def _is_intact(rows: Sequence[StoredRow]) -> bool:
    previous = b""
    for row in rows:
        if row_hash(previous, row) != row.hash:
            return False
        previous = row.hash
    return [row.version for row in rows] == list(range(1, len(rows) + 1))


def _line(one: HistoryLine) -> HistoryLineBody:
    return HistoryLineBody(
        event_wire(one.stream_id, one.version),
        one.seq,
        one.position,
        one.version,
        one.at,
        one.who,
        one.what,
        one.why,
        one.type,
        one.hash.hex(),
    )
