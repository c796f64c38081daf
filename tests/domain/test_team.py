"""A team: its members, its rules, and the openings that a timer notes."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from domain.hours import Hours, Opening
from domain.refusals import Invalid
from domain.team import CAPACITY, Routing, RoutingChanged, Team
from tests.support.stamps import NEW_YEAR, refolded, stamp, types

ANNA = UUID(int=1)
DAILY = Hours("UTC", tuple(Opening(day, "09:00", "17:00") for day in range(7)))
"""New Year 2030 is at midnight: closed until 9."""


def team() -> Team:
    made = Team(UUID(int=9))
    made.found(stamp(), 7, " Support ")
    return made


def test_a_team_begins_by_hand_with_the_usual_room() -> None:
    made = team()
    assert (made.name, made.members) == ("Support", frozenset())
    assert made.routing == Routing("manual", CAPACITY, serves_everyone=True, hours=None)


def test_whatever_is_said_twice_changes_nothing() -> None:
    made = team()
    for _ in range(2):
        made.found(stamp(), 7, "Other")
        made.rename(stamp(), "Sales")
        made.add_member(stamp(), ANNA)
        made.route(stamp(), Routing("round_robin"))
    assert types(made) == [
        "team.created.1",
        "team.renamed.1",
        "team.member_added.1",
        "team.routing_changed.1",
    ]
    for _ in range(2):
        made.remove_member(stamp(), ANNA)
        made.remove(stamp())
    assert types(made) == ["team.member_removed.1", "team.removed.1"]


@pytest.mark.parametrize(
    "wrong", [Routing(capacity=-1), Routing(capacity=1_001), Routing(hours=Hours("Nowhere/"))]
)
def test_rules_that_make_no_sense_are_refused(wrong: Routing) -> None:
    made = team()
    with pytest.raises(Invalid):
        made.route(stamp(), wrong)


def test_a_name_is_needed() -> None:
    with pytest.raises(Invalid):
        Team(UUID(int=9)).found(stamp(), 7, "  ")


def test_an_opening_is_noted_once_and_the_next_one_is_due_then() -> None:
    made = team()
    made.route(stamp(), Routing("round_robin", hours=DAILY))
    assert made.opens_at == NEW_YEAR + timedelta(hours=9)
    types(made)
    made.begin_hours(stamp(hours=8))
    assert types(made) == []
    made.begin_hours(stamp(hours=9))
    made.begin_hours(stamp(hours=10))
    assert types(made) == ["team.hours_began.1"]
    assert made.opens_at == NEW_YEAR + timedelta(hours=33)


def test_what_was_slept_through_is_noted_once() -> None:
    made = team()
    made.route(stamp(), Routing("least_loaded", hours=DAILY))
    made.begin_hours(stamp(hours=80))
    made.begin_hours(stamp(hours=80))
    assert types(made)[-2:] == ["team.routing_changed.1", "team.hours_began.1"]
    assert made.opens_at == NEW_YEAR + timedelta(hours=81)


@pytest.mark.parametrize("routing", [Routing("manual", hours=DAILY), Routing("round_robin")])
def test_nothing_is_due_where_no_opening_matters(routing: Routing) -> None:
    made = team()
    made.route(stamp(), routing)
    assert made.opens_at is None


def test_a_folded_team_is_the_same() -> None:
    made = team()
    made.add_member(stamp(), ANNA)
    made.route(stamp(), Routing("round_robin", 3, serves_everyone=False, hours=DAILY))
    events = list(made.collect_events())
    again = refolded(events)
    assert isinstance(again, Team)
    assert (again.members, again.routing, again.opens_at) == (made.members, made.routing, made.opens_at)
    assert isinstance(events[-1], RoutingChanged)
