"""Family B: the agents' inbox."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from litestar import Response, get
from litestar.params import FromQuery, QueryParameter

from domain.conversation import Channel, HandledBy, Status
from domain.ids import parse
from domain.refusals import Invalid, NotFound
from interfaces.http.audience import STAFF, Asker
from interfaces.http.body import JsonRequest
from interfaces.http.headers import answer
from interfaces.http.parts import Parts
from interfaces.http.position import reached
from interfaces.http.transcript import Limit, PageCursor
from interfaces.wire import InboxPageBody, inbox_page
from projections.inbox import InboxFilter, InboxSort, read_inbox


@get(
    "/api/v1/chat/agent/conversations",
    opt={"audience": "member", "roles": STAFF},
    summary="List the inbox",
    operation_id="listInbox",
    tags=["chat"],
)
async def list_inbox(
    request: JsonRequest,
    caller: Asker,
    parts: Parts,
    status: FromQuery[Status | None] = None,
    handled_by: Annotated[HandledBy | None, QueryParameter(name="handledBy")] = None,
    assignee: Annotated[str | None, QueryParameter(description="`me`, `none`, or an agent's id.")] = None,
    channel: FromQuery[Channel | None] = None,
    sort: FromQuery[InboxSort] = "newest",
    limit: Limit = 50,
    cursor: PageCursor = None,
) -> Response[InboxPageBody]:
    """Rows carry unread and waitingSince; counts are of the whole inbox."""
    me = caller.agent.agent_id
    chosen = InboxFilter(status, handled_by, _assignee(assignee, me), channel, sort, limit, cursor)
    seq = await reached(parts, request, caller.tenant_id, "inbox")
    async with parts.database.tenant(caller.tenant_id) as connection:
        page = await read_inbox(connection, caller.tenant_id, chosen, me)
    return answer(inbox_page(page), seq=seq)


def _assignee(given: str | None, me: UUID) -> UUID | Literal["none"] | None:
    if given is None or given == "none":
        return given
    if given == "me":
        return me
    try:
        return parse("agent", given)
    except NotFound:
        raise Invalid("assignee is me, none, or an agent's id.") from None
