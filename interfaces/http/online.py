"""Family B: who is on the site now."""

from __future__ import annotations

from datetime import datetime

import msgspec
from litestar import Response, get

from domain.ids import wire
from infrastructure.track.online import ONLINE_SECONDS
from interfaces.http.audience import STAFF, Asker
from interfaces.http.body import JsonRequest
from interfaces.http.headers import answer
from interfaces.http.parts import Parts
from interfaces.http.position import reached
from interfaces.http.transcript import Limit, PageCursor
from interfaces.wire import maybe_wire
from projections.online import OnlineVisitor, read_online


class VisitedPage(msgspec.Struct, frozen=True):
    url: str
    title: str | None


class OnlineBody(msgspec.Struct, frozen=True, rename="camel"):
    """`page` is null where only their socket shows them; `name` where nobody knows it."""

    id: str
    name: str | None
    since: datetime
    seen_at: datetime
    page: VisitedPage | None
    referrer: str | None
    conversation_id: str | None


class OnlinePageBody(msgspec.Struct, frozen=True, rename="camel"):
    """`total`: all who are there, on whatever page."""

    data: tuple[OnlineBody, ...]
    total: int
    next_cursor: str | None = None


@get(
    "/api/v1/chat/visitors/online",
    opt={"audience": "member", "roles": STAFF},
    summary="List the visitors who are on the site",
    operation_id="listOnlineVisitors",
    tags=["visitors"],
)
async def list_online_visitors(
    request: JsonRequest, caller: Asker, parts: Parts, limit: Limit = 50, cursor: PageCursor = None
) -> Response[OnlinePageBody]:
    """Whoever came last is first. Gone is who was not seen, by a beacon or an open socket, for 60 seconds."""
    seq = await reached(parts, request, caller.tenant_id, "inbox")
    async with parts.database.tenant(caller.tenant_id) as connection:
        page = await read_online(connection, caller.tenant_id, ONLINE_SECONDS, limit, cursor)
    body = OnlinePageBody(tuple(_body(one) for one in page.visitors), page.total, page.next_cursor)
    return answer(body, seq=seq)


def _body(one: OnlineVisitor) -> OnlineBody:
    return OnlineBody(
        id=wire("contact", one.visitor_id),
        name=one.name,
        since=one.since,
        seen_at=one.seen_at,
        page=None if one.url is None else VisitedPage(one.url, one.title),
        referrer=one.referrer,
        conversation_id=maybe_wire("conversation", one.conversation_id),
    )
