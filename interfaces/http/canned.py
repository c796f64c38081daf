"""Family B: canned responses."""

from __future__ import annotations

import msgspec
from litestar import Response, get
from litestar.params import FromQuery

from domain.ids import wire
from interfaces.http.audience import STAFF, Asker
from interfaces.http.body import JsonRequest
from interfaces.http.headers import answer
from interfaces.http.parts import Parts
from interfaces.http.position import reached
from interfaces.http.transcript import Limit
from projections.canned import CannedView, read_canned_responses


class CannedBody(msgspec.Struct, frozen=True):
    id: str
    shortcut: str
    title: str
    body: str


class CannedList(msgspec.Struct, frozen=True, rename="camel"):
    data: tuple[CannedBody, ...]
    next_cursor: str | None = None


@get(
    "/api/v1/chat/canned-responses",
    opt={"audience": "member", "roles": STAFF},
    summary="List canned responses",
    operation_id="listCannedResponses",
    tags=["chat"],
)
async def list_canned_responses(
    request: JsonRequest,
    caller: Asker,
    parts: Parts,
    q: FromQuery[str | None] = None,
    limit: Limit = 50,
) -> Response[CannedList]:
    """All, or those that `q` finds: shortcuts that begin with it first."""
    seq = await reached(parts, request, caller.tenant_id, "canned")
    async with parts.database.tenant(caller.tenant_id) as connection:
        views = await read_canned_responses(connection, caller.tenant_id, q, limit)
    return answer(CannedList(tuple(_body(view) for view in views)), seq=seq)


def _body(view: CannedView) -> CannedBody:
    return CannedBody(wire("canned_response", view.canned_response_id), view.shortcut, view.title, view.body)
