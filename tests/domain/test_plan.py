"""Plan: limits, weights, and one notice per meter and period."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from domain.metering import end_of, period_of
from domain.plan import LimitNeared, Limits, ModelWeight, Plan, weighed
from domain.refusals import Invalid
from tests.support.stamps import stamp

SOME = Limits(messages=100)


def plan(limits: Limits = SOME, *weights: ModelWeight) -> Plan:
    made = Plan(uuid4())
    made.change(stamp(), 7, limits, weights)
    made.collect_events()
    return made


def test_the_same_limits_again_change_nothing() -> None:
    known = plan(SOME, ModelWeight("a", 500), ModelWeight("b", 1))
    known.change(stamp(), 7, SOME, (ModelWeight("b", 1), ModelWeight("a", 500)))
    assert known.collect_events() == []


@pytest.mark.parametrize(
    ("limits", "weights"),
    [
        (Limits(tokens=-1), ()),
        (Limits(storage_bytes=2**53), ()),
        (SOME, (ModelWeight("a", -1),)),
        (SOME, (ModelWeight("a", 1), ModelWeight("a", 2))),
        (SOME, (ModelWeight(" ", 1),)),
    ],
)
def test_what_is_no_limit_or_weight_is_refused(limits: Limits, weights: Any) -> None:
    with pytest.raises(Invalid):
        Plan(uuid4()).change(stamp(), 7, limits, weights)


def test_eighty_percent_are_noticed_once_per_meter_and_period() -> None:
    known = plan()
    known.notice(stamp(), "messages", 202603, 79)
    assert known.collect_events() == []
    known.notice(stamp(), "messages", 202603, 80)
    known.notice(stamp(), "messages", 202603, 95)
    known.notice(stamp(), "messages", 202604, 81)
    known.notice(stamp(), "tokens", 202603, 10**9)
    noticed = [event for event in known.collect_events() if isinstance(event, LimitNeared)]
    assert [(one.period, one.used, one.limit) for one in noticed] == [(202603, 80, 100), (202604, 81, 100)]


def test_tokens_are_weighed_and_rounded_up() -> None:
    weights = (ModelWeight("big", 2500), ModelWeight("free", 0))
    assert [weighed(weights, model, 21) for model in ("big", "free", "other", None)] == [53, 0, 21, 21]


def test_a_period_is_a_calendar_month_in_utc_and_a_level_has_none() -> None:
    last = datetime.fromisoformat("2027-01-01T00:30:00+01:00")
    assert period_of("messages", last) == 202612
    assert end_of(202612) == datetime(2027, 1, 1, tzinfo=UTC)
    assert period_of("storage_bytes", last) == 0
    assert end_of(0) is None
