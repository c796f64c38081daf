"""Plan: how much of each meter a tenant may use. What is not limited is unlimited, so a new tenant is."""

from __future__ import annotations

from typing import Literal, get_args

import msgspec

from domain.kernel import Aggregate, Event, Stamp
from domain.refusals import Invalid
from domain.values import required

Meter = Literal["messages", "tokens", "voice_seconds", "storage_bytes", "campaigns"]

METERS: tuple[Meter, ...] = get_args(Meter)
LEVELS: frozenset[str] = frozenset(["storage_bytes"])
"""Meters that go up and down: how much there is, not how much there was in a month."""

WHOLE = 1000
"""A model's weight is in thousandths: a token of a model that weighs 2500 counts as 2.5."""
HEAVIEST = 1000 * WHOLE
MOST = 2**53 - 1
MOST_WEIGHTS = 100
NOTICE_PERCENT = 80


class Limits(msgspec.Struct, frozen=True, omit_defaults=True):
    """The most of each meter: in a calendar month (UTC), of `storage_bytes` at any time. None: no limit."""

    messages: int | None = None
    tokens: int | None = None
    voice_seconds: int | None = None
    storage_bytes: int | None = None
    campaigns: int | None = None

    def of(self, meter: Meter) -> int | None:
        return getattr(self, meter)


class ModelWeight(msgspec.Struct, frozen=True):
    """What a token of this model counts, in thousandths of a token."""

    model: str
    weight: int


class PlanChanged(Event, frozen=True, kw_only=True):
    TYPE = "plan.changed.1"

    tenant_id: int
    limits: Limits
    weights: tuple[ModelWeight, ...] = ()

    def create(self) -> Aggregate:
        return Plan(self.originator_id)

    def apply(self, aggregate: Plan) -> None:
        aggregate.limits, aggregate.weights = self.limits, self.weights


class LimitNeared(Event, frozen=True, kw_only=True):
    """80 % of a limit are used. `period` is the month as yyyymm, 0 for a level."""

    TYPE = "plan.limit_neared.1"

    meter: Meter
    period: int
    used: int
    limit: int

    def apply(self, aggregate: Plan) -> None:
        aggregate.noticed = frozenset([*aggregate.noticed, (self.meter, self.period)])


class Plan(Aggregate):
    """One per tenant."""

    KIND = "plan"

    limits = Limits()
    weights: tuple[ModelWeight, ...] = ()
    noticed: frozenset[tuple[Meter, int]] = frozenset()

    def change(self, stamp: Stamp, tenant_id: int, limits: Limits, weights: tuple[ModelWeight, ...]) -> None:
        """From now on; the same again changes nothing. Raises Invalid."""
        limits, weights = valid_limits(limits), valid_weights(weights)
        if (limits, weights) != (self.limits, self.weights):
            self.record(PlanChanged, stamp, tenant_id=tenant_id, limits=limits, weights=weights)

    def notice(self, stamp: Stamp, meter: Meter, period: int, used: int) -> None:
        """Once per meter and period; nothing to say below 80 % or without a limit."""
        limit = self.limits.of(meter)
        if limit is None or (meter, period) in self.noticed or used * 100 < limit * NOTICE_PERCENT:
            return
        self.record(LimitNeared, stamp, meter=meter, period=period, used=used, limit=limit)

    def weigh(self, model: str | None, tokens: int) -> int:
        """What these tokens count, rounded up."""
        return weighed(self.weights, model, tokens)


def weighed(weights: tuple[ModelWeight, ...], model: str | None, tokens: int) -> int:
    """Tokens of a model without a weight count as they are."""
    weight = next((one.weight for one in weights if one.model == model), WHOLE)
    return -(-tokens * weight // WHOLE)


def valid_limits(limits: Limits) -> Limits:
    """`limits` unchanged. Raises Invalid."""
    for meter in METERS:
        limit = limits.of(meter)
        if limit is not None and not 0 <= limit <= MOST:
            raise Invalid(f"A limit is 0 to {MOST}, or null for none.")
    return limits


def valid_weights(weights: tuple[ModelWeight, ...]) -> tuple[ModelWeight, ...]:
    """By model's name. Raises Invalid."""
    if len(weights) > MOST_WEIGHTS or len({one.model for one in weights}) < len(weights):
        raise Invalid(f"At most {MOST_WEIGHTS} models have a weight, each has one.")
    for one in weights:
        if not 0 <= one.weight <= HEAVIEST:
            raise Invalid(f"A weight is 0 to {HEAVIEST // WHOLE}.")
    made = (ModelWeight(required("model", one.model), one.weight) for one in weights)
    return tuple(sorted(made, key=lambda one: one.model))


EVENTS: tuple[type[Event], ...] = (PlanChanged, LimitNeared)
