"""Continuity of a widget: whether its visitors are told by mail of replies that they were not there to read."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Response, get, put
from litestar.params import FromPath, JSONBody

from application.widget import ConfigureWidget
from application.widget_change import WidgetChange
from domain.continuity_rule import AFTER_MINUTES, LONGEST_WAIT, PAGE, URL_LENGTH, ContinuityRule
from domain.ids import parse
from domain.refusals import NotFound
from interfaces.http.audience import Asker, may
from interfaces.http.body import JsonRequest
from interfaces.http.first_contact import order_of
from interfaces.http.headers import answer, answer_to_command, expected_version
from interfaces.http.parts import Parts
from interfaces.http.position import reached
from interfaces.http.widgets import ONE, READERS, widget_in_log
from projections.directory import read_widget

PATH = ONE + "/continuity"

Minutes = Annotated[int, msgspec.Meta(ge=1, le=LONGEST_WAIT)]
Page = Annotated[str, msgspec.Meta(max_length=URL_LENGTH, pattern=f"^{PAGE.pattern}$")]


class ContinuityRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """The whole of it; what is left out is as by default. `url`: where a mail leads back to, null: to the page
    they were on last, if it is on one of the widget's `origins`.

    `verifiedOnly`: only to addresses that the tenant's own server signed.
    """

    enabled: bool
    after_minutes: Minutes = AFTER_MINUTES
    url: Page | None = None
    verified_only: bool = False


class ContinuityBody(msgspec.Struct, frozen=True, rename="camel"):
    """As the request; `afterMinutes`: how long a reply is unread before its visitor, who is away, is told."""

    enabled: bool
    after_minutes: int
    url: str | None
    verified_only: bool


@get(
    PATH,
    opt={"audience": "member", "roles": READERS},
    summary="Get a widget's continuity",
    operation_id="getWidgetContinuity",
    tags=["widgets"],
)
async def get_widget_continuity(
    request: JsonRequest, widget_id: FromPath[str], caller: Asker, parts: Parts
) -> Response[ContinuityBody]:
    """Off until somebody switches it on. The `ETag` is the widget's `configVersion`."""
    id = parse("widget", widget_id)
    seq = await reached(parts, request, caller.tenant_id, "directory")
    async with parts.database.tenant(caller.tenant_id) as connection:
        view = await read_widget(connection, caller.tenant_id, id)
    if view is None:
        raise NotFound
    return answer(_body(view.settings.continuity), seq=seq, version=view.config_version)


@put(
    PATH,
    status_code=200,
    opt={"audience": "member", "roles": may(ConfigureWidget)},
    summary="Set a widget's continuity",
    operation_id="setWidgetContinuity",
    tags=["widgets"],
)
async def set_widget_continuity(
    request: JsonRequest,
    widget_id: FromPath[str],
    data: JSONBody[ContinuityRequest],
    caller: Asker,
    parts: Parts,
) -> Response[ContinuityBody]:
    """The same again changes nothing. `If-Match` (a `configVersion`) never overwrites somebody else's change."""
    actor, id = caller.actor(), parse("widget", widget_id)
    change = WidgetChange(continuity=ContinuityRule(**msgspec.structs.asdict(data)))
    command = ConfigureWidget(widget_id=id, change=change, expected_version=expected_version(request))
    receipt = await parts.bus.execute(actor, command, order_of(request, actor, command))
    widget = await widget_in_log(parts, caller.tenant_id, id)
    return answer_to_command(_body(widget.settings.continuity), receipt, 200, widget.config_version)


ROUTES = (get_widget_continuity, set_widget_continuity)


def _body(rule: ContinuityRule) -> ContinuityBody:
    return ContinuityBody(**msgspec.structs.asdict(rule))
