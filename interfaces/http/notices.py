"""What the absent visitor of a conversation was told by mail, for members."""

from __future__ import annotations

from uuid import UUID

import msgspec

from domain.continuity import continuity_of
from interfaces.http.as_of import Instant, past_stream
from interfaces.http.audience import Caller
from interfaces.http.headers import Connection
from interfaces.http.parts import HttpParts
from interfaces.http.position import reached
from interfaces.notice_body import NoticeBody, notice_body
from projections.continuity import notice_in, read_notice

LastNotice = NoticeBody | msgspec.UnsetType | None


async def notice_about(request: Connection, parts: HttpParts, caller: Caller, conversation_id: UUID) -> LastNotice:
    """UNSET for a visitor. Raises ProjectionBehind."""
    if caller.side == "visitor":
        return msgspec.UNSET
    await reached(parts, request, caller.tenant_id, "continuity")
    async with parts.database.tenant(caller.tenant_id) as connection:
        return notice_body(await read_notice(connection, caller.tenant_id, conversation_id))


async def past_notice(parts: HttpParts, caller: Caller, conversation_id: UUID, at: Instant) -> LastNotice:
    """As it was by then. UNSET for a visitor. Raises Invalid."""
    if caller.side == "visitor":
        return msgspec.UNSET
    return notice_body(notice_in(await past_stream(parts, caller.tenant_id, [continuity_of(conversation_id)], at)))
