"""The JSON of an SLA policy, as it is given and as it is shown."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from domain.ids import parse, wire
from domain.marks import Priority
from domain.refusals import Invalid, NotFound
from domain.sla_policy import (
    LAST_PLACE,
    LONGEST_TARGET,
    OnReopen,
    SlaConditions,
    SlaDefinition,
    SlaHours,
    SlaTargets,
    WarnBefore,
)

Seconds = Annotated[int, msgspec.Meta(ge=1, le=LONGEST_TARGET)]
Percent = Annotated[int, msgspec.Meta(ge=1, le=99)]


class ConditionsBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A conversation fits where each list that is not empty names something of it; `teams`, `widgets` are ids."""

    priorities: tuple[Priority, ...] = ()
    labels: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    widgets: tuple[str, ...] = ()


class TargetsBody(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Seconds; null: not promised."""

    first_response: Seconds | None = None
    next_response: Seconds | None = None
    resolution: Seconds | None = None


class WarnBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much of a target is left when it is warned of: `seconds`, or `percent` of it."""

    seconds: Seconds | None = None
    percent: Percent | None = None


class SlaPolicyRequest(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """All of a policy. `order`: of those that fit the lowest is in force. `warnBefore` null: no warning.

    `businessHours` `team`: the clock runs while the conversation's team is there. `onReopen` `continue`: a
    reopened conversation's resolution goes on with the time it had used.
    """

    name: str
    targets: TargetsBody
    conditions: ConditionsBody = ConditionsBody()
    business_hours: SlaHours = "always"
    warn_before: WarnBody | None = None
    on_reopen: OnReopen = "restart"
    order: Annotated[int, msgspec.Meta(ge=0, le=LAST_PLACE)] = 0
    enabled: bool = True


class SlaPolicyBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`version` rises with each save; a conversation says which one it is under."""

    id: str
    name: str
    targets: TargetsBody
    conditions: ConditionsBody
    business_hours: SlaHours
    warn_before: WarnBody | None
    on_reopen: OnReopen
    order: int
    enabled: bool
    version: int
    updated_at: datetime


class SlaPolicyList(msgspec.Struct, frozen=True, rename="camel"):
    data: tuple[SlaPolicyBody, ...]
    next_cursor: str | None = None


def definition_in(body: SlaPolicyRequest) -> SlaDefinition:
    """Raises Invalid for what is no id."""
    warn = body.warn_before or WarnBody()
    asked = body.conditions
    return SlaDefinition(
        name=body.name,
        targets=SlaTargets(*msgspec.structs.astuple(body.targets)),
        conditions=SlaConditions(
            asked.priorities, asked.labels, _ids("team", asked.teams), _ids("widget", asked.widgets)
        ),
        hours=body.business_hours,
        warn_before=WarnBefore(warn.seconds, warn.percent),
        on_reopen=body.on_reopen,
        order=body.order,
        enabled=body.enabled,
    )


def policy_body(policy_id: UUID, said: SlaDefinition, version: int, updated_at: datetime) -> SlaPolicyBody:
    asked, warn = said.conditions, said.warn_before
    return SlaPolicyBody(
        id=wire("sla_policy", policy_id),
        name=said.name,
        targets=TargetsBody(*msgspec.structs.astuple(said.targets)),
        conditions=ConditionsBody(
            asked.priorities,
            asked.labels,
            tuple(wire("team", id) for id in asked.team_ids),
            tuple(wire("widget", id) for id in asked.widget_ids),
        ),
        business_hours=said.hours,
        warn_before=None if warn == WarnBefore() else WarnBody(warn.seconds, warn.percent),
        on_reopen=said.on_reopen,
        order=said.order,
        enabled=said.enabled,
        version=version,
        updated_at=updated_at,
    )


def _ids(noun: str, given: tuple[str, ...]) -> tuple[UUID, ...]:
    try:
        return tuple(parse(noun, one) for one in given)
    except NotFound:
        raise Invalid(f"There is no {noun} with such an id.") from None
