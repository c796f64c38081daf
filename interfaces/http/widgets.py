"""Widgets: as many as a tenant has sites, each with a look, words, forms and rules of its own."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, delete, get, patch, post
from litestar.params import FromPath, JSONBody, QueryParameter

from application.bus import Receipt
from application.widget import ArchiveWidget, ConfigureWidget, CreateWidget
from domain.ids import parse
from domain.kernel import Aggregate
from domain.refusals import Invalid, NotFound
from domain.widget import Widget, WidgetInstalled
from interfaces.http.audience import STAFF, Asker, may
from interfaces.http.body import JsonRequest
from interfaces.http.first_contact import order_of
from interfaces.http.headers import answer, answer_to_command, expected_version
from interfaces.http.parts import HttpParts, Parts
from interfaces.http.position import reached
from interfaces.http.transcript import Limit, PageCursor
from interfaces.http.widget_settings_body import (
    WidgetBody,
    WidgetChangeRequest,
    WidgetRequest,
    change_of,
    widget_body,
)
from interfaces.http.widget_view import widget_view
from projections.cursor import Cursor, decode_cursor, encode_cursor
from projections.directory import read_widget, read_widget_page

WIDGETS = "/api/v1/widgets"
ONE = WIDGETS + "/{widget_id:str}"
READERS = STAFF | {"auditor"}
ORDER = "widgets"

Archived = Annotated[bool, QueryParameter(name="archived", description="The archived ones instead.")]


class WidgetList(msgspec.Struct, frozen=True, rename="camel"):
    data: tuple[WidgetBody, ...]
    next_cursor: str | None = None


@get(
    WIDGETS,
    opt={"audience": "member", "roles": READERS},
    summary="List widgets",
    operation_id="listWidgets",
    tags=["widgets"],
)
async def list_widgets(
    request: JsonRequest,
    caller: Asker,
    parts: Parts,
    archived: Archived = False,
    limit: Limit = 50,
    cursor: PageCursor = None,
) -> Response[WidgetList]:
    """In order of their installation."""
    after = _after(cursor)
    seq = await reached(parts, request, caller.tenant_id, "directory")
    async with parts.database.tenant(caller.tenant_id) as connection:
        page = await read_widget_page(connection, caller.tenant_id, after, limit, archived=archived)
    more = None if page.last is None else encode_cursor(Cursor(ORDER, str(page.last), ""))
    return answer(WidgetList(tuple(widget_body(view) for view in page.widgets), more), seq=seq)


@post(
    WIDGETS,
    status_code=201,
    opt={"audience": "member", "roles": may(CreateWidget)},
    summary="Create a widget",
    operation_id="createWidget",
    tags=["widgets"],
)
async def create_widget(
    request: JsonRequest, data: JSONBody[WidgetRequest], caller: Asker, parts: Parts
) -> Response[WidgetBody]:
    """It has no token yet: rotate makes the first one."""
    actor, command = caller.actor(), CreateWidget(change=change_of(data))
    receipt = await parts.bus.execute(actor, command, order_of(request, actor, command))
    installed = next(event for event in receipt.events if isinstance(event, WidgetInstalled))
    return await _as_logged(parts, caller.tenant_id, installed.originator_id, receipt, 201)


@get(
    ONE,
    opt={"audience": "member", "roles": READERS},
    summary="Get a widget",
    operation_id="getWidget",
    tags=["widgets"],
)
async def get_widget(
    request: JsonRequest, widget_id: FromPath[str], caller: Asker, parts: Parts
) -> Response[WidgetBody]:
    """All that can be set, also of an archived one. What visitors may know of it is `GET …/config`."""
    id = parse("widget", widget_id)
    seq = await reached(parts, request, caller.tenant_id, "directory")
    async with parts.database.tenant(caller.tenant_id) as connection:
        view = await read_widget(connection, caller.tenant_id, id)
    if view is None:
        raise NotFound
    return answer(widget_body(view), seq=seq, version=view.config_version)


@patch(
    ONE,
    status_code=200,
    opt={"audience": "member", "roles": may(ConfigureWidget)},
    summary="Change a widget",
    operation_id="changeWidget",
    tags=["widgets"],
)
async def change_widget(
    request: JsonRequest,
    widget_id: FromPath[str],
    data: JSONBody[WidgetChangeRequest],
    caller: Asker,
    parts: Parts,
) -> Response[WidgetBody]:
    """Only what is named changes. `If-Match` with its `configVersion` never overwrites somebody else's change."""
    actor, id = caller.actor(), parse("widget", widget_id)
    command = ConfigureWidget(widget_id=id, change=change_of(data), expected_version=expected_version(request))
    receipt = await parts.bus.execute(actor, command, order_of(request, actor, command))
    return await _as_logged(parts, caller.tenant_id, id, receipt, 200)


@delete(
    ONE,
    status_code=204,
    opt={"audience": "member", "roles": may(ArchiveWidget)},
    summary="Archive a widget",
    operation_id="archiveWidget",
    tags=["widgets"],
)
async def archive_widget(
    request: JsonRequest, widget_id: FromPath[str], caller: Asker, parts: Parts
) -> Response[None]:
    """Its tokens are revoked and its visitors' sockets closed; its conversations stay. Twice changes nothing."""
    actor, id = caller.actor(), parse("widget", widget_id)
    command = ArchiveWidget(widget_id=id)
    receipt = await parts.bus.execute(actor, command, order_of(request, actor, command))
    await parts.access.widget_tokens.revoke_all(caller.tenant_id, id)
    return answer_to_command(None, receipt, 204)


ROUTES = (list_widgets, create_widget, get_widget, change_widget, archive_widget)


async def widget_in_log(parts: HttpParts, tenant_id: int, widget_id: UUID) -> Widget:
    """As the log has it now. Raises NotFound where this tenant has none."""
    aggregate: Aggregate | None = None
    for one in await parts.reader.stream(tenant_id, widget_id):
        aggregate = one.event.mutate(aggregate)
    if not isinstance(aggregate, Widget):
        raise NotFound
    return aggregate


async def _as_logged(
    parts: HttpParts, tenant_id: int, widget_id: UUID, receipt: Receipt, status: int
) -> Response[WidgetBody]:
    """Out of the log itself, so the answer holds what was just done."""
    widget = await widget_in_log(parts, tenant_id, widget_id)
    return answer_to_command(widget_body(widget_view(widget)), receipt, status, widget.config_version)


def _after(cursor: str | None) -> int:
    if cursor is None:
        return 0
    key = decode_cursor(cursor, ORDER).key
    if not key.isascii() or not key.isdigit() or len(key) > 18:
        raise Invalid("cursor is not one of ours.")
    return int(key)
