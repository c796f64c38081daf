"""The widget's public config, for both families; never anything secret."""

from __future__ import annotations

import hashlib
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.params import FromPath, QueryParameter

from domain.file import FileRules
from domain.ids import natural_key, parse
from domain.kernel import Aggregate
from domain.refusals import NotFound
from domain.tenant import Tenant
from domain.wording import wished
from infrastructure.clock import now
from interfaces.http.as_of import AsOf, Instant, answer_as_of, instant, past_stream, past_widget
from interfaces.http.audience import Asker
from interfaces.http.availability import hours_now
from interfaces.http.body import JsonRequest
from interfaces.http.chat import own_widget
from interfaces.http.headers import POSITION
from interfaces.http.parts import HttpParts, Parts
from interfaces.http.position import reached
from interfaces.http.widget_config_body import Around, ConfigAnswer, own_hours, public
from projections.directory import read_widget
from projections.files import read_file_rules

Locale = Annotated[
    str | None,
    QueryParameter(name="locale", max_length=100, description="Before `Accept-Language`: de, or de-AT."),
]


@get(
    "/api/widgets/{widget_id:str}/config",
    opt={"audience": "widget"},
    summary="Get widget config",
    operation_id="getWidgetConfig",
    tags=["widgets"],
)
async def get_widget_config(
    request: JsonRequest,
    widget_id: FromPath[str],
    caller: Asker,
    parts: Parts,
    as_of: AsOf = None,
    locale: Locale = None,
) -> Response[ConfigAnswer]:
    """304 where `If-None-Match` holds the ETag of what would be sent. With `asOf`, as it was then."""
    grant = own_widget(widget_id, caller)
    return await _config(_Asked(request, parts, caller.tenant_id, grant.widget_id, locale), as_of)


@get(
    "/api/v1/chat/widget/config",
    opt={"audience": "widget"},
    summary="Get the token's widget config",
    operation_id="getChatWidgetConfig",
    tags=["chat"],
)
async def get_chat_widget_config(
    request: JsonRequest, caller: Asker, parts: Parts, as_of: AsOf = None, locale: Locale = None
) -> Response[ConfigAnswer]:
    """The same, found by the widget token; `?widgetId=` may name it, but no other."""
    named = request.query_params.get("widgetId")
    if caller.widget is None or (named is not None and parse("widget", named) != caller.widget.widget_id):
        raise NotFound
    return await _config(_Asked(request, parts, caller.tenant_id, caller.widget.widget_id, locale), as_of)


def wishes(request: JsonRequest, locale: str | None) -> list[str]:
    """The languages that whoever asks would read, dearest first."""
    said = wished(request.headers.get("accept-language", ""))
    return said if locale is None else [locale, *said]


class _Asked(msgspec.Struct, frozen=True):
    request: JsonRequest
    parts: HttpParts
    tenant_id: int
    widget_id: UUID
    locale: str | None

    @property
    def wishes(self) -> list[str]:
        return wishes(self.request, self.locale)


async def _config(asked: _Asked, as_of: str | None) -> Response[ConfigAnswer]:
    if as_of is not None:
        at = await instant(asked.parts, asked.tenant_id, as_of)
        return answer_as_of(await _past(asked, at), at)
    parts, tenant_id = asked.parts, asked.tenant_id
    seq = await reached(parts, asked.request, tenant_id, "directory")
    await reached(parts, asked.request, tenant_id, "files")
    async with parts.database.tenant(tenant_id) as connection:
        view = await read_widget(connection, tenant_id, asked.widget_id)
        rules = await read_file_rules(connection, tenant_id)
    if view is None:
        raise NotFound
    hours = own_hours(view, now()) or await hours_now(parts, tenant_id)
    return _answer(asked, public(view, Around(rules, hours, asked.wishes, parts.base_url)), seq)


async def _past(asked: _Asked, at: Instant) -> ConfigAnswer:
    """The widget and the tenant's rules as they were, open or closed as then; teams are today's."""
    view = await past_widget(asked.parts, asked.tenant_id, asked.widget_id, at)
    rules = await _past_rules(asked.parts, asked.tenant_id, at)
    (last,) = await asked.parts.reader.tenant_page(asked.tenant_id, at.seq - 1, 1)
    hours = own_hours(view, at.time or last.at) or await hours_now(asked.parts, asked.tenant_id)
    return public(view, Around(rules, hours, asked.wishes, asked.parts.base_url))


async def _past_rules(parts: HttpParts, tenant_id: int, at: Instant) -> FileRules:
    tenant: Aggregate | None = None
    for one in await past_stream(parts, tenant_id, [natural_key(tenant_id, Tenant.KIND)], at):
        tenant = one.event.mutate(tenant)
    return tenant.file_rules if isinstance(tenant, Tenant) else FileRules()


def _answer(asked: _Asked, body: ConfigAnswer, seq: int) -> Response[ConfigAnswer]:
    tag = f'"{hashlib.sha256(msgspec.json.encode(body)).hexdigest()[:32]}"'
    headers = {
        "ETag": tag,
        "Cache-Control": "private, no-cache",
        "Vary": "Accept-Language",
        "Content-Language": body.config.locale,
        POSITION: str(seq),
    }
    if tag in _tags(asked.request.headers.get("if-none-match", "")):
        return Response(None, status_code=304, headers=headers)  # pyright: ignore[reportReturnType]
    return Response(body, headers=headers)


def _tags(given: str) -> set[str]:
    return {tag.strip().removeprefix("W/") for tag in given.split(",")}
