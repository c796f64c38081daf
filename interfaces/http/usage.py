"""Usage: what a tenant used of each meter, and the limits of its plan."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, get, put
from litestar.params import JSONBody, QueryParameter

from application.plan import ChangePlan
from domain.ids import wire
from domain.metering import end_of, period_of
from domain.plan import LEVELS, METERS, WHOLE, Limits, ModelWeight, Plan
from domain.refusals import Invalid
from interfaces.http.audience import MEMBERS, Asker, may
from interfaces.http.body import JsonRequest
from interfaces.http.first_contact import order_of
from interfaces.http.headers import answer, answer_to_command
from interfaces.http.parts import Parts
from interfaces.http.position import reached
from interfaces.http.transcript import Limit, PageCursor
from projections.usage import By, UsageGroup, read_totals, read_usage_by

Amount = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)] | None
Weight = Annotated[float, msgspec.Meta(ge=0, le=1000)]


class LimitsBody(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Null: no limit. `weights`: what one token of a model counts; 1 where it is not named."""

    messages: Amount = None
    tokens: Amount = None
    voice_seconds: Amount = None
    storage_bytes: Amount = None
    campaigns: Amount = None
    weights: dict[str, Weight] = {}


class LimitsAnswer(msgspec.Struct, frozen=True):
    limits: LimitsBody


class MeterBody(msgspec.Struct, frozen=True, rename="camel"):
    """`limit`, `remaining`: null without a limit. `resetAt`: when the month is over; null for what is a level."""

    used: int
    limit: int | None
    remaining: int | None
    reset_at: datetime | None


class UsedBody(msgspec.Struct, frozen=True, rename="camel"):
    messages: int = 0
    tokens: int = 0
    voice_seconds: int = 0
    storage_bytes: int = 0
    campaigns: int = 0


class MetersBody(msgspec.Struct, frozen=True, rename="camel"):
    messages: MeterBody
    tokens: MeterBody
    voice_seconds: MeterBody
    storage_bytes: MeterBody
    campaigns: MeterBody


class GroupBody(msgspec.Struct, frozen=True):
    """`id`: of the widget or agent, or the model's name; null for what belongs to none."""

    id: str | None
    used: UsedBody


class UsageBody(msgspec.Struct, frozen=True, rename="camel"):
    """`data` has the groups where `by` was asked for. Storage is a level: as of now, whatever the month."""

    period: str
    time_zone: str
    meters: MetersBody
    by: By | None
    data: tuple[GroupBody, ...]
    next_cursor: str | None


@get(
    "/api/v1/usage",
    opt={"audience": "member", "roles": MEMBERS},
    summary="Get usage",
    operation_id="getUsage",
    tags=["usage"],
)
async def get_usage(
    request: JsonRequest,
    caller: Asker,
    parts: Parts,
    period: Annotated[str | None, QueryParameter(description="A month, `2026-11`; by default this one.")] = None,
    by: Annotated[By | None, QueryParameter(description="Also by widget, agent or model.")] = None,
    limit: Limit = 50,
    cursor: PageCursor = None,
) -> Response[UsageBody]:
    """Of a calendar month in UTC, out of the log: what is shown here is what is billed."""
    month = period_of("messages", datetime.now(UTC)) if period is None else _month(period)
    seq = await reached(parts, request, caller.tenant_id, "usage")
    async with parts.database.tenant(caller.tenant_id) as connection:
        totals = await read_totals(connection, caller.tenant_id, month)
        page = None if by is None else await read_usage_by(connection, caller.tenant_id, month, by, limit, cursor)
    plan = await parts.allowance.fresh_plan(caller.tenant_id)
    groups = () if page is None or by is None else tuple(_group(by, one) for one in page.groups)
    more = None if page is None else page.next_cursor
    name = f"{month // 100:04}-{month % 100:02}"
    return answer(UsageBody(name, "UTC", _meters(plan, totals, month), by, groups, more), seq=seq)


@put(
    "/api/v1/usage/limits",
    opt={"audience": "member", "roles": may(ChangePlan)},
    summary="Change the plan's limits",
    operation_id="setUsageLimits",
    tags=["usage"],
)
async def set_usage_limits(
    request: JsonRequest, data: JSONBody[LimitsBody], caller: Asker, parts: Parts
) -> Response[LimitsAnswer]:
    """All of them: what is left out is unlimited. Holds in every process within 5 s; what is used counts."""
    actor = caller.actor()
    limits = Limits(*(getattr(data, meter) for meter in METERS))
    weights = tuple(ModelWeight(model, round(weight * WHOLE)) for model, weight in sorted(data.weights.items()))
    command = ChangePlan(limits=limits, weights=weights)
    receipt = await parts.bus.execute(actor, command, order_of(request, actor, command))
    plan = await parts.allowance.fresh_plan(caller.tenant_id)
    return answer_to_command(LimitsAnswer(_limits(plan)), receipt)


ROUTES = (get_usage, set_usage_limits)


def _month(text: str) -> int:
    year, dash, month = text.partition("-")
    is_month = (
        dash and len(year) == 4 and len(month) == 2 and (year + month).isascii() and (year + month).isdigit()
    )
    if not is_month or not 1 <= int(month) <= 12 or not 1 <= int(year) < 9999:
        raise Invalid("period is a month, like 2026-11.")
    return int(year) * 100 + int(month)


def _meters(plan: Plan, totals: dict[str, int], month: int) -> MetersBody:
    made = []
    for meter in METERS:
        used, limit = totals.get(meter, 0), plan.limits.of(meter)
        remaining = None if limit is None else max(0, limit - used)
        made.append(MeterBody(used, limit, remaining, end_of(0 if meter in LEVELS else month)))
    return MetersBody(*made)


def _group(by: By, group: UsageGroup) -> GroupBody:
    id = group.key
    if id is not None and by != "model":
        id = wire(by, UUID(id))
    return GroupBody(id, UsedBody(*(group.amounts.get(meter, 0) for meter in METERS)))


def _limits(plan: Plan) -> LimitsBody:
    weights = {one.model: one.weight / WHOLE for one in plan.weights}
    return LimitsBody(*(plan.limits.of(meter) for meter in METERS), weights=weights)
