"""Who gets what: oldest first, sticky only if they are there, never more than there is room for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest

from application.routing import Desk, Floor, OpenState, TeamDesk, Waiting, decide, opening, queues_with_room
from domain.agent import Availability
from domain.hours import Hours, Opening
from domain.team import Routing, Strategy

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
ANNA, BEN, CARA = UUID(int=1), UUID(int=2), UUID(int=3)
TEAM, OTHER = UUID(int=0xE1), UUID(int=0xE2)
NIGHT = Hours("UTC", tuple(Opening(day, "22:00", "24:00") for day in range(7)))


def waits(number: int, minutes: int = 0, **more: UUID | None) -> Waiting:
    since = NOW - timedelta(minutes=minutes)
    return Waiting(UUID(int=0xF00 + number), UUID(int=1), 1, since, **more)  # pyright: ignore[reportArgumentType]


def desk(agent_id: UUID, load: int = 0, availability: Availability = "online", **more: int | bool) -> Desk:
    return Desk(agent_id, availability, load=load, **more)  # pyright: ignore[reportArgumentType]


def team(strategy: Strategy = "least_loaded", id: UUID = TEAM, *members: UUID, **more: object) -> TeamDesk:
    routing = Routing(strategy, **more)  # pyright: ignore[reportArgumentType]
    return TeamDesk(id, frozenset(members or (ANNA, BEN)), routing)


def given(floor: Floor) -> list[tuple[int, UUID, str]]:
    return [(one.conversation_id.int - 0xF00, one.agent_id, one.rule) for one in decide(floor, NOW)]


def test_the_least_loaded_by_share_of_their_room_gets_the_oldest_first() -> None:
    desks = (desk(ANNA, 3, capacity=4), desk(BEN, 4, capacity=16))
    floor = Floor(1, desks, (team(),), (waits(1, 5), waits(2, 9)))
    assert given(floor) == [(2, BEN, "least_loaded"), (1, BEN, "least_loaded")]


def test_round_robin_goes_to_whom_nothing_was_given_for_longest() -> None:
    desks = (desk(ANNA, 5, last_given=7), desk(BEN, 0, last_given=9))
    floor = Floor(1, desks, (team("round_robin"),), tuple(waits(number, 9 - number) for number in range(3)))
    assert [agent for _, agent, _ in given(floor)] == [ANNA, BEN, ANNA]


def test_nobody_gets_more_than_there_is_room_for() -> None:
    desks = (desk(ANNA, 7), desk(BEN, 0, capacity=1))
    floor = Floor(1, desks, (team(),), tuple(waits(number) for number in range(9)))
    assert sorted(agent for _, agent, _ in given(floor)) == [ANNA, BEN]


@pytest.mark.parametrize(
    "absent",
    [desk(ANNA, availability="away"), desk(ANNA, availability="offline"), desk(ANNA, is_staff=False)],
)
def test_nobody_who_is_not_there_gets_anything(absent: Desk) -> None:
    floor = Floor(1, (absent,), (team(),), (waits(1, last_agent_id=ANNA),))
    assert given(floor) == []


def test_who_had_it_before_gets_it_again_if_they_have_room() -> None:
    waiting = (waits(1, last_agent_id=BEN),)
    assert given(Floor(1, (desk(ANNA), desk(BEN, 7)), (team(),), waiting)) == [(1, BEN, "sticky")]
    assert given(Floor(1, (desk(ANNA), desk(BEN, 8)), (team(),), waiting)) == [(1, ANNA, "least_loaded")]


def test_who_let_it_go_gets_it_again_only_if_nobody_else_is_there() -> None:
    waiting = (waits(1, last_agent_id=ANNA, let_go_by=ANNA),)
    assert given(Floor(1, (desk(ANNA), desk(BEN, 7)), (team(),), waiting)) == [(1, BEN, "least_loaded")]
    assert given(Floor(1, (desk(ANNA), desk(BEN, 8)), (team(),), waiting)) == [(1, ANNA, "least_loaded")]


def test_manual_and_closed_teams_are_given_nothing() -> None:
    for idle in (team("manual"), team("round_robin", hours=NIGHT)):
        floor = Floor(1, (desk(ANNA),), (idle,), (waits(1, team_id=TEAM), waits(2)))
        assert given(floor) == []
        assert queues_with_room(floor.desks, floor.teams, NOW).is_empty


def test_a_teams_queue_is_its_own_and_everyones_is_for_those_who_serve_it() -> None:
    teams = (team("round_robin", TEAM, ANNA, serves_everyone=False), team("round_robin", OTHER, BEN))
    floor = Floor(1, (desk(ANNA), desk(BEN)), teams, (waits(1, team_id=TEAM), waits(2), waits(3, team_id=OTHER)))
    assert {number: agent for number, agent, _ in given(floor)} == {1: ANNA, 2: BEN, 3: BEN}


def test_the_queue_of_a_team_that_is_gone_is_everyones() -> None:
    floor = Floor(1, (desk(ANNA),), (team(),), (waits(1, team_id=OTHER),))
    assert given(floor) == [(1, ANNA, "least_loaded")]


def test_room_is_shared_between_an_agents_teams() -> None:
    teams = (team("least_loaded", TEAM, ANNA), team("least_loaded", OTHER, ANNA))
    waiting = tuple(waits(number, team_id=(TEAM, OTHER)[number % 2]) for number in range(20))
    assert len(given(Floor(1, (desk(ANNA, 3),), teams, waiting))) == 5


def test_hours_are_those_of_the_teams_that_serve_the_queue() -> None:
    tonight = NOW.replace(hour=22)
    assert opening(None, (), NOW) == OpenState(True)
    assert opening(None, (team(),), NOW) == OpenState(True)
    assert opening(None, (team(hours=NIGHT),), NOW) == OpenState(False, tonight)
    assert opening(TEAM, (team(hours=Hours()),), NOW) == OpenState(False, None)
    assert opening(None, (team(hours=NIGHT), team(id=OTHER)), NOW) == OpenState(True)


GERMAN, LEGAL = frozenset(["german"]), frozenset(["legal"])


def able(agent_id: UUID, *skills: str, load: int = 0) -> Desk:
    return Desk(agent_id, "online", load=load, skills=frozenset(skills))


def asks(number: int, skills: frozenset[str], minutes: int = 0, **more: UUID | None) -> Waiting:
    return msgspec.structs.replace(waits(number, minutes, **more), skills=skills)


def test_who_has_the_skills_comes_first_but_nobody_waits_for_them() -> None:
    waiting = (asks(1, GERMAN),)
    assert given(Floor(1, (able(ANNA), able(BEN, "german", load=7)), (team(),), waiting)) == [
        (1, BEN, "least_loaded")
    ]
    assert given(Floor(1, (able(ANNA), able(BEN, "german", load=8)), (team(),), waiting)) == [
        (1, ANNA, "least_loaded")
    ]


def test_where_skills_are_needed_nobody_else_is_assigned() -> None:
    rules = team(skill_rule="need")
    waiting = (asks(1, GERMAN, 9), asks(2, LEGAL, 5), waits(3))
    assert given(Floor(1, (able(ANNA), able(BEN, "legal")), (rules,), waiting)) == [
        (2, BEN, "least_loaded"),
        (3, ANNA, "least_loaded"),
    ]


def test_a_team_may_ask_for_skills_of_all_that_is_in_its_queue() -> None:
    rules = team(skill_rule="need", skills=("german",))
    waiting = (asks(1, LEGAL, 5), waits(2))
    both = able(BEN, "german", "legal", load=7)
    assert given(Floor(1, (able(ANNA, "legal"), both), (rules,), waiting)) == [(1, BEN, "least_loaded")]


def test_who_had_it_before_gets_it_again_only_if_they_have_the_skills_that_others_have() -> None:
    waiting = (asks(1, GERMAN, last_agent_id=ANNA),)
    assert given(Floor(1, (able(ANNA), able(BEN, "german")), (team(),), waiting)) == [(1, BEN, "least_loaded")]


def test_a_free_seat_suits_only_whom_it_would_be_given_to() -> None:
    """What is read of the queue is what `decide` can do something with: the rest stands in nobody's way."""
    desks, teams = (able(ANNA, "german"),), (team(skill_rule="need", serves_everyone=False),)
    seats = queues_with_room(desks, teams, NOW).seats
    assert [
        any(seat.suits(queue, asked) for seat in seats)
        for queue, asked in ((TEAM, GERMAN), (TEAM, frozenset[str]()), (TEAM, LEGAL), (None, GERMAN))
    ] == [True, True, False, False]
