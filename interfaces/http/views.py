"""Family B: saved views of the inbox."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, delete, get, patch, post
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, UnsetType

from application.bus import Receipt
from application.view import ChangeView, CreateView, RemoveView
from domain.conversation import Channel
from domain.handling import HandledBy, Status
from domain.ids import parse, wire
from domain.kernel import Event
from domain.marks import Priority
from domain.refusals import NotFound
from domain.view import ViewFilter, ViewSaved, ViewScope
from interfaces.http.audience import STAFF, Asker, Caller, may
from interfaces.http.body import JsonRequest
from interfaces.http.first_contact import order_of
from interfaces.http.headers import answer, answer_to_command, command_request, expected_version
from interfaces.http.parts import HttpParts, Parts
from interfaces.http.position import reached
from interfaces.http.transcript import Limit, PageCursor
from projections.inbox_filter import InboxSort
from projections.sla_standing import SlaStatus
from projections.views import SavedView, read_view, read_views

VIEWS = "/api/v1/chat/views"
Place = Annotated[int, msgspec.Meta(ge=0, le=10_000)]


class FilterBody(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, forbid_unknown_fields=True):
    """As the inbox takes them, and field by field a ViewFilter. `assignee`: `me`, `none`,
    or an agent's id; `participant`: `me`, or an agent's id."""

    status: Status | None = None
    handled_by: HandledBy | None = None
    assignee: str | None = None
    team: str | None = None
    label: str | None = None
    channel: Channel | None = None
    priority: Priority | None = None
    q: str | None = None
    sort: InboxSort | None = None
    sla: SlaStatus | None = None
    participant: str | None = None


class NewView(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`order`: where it stands in the list, the lowest first."""

    name: str
    filter: FilterBody
    scope: ViewScope = "private"
    order: Place = 0


class ViewChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is left out stays; a filter is replaced as a whole."""

    name: str | UnsetType = UNSET
    filter: FilterBody | UnsetType = UNSET
    scope: ViewScope | UnsetType = UNSET
    order: Place | UnsetType = UNSET


class ViewBody(msgspec.Struct, frozen=True, rename="camel"):
    id: str
    name: str
    filter: FilterBody
    scope: ViewScope
    order: int
    owner_id: str
    version: int
    updated_at: datetime


class ViewList(msgspec.Struct, frozen=True, rename="camel"):
    data: tuple[ViewBody, ...]
    next_cursor: str | None = None


@get(
    VIEWS,
    opt={"audience": "member", "roles": STAFF},
    summary="List saved views",
    operation_id="listViews",
    tags=["chat"],
)
async def list_views(
    request: JsonRequest, caller: Asker, parts: Parts, limit: Limit = 50, cursor: PageCursor = None
) -> Response[ViewList]:
    """The shared ones and the caller's own, in their order."""
    seq = await reached(parts, request, caller.tenant_id, "views")
    async with parts.database.tenant(caller.tenant_id) as connection:
        page = await read_views(connection, caller.tenant_id, caller.agent.agent_id, limit, cursor)
    return answer(ViewList(tuple(_of_view(row) for row in page.rows), page.next_cursor), seq=seq)


@post(
    VIEWS,
    status_code=201,
    opt={"audience": "member", "roles": may(CreateView)},
    summary="Save a view",
    operation_id="createView",
    tags=["chat"],
)
async def create_view(
    request: JsonRequest, data: JSONBody[NewView], caller: Asker, parts: Parts
) -> Response[ViewBody]:
    """A filter of the inbox under a name: private, or (supervisors and above) shared with everybody."""
    actor = caller.actor()
    command = CreateView(name=data.name, filter=_filter(data.filter), scope=data.scope, place=data.order)
    receipt = await parts.bus.execute(actor, command, command_request(request, actor, CreateView))
    body = _of_event(receipt.events)
    return answer_to_command(body, receipt, 201, body.version)


@get(
    VIEWS + "/{view_id:str}",
    opt={"audience": "member", "roles": STAFF},
    summary="Get a saved view",
    operation_id="getView",
    tags=["chat"],
)
async def get_view(
    request: JsonRequest, view_id: FromPath[str], caller: Asker, parts: Parts
) -> Response[ViewBody]:
    """A private one is there for its owner only."""
    view = await visible_view(request, parts, caller, parse("view", view_id))
    seq = await parts.read_positions.reached(caller.tenant_id, "views")
    return answer(_of_view(view), seq=seq, version=view.version)


@patch(
    VIEWS + "/{view_id:str}",
    opt={"audience": "member", "roles": may(ChangeView)},
    summary="Change a saved view",
    operation_id="changeView",
    tags=["chat"],
)
async def change_view(
    request: JsonRequest, view_id: FromPath[str], data: JSONBody[ViewChange], caller: Asker, parts: Parts
) -> Response[ViewBody]:
    """`If-Match` refuses to change what somebody else has changed. Supervisors change shared ones."""
    command = ChangeView(
        view_id=parse("view", view_id),
        name=data.name,
        filter=UNSET if data.filter is UNSET else _filter(data.filter),
        scope=data.scope,
        place=data.order,
        expected_version=expected_version(request),
    )
    receipt = await _carry_out(request, parts, caller, command)
    stream = await parts.reader.stream(caller.tenant_id, command.view_id)
    body = _of_event([one.event for one in stream])
    return answer_to_command(body, receipt, version=body.version)


@delete(
    VIEWS + "/{view_id:str}",
    status_code=204,
    opt={"audience": "member", "roles": may(RemoveView)},
    summary="Remove a saved view",
    operation_id="removeView",
    tags=["chat"],
)
async def remove_view(request: JsonRequest, view_id: FromPath[str], caller: Asker, parts: Parts) -> None:
    """Removing twice changes nothing."""
    await _carry_out(request, parts, caller, RemoveView(view_id=parse("view", view_id)))


ROUTES = (list_views, create_view, get_view, change_view, remove_view)


async def visible_view(request: JsonRequest, parts: HttpParts, caller: Caller, view_id: UUID) -> SavedView:
    """Raises NotFound where the caller may not see it, ProjectionBehind."""
    await reached(parts, request, caller.tenant_id, "views")
    async with parts.database.tenant(caller.tenant_id) as connection:
        view = await read_view(connection, caller.tenant_id, caller.agent.agent_id, view_id)
    if view is None:
        raise NotFound
    return view


async def _carry_out(
    request: JsonRequest, parts: HttpParts, caller: Caller, command: ChangeView | RemoveView
) -> Receipt:
    actor = caller.actor()
    return await parts.bus.execute(actor, command, order_of(request, actor, command))


def _filter(body: FilterBody) -> ViewFilter:
    return ViewFilter(*msgspec.structs.astuple(body))


def _filter_body(filter: ViewFilter) -> FilterBody:
    return FilterBody(*msgspec.structs.astuple(filter))


def _of_view(view: SavedView) -> ViewBody:
    return ViewBody(
        id=wire("view", view.view_id),
        name=view.name,
        filter=_filter_body(view.filter),
        scope=view.scope,
        order=view.place,
        owner_id=wire("agent", view.owner_id),
        version=view.version,
        updated_at=view.updated_at,
    )


def _of_event(events: tuple[Event, ...] | list[Event]) -> ViewBody:
    """As the last of these that saved it says."""
    saved = next(event for event in reversed(events) if isinstance(event, ViewSaved))
    return _of_view(
        SavedView(
            saved.originator_id,
            saved.owner_id,
            saved.name,
            saved.filter,
            saved.scope,
            saved.place,
            saved.originator_version,
            saved.at,
        )
    )
