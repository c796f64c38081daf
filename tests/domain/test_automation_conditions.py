"""What must be so of a conversation: each condition, turned round, all of them or any."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from domain.automation_conditions import (
    AssigneeIs,
    AttributeIs,
    ChannelIs,
    Condition,
    ContactIsVerified,
    ConversationFacts,
    HandledByIs,
    IsOpen,
    LabelIs,
    PriorityIs,
    StatusIs,
    TeamIs,
    TextContains,
    TextHasWord,
    WidgetIs,
    hold,
    holds,
    may_hold,
    named_in,
    valid_conditions,
)
from domain.refusals import Invalid, NotFound

TEAM, AGENT, WIDGET = (f"{prefix}_{'0' * 31}1" for prefix in ("tea", "agt", "wid"))
FACTS = ConversationFacts(
    text="Where is my Refund? STRASSE",
    channel="voice",
    widget=WIDGET,
    labels=frozenset({"vip"}),
    priority="high",
    team=TEAM,
    assignee=AGENT,
    status="pending",
    handled_by="agent",
    attributes={"plan": "pro", "seats": 1, "trial": True},
    is_verified=True,
    is_open=False,
    open_teams=frozenset({TEAM}),
)


@pytest.mark.parametrize(
    ("condition", "is_so"),
    [
        (TextContains(contains=("nothing", "is my refund")), True),
        (TextContains(contains=("straße",)), True),
        (TextContains(contains=("rebate",)), False),
        (TextHasWord(any=("refund",)), True),
        (TextHasWord(any=("fund",)), False),
        (ChannelIs(value="voice"), True),
        (WidgetIs(value=WIDGET), True),
        (LabelIs(value="vip"), True),
        (LabelIs(value="vi"), False),
        (PriorityIs(value="high"), True),
        (PriorityIs(value=None), False),
        (TeamIs(value=TEAM), True),
        (AssigneeIs(value=None), False),
        (StatusIs(value="pending"), True),
        (HandledByIs(value="bot"), False),
        (AttributeIs(name="plan", value="pro"), True),
        (AttributeIs(name="seats", value=1), True),
        (AttributeIs(name="trial", value=1), False),
        (AttributeIs(name="absent", value=None), True),
        (ContactIsVerified(), True),
        (IsOpen(), False),
        (IsOpen(team=TEAM), True),
        (IsOpen(team="tea_other"), False),
    ],
)
def test_each_looks_at_its_own_fact_and_can_be_turned_round(condition: Condition, is_so: bool) -> None:
    assert holds(condition, FACTS) is is_so
    assert holds(replace(condition, negated=True), FACTS) is not is_so


def test_without_a_text_nothing_is_said() -> None:
    assert not holds(TextContains(contains=("a",)), ConversationFacts())
    assert not holds(TextHasWord(any=("a",)), ConversationFacts())


def test_all_or_any_and_none_at_all_is_always_so() -> None:
    both = (LabelIs(value="vip"), LabelIs(value="other"))
    assert not hold("all", both, FACTS)
    assert hold("any", both, FACTS)
    assert hold("all", (), FACTS)
    assert hold("any", (), FACTS)


def test_the_text_alone_can_forbid_but_never_grant() -> None:
    asked = (TextHasWord(any=("refund",)), LabelIs(value="other"))
    assert may_hold("all", asked, "a refund")
    assert not may_hold("all", asked, "hello")
    assert may_hold("any", asked, "hello")


@pytest.mark.parametrize(
    ("wrong", "refusal"),
    [
        (TextContains(contains=()), Invalid),
        (TextContains(contains=(" ",)), Invalid),
        (TextHasWord(any=("two words",)), Invalid),
        (LabelIs(value=""), Invalid),
        (AttributeIs(name="1", value=None), Invalid),
        (WidgetIs(value="wid_1"), NotFound),
        (TeamIs(value=AGENT), NotFound),
        (IsOpen(team="nobody"), NotFound),
    ],
)
def test_what_nothing_could_meet_is_refused(wrong: Condition, refusal: Any) -> None:
    with pytest.raises(refusal):
        valid_conditions((wrong,))


def test_phrases_are_trimmed_and_labels_are_lower_case() -> None:
    given = (TextContains(contains=(" a ", "a")), LabelIs(value=" VIP "))
    assert valid_conditions(given) == (TextContains(contains=("a",)), LabelIs(value="vip"))


def test_what_is_named_is_told() -> None:
    given = (WidgetIs(value=WIDGET), TeamIs(value=None), AssigneeIs(value=AGENT), IsOpen(team=TEAM), IsOpen())
    assert list(named_in(given)) == [("widget", WIDGET), ("agent", AGENT), ("team", TEAM)]


def test_there_are_at_most_twenty() -> None:
    with pytest.raises(Invalid):
        valid_conditions((ContactIsVerified(),) * 21)
