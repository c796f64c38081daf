"""What a conversation is promised, for members; a visitor is told nothing of it."""

from __future__ import annotations

from uuid import UUID

import msgspec

from domain.sla_clock import clock_of
from interfaces.http.as_of import Instant, past_stream
from interfaces.http.audience import Caller
from interfaces.http.headers import Connection
from interfaces.http.parts import HttpParts
from interfaces.http.position import reached
from interfaces.sla_body import PromiseBody, promise_body
from projections.sla import promise_in, read_promise

Promise = PromiseBody | msgspec.UnsetType | None


async def promise_to(request: Connection, parts: HttpParts, caller: Caller, conversation_id: UUID) -> Promise:
    """UNSET for a visitor. Raises ProjectionBehind."""
    if caller.side == "visitor":
        return msgspec.UNSET
    await reached(parts, request, caller.tenant_id, "sla")
    async with parts.database.tenant(caller.tenant_id) as connection:
        return promise_body(await read_promise(connection, caller.tenant_id, conversation_id))


async def past_promise(parts: HttpParts, caller: Caller, conversation_id: UUID, at: Instant) -> Promise:
    """As it was told by then. UNSET for a visitor. Raises Invalid."""
    if caller.side == "visitor":
        return msgspec.UNSET
    recorded = await past_stream(parts, caller.tenant_id, [clock_of(conversation_id)], at)
    return promise_body(promise_in(recorded))
