"""The widget's public look, for both families; never anything secret."""

from __future__ import annotations

import hashlib
from typing import Literal
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.params import FromPath

from domain.ids import parse
from domain.refusals import NotFound
from domain.widget import Position
from interfaces.http.as_of import AsOf, answer_as_of, instant, past_widget
from interfaces.http.audience import Asker
from interfaces.http.body import JsonRequest
from interfaces.http.chat import own_widget
from interfaces.http.headers import POSITION
from interfaces.http.parts import HttpParts, Parts
from interfaces.http.position import reached
from interfaces.wire import maybe_wire
from projections.directory import WidgetView, read_widget


class WidgetLook(msgspec.Struct, frozen=True, rename="camel"):
    primary_color: str
    position: Position
    greeting: str


class Branding(msgspec.Struct, frozen=True):
    logo: str | None


class WidgetConfig(msgspec.Struct, frozen=True, rename="camel"):
    """`name` is what visitors see."""

    name: str
    assistant_id: str | None
    widget: WidgetLook
    branding: Branding


class ConfigAnswer(msgspec.Struct, frozen=True):
    success: Literal[True]
    config: WidgetConfig


@get(
    "/api/widgets/{widget_id:str}/config",
    opt={"audience": "widget"},
    summary="Get widget config",
    operation_id="getWidgetConfig",
    tags=["widgets"],
)
async def get_widget_config(
    request: JsonRequest, widget_id: FromPath[str], caller: Asker, parts: Parts, as_of: AsOf = None
) -> Response[ConfigAnswer]:
    """304 where `If-None-Match` holds the ETag of what would be sent. With `asOf`, as it was then."""
    grant = own_widget(widget_id, caller)
    return await _config(request, parts, caller.tenant_id, grant.widget_id, as_of)


@get(
    "/api/v1/chat/widget/config",
    opt={"audience": "widget"},
    summary="Get the token's widget config",
    operation_id="getChatWidgetConfig",
    tags=["chat"],
)
async def get_chat_widget_config(
    request: JsonRequest, caller: Asker, parts: Parts, as_of: AsOf = None
) -> Response[ConfigAnswer]:
    """The same, found by the widget token; `?widgetId=` may name it, but no other."""
    named = request.query_params.get("widgetId")
    if caller.widget is None or (named is not None and parse("widget", named) != caller.widget.widget_id):
        raise NotFound
    return await _config(request, parts, caller.tenant_id, caller.widget.widget_id, as_of)


async def _config(
    request: JsonRequest, parts: HttpParts, tenant_id: int, widget_id: UUID, as_of: str | None
) -> Response[ConfigAnswer]:
    if as_of is not None:
        at = await instant(parts, tenant_id, as_of)
        return answer_as_of(ConfigAnswer(True, _public(await past_widget(parts, tenant_id, widget_id, at))), at)
    seq = await reached(parts, request, tenant_id, "directory")
    async with parts.database.tenant(tenant_id) as connection:
        view = await read_widget(connection, tenant_id, widget_id)
    if view is None:
        raise NotFound
    body = ConfigAnswer(True, _public(view))
    tag = f'"{hashlib.sha256(msgspec.json.encode(body)).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", POSITION: str(seq)}
    if tag in _tags(request.headers.get("if-none-match", "")):
        return Response(None, status_code=304, headers=headers)  # pyright: ignore[reportReturnType]
    return Response(body, headers=headers)


def _tags(given: str) -> set[str]:
    return {tag.strip().removeprefix("W/") for tag in given.split(",")}


def _public(view: WidgetView) -> WidgetConfig:
    look = view.look
    return WidgetConfig(
        name=look.name,
        assistant_id=maybe_wire("assistant", view.assistant_id),
        widget=WidgetLook(look.primary_color, look.position, look.greeting),
        branding=Branding(look.logo),
    )
