"""From which addresses a widget may be used: ranges that are blocked, and ranges that alone are allowed."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Response, get, put
from litestar.params import FromPath, JSONBody

from application.widget import SetWidgetAddressRules
from domain.address_rules import LONGEST_RANGE, MOST_RANGES, AddressRules
from domain.ids import parse
from domain.widget import Widget
from interfaces.http.as_of import AsOf, answer_as_of, instant, widget_at
from interfaces.http.audience import Asker, may
from interfaces.http.body import JsonRequest
from interfaces.http.first_contact import order_of
from interfaces.http.headers import answer, answer_to_command, expected_version
from interfaces.http.parts import Parts
from interfaces.http.widgets import ONE, READERS, widget_in_log

RULES = ONE + "/address-rules"

Ranges = Annotated[
    tuple[Annotated[str, msgspec.Meta(max_length=LONGEST_RANGE)], ...], msgspec.Meta(max_length=MOST_RANGES)
]


class AddressRulesRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Addresses and CIDR ranges of IPv4 and IPv6. `blocked` wins; `allowed` empty means everybody else."""

    blocked: Ranges
    allowed: Ranges


class AddressRulesBody(msgspec.Struct, frozen=True):
    """As they are compared: written one way, none within another. `version` 0: none were ever set."""

    blocked: tuple[str, ...]
    allowed: tuple[str, ...]
    version: int


@get(
    RULES,
    opt={"audience": "member", "roles": READERS},
    summary="Get a widget's address rules",
    operation_id="getWidgetAddressRules",
    tags=["widgets"],
)
async def get_widget_address_rules(
    widget_id: FromPath[str], caller: Asker, parts: Parts, as_of: AsOf = None
) -> Response[AddressRulesBody]:
    """Straight from the log. With `asOf`, as they were then."""
    id = parse("widget", widget_id)
    if as_of is not None:
        at = await instant(parts, caller.tenant_id, as_of)
        return answer_as_of(_body(await widget_at(parts, caller.tenant_id, id, at)), at)
    widget = await widget_in_log(parts, caller.tenant_id, id)
    seq = (await parts.reader.tenant_heads([caller.tenant_id]))[caller.tenant_id]
    return answer(_body(widget), seq=seq, version=widget.address_rules_version)


@put(
    RULES,
    status_code=200,
    opt={"audience": "member", "roles": may(SetWidgetAddressRules)},
    summary="Set a widget's address rules",
    operation_id="setWidgetAddressRules",
    tags=["widgets"],
)
async def set_widget_address_rules(
    request: JsonRequest,
    widget_id: FromPath[str],
    data: JSONBody[AddressRulesRequest],
    caller: Asker,
    parts: Parts,
) -> Response[AddressRulesBody]:
    """All of them; `If-Match` with their version never overwrites somebody else's.

    Whoever comes from elsewhere is answered 403 `address_blocked` on every route of visitors: at once in the
    process that is asked, within 5 s in the others; sockets that are open close with 4403 in that time. Members
    are not asked where they are.
    """
    actor, id = caller.actor(), parse("widget", widget_id)
    rules = AddressRules(data.blocked, data.allowed)
    command = SetWidgetAddressRules(widget_id=id, rules=rules, expected_version=expected_version(request))
    receipt = await parts.bus.execute(actor, command, order_of(request, actor, command))
    parts.access.addresses.forget(caller.tenant_id, id)
    widget = await widget_in_log(parts, caller.tenant_id, id)
    return answer_to_command(_body(widget), receipt, version=widget.address_rules_version)


ROUTES = (get_widget_address_rules, set_widget_address_rules)


def _body(widget: Widget) -> AddressRulesBody:
    rules = widget.address_rules
    return AddressRulesBody(rules.blocked, rules.allowed, widget.address_rules_version)
