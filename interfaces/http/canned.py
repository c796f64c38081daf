"""Family B: finding canned responses and rendering them for a conversation."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from application.projection import Connection
from application.reach import SHARING
from domain.ids import parse
from domain.refusals import NotFound
from interfaces.http.as_of import AsOf, answer_as_of, instant
from interfaces.http.audience import STAFF, Asker, Caller
from interfaces.http.body import JsonRequest
from interfaces.http.canned_body import (
    CannedBody,
    CannedList,
    RenderedBody,
    canned_of_view,
    rendered_of_view,
)
from interfaces.http.canned_values import values_for
from interfaces.http.chat import maybe_parse
from interfaces.http.headers import answer
from interfaces.http.parts import HttpParts, Parts
from interfaces.http.past_canned import past_canned
from interfaces.http.position import reached
from interfaces.http.transcript import Limit, PageCursor
from projections.canned import (
    CannedFilter,
    CannedSort,
    CannedView,
    Viewer,
    read_canned_response,
    read_canned_responses,
    teams_of,
)

CANNED = "/api/v1/chat/canned-responses"
ForConversation = Annotated[
    str | None, QueryParameter(name="conversationId", description="Render the bodies for this conversation.")
]


class RenderRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    conversation_id: str


@get(
    CANNED,
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
    team_id: Annotated[str | None, QueryParameter(name="teamId", description="Of this team only.")] = None,
    sort: Annotated[CannedSort, QueryParameter(description="`best` fit, or most `used` first.")] = "best",
    conversation_id: ForConversation = None,
    limit: Limit = 50,
    cursor: PageCursor = None,
    as_of: AsOf = None,
) -> Response[CannedList]:
    """All that the caller may see, or those that `q` finds: shortcuts that begin with it first.

    With `asOf`, as they were then, by shortcut.
    """
    chosen = CannedFilter(q, maybe_parse("team", team_id), sort, limit, cursor)
    conversation = maybe_parse("conversation", conversation_id)
    if as_of is not None:
        at = await instant(parts, caller.tenant_id, as_of)
        async with parts.database.tenant(caller.tenant_id) as connection:
            viewer = await _viewer(connection, caller)
        return answer_as_of(await past_canned(parts, caller.tenant_id, viewer, chosen, at), at)
    seq = await reached(parts, request, caller.tenant_id, "canned")
    async with parts.database.tenant(caller.tenant_id) as connection:
        page = await read_canned_responses(connection, caller.tenant_id, await _viewer(connection, caller), chosen)
    values = None if conversation is None else await values_for(request, parts, caller, conversation)
    return answer(CannedList(tuple(canned_of_view(row, values) for row in page.rows), page.next_cursor), seq=seq)


@get(
    CANNED + "/{canned_response_id:str}",
    opt={"audience": "member", "roles": STAFF},
    summary="Get a canned response",
    operation_id="getCannedResponse",
    tags=["chat"],
)
async def get_canned_response(
    request: JsonRequest,
    canned_response_id: FromPath[str],
    caller: Asker,
    parts: Parts,
    conversation_id: ForConversation = None,
) -> Response[CannedBody]:
    """A private one is there for its author only, a team's for its members and supervisors."""
    id, conversation = parse("canned_response", canned_response_id), maybe_parse("conversation", conversation_id)
    seq = await reached(parts, request, caller.tenant_id, "canned")
    view = await _visible(parts, caller, id)
    values = None if conversation is None else await values_for(request, parts, caller, conversation)
    return answer(canned_of_view(view, values), seq=seq, version=view.version)


@post(
    CANNED + "/{canned_response_id:str}/render",
    status_code=200,
    opt={"audience": "member", "roles": STAFF},
    summary="Render a canned response",
    operation_id="renderCannedResponse",
    tags=["chat"],
)
async def render_canned_response(
    request: JsonRequest,
    canned_response_id: FromPath[str],
    data: JSONBody[RenderRequest],
    caller: Asker,
    parts: Parts,
) -> Response[RenderedBody]:
    """Its body with this conversation's values. What has none becomes nothing and is named in `missing`."""
    id, conversation = parse("canned_response", canned_response_id), parse("conversation", data.conversation_id)
    seq = await reached(parts, request, caller.tenant_id, "canned")
    view = await _visible(parts, caller, id)
    values = await values_for(request, parts, caller, conversation)
    return answer(rendered_of_view(view, values), seq=seq, version=view.version)


READING = (list_canned_responses, get_canned_response, render_canned_response)


async def _visible(parts: HttpParts, caller: Caller, id: UUID) -> CannedView:
    async with parts.database.tenant(caller.tenant_id) as connection:
        view = await read_canned_response(connection, caller.tenant_id, await _viewer(connection, caller), id)
    if view is None:
        raise NotFound
    return view


async def _viewer(connection: Connection, caller: Caller) -> Viewer:
    teams = await teams_of(connection, caller.tenant_id, caller.agent.agent_id)
    return Viewer(caller.agent.agent_id, teams, sees_all_teams=caller.agent.role in SHARING)
