"""What an agent says by hand wins over what their browser says."""

from __future__ import annotations

from uuid import UUID

import pytest

from domain.agent import Agent
from domain.refusals import Invalid
from tests.support.stamps import stamp, types


def agent() -> Agent:
    made = Agent(UUID(int=1))
    made.invite(stamp(), 7, "Anna", "anna@example.test", "agent")
    types(made)
    return made


def test_nobody_is_there_until_they_say_so() -> None:
    assert agent().availability == "offline"


def test_the_same_again_changes_nothing() -> None:
    anna = agent()
    anna.set_availability(stamp(), "online")
    anna.set_availability(stamp(), "online")
    assert types(anna) == ["agent.availability_changed.1"]


def test_idle_takes_an_online_agent_away_and_back() -> None:
    anna = agent()
    anna.set_availability(stamp(), "online")
    anna.notice_idle(stamp(), True)
    assert (anna.availability, anna.is_idle) == ("away", True)
    anna.notice_idle(stamp(), True)
    anna.notice_idle(stamp(), False)
    anna.notice_idle(stamp(), False)
    assert (anna.availability, anna.is_idle) == ("online", False)
    assert types(anna) == ["agent.availability_changed.1"] * 3


@pytest.mark.parametrize("chosen", ["away", "offline"])
@pytest.mark.parametrize("is_idle", [True, False])
def test_what_was_chosen_by_hand_wins(chosen: str, is_idle: bool) -> None:
    anna = agent()
    anna.set_availability(stamp(), "online")
    anna.set_availability(stamp(), chosen)  # pyright: ignore[reportArgumentType]
    types(anna)
    anna.notice_idle(stamp(), is_idle)
    assert types(anna) == []


def test_away_by_hand_while_idle_stays_away_when_they_move_again() -> None:
    anna = agent()
    anna.set_availability(stamp(), "online")
    anna.notice_idle(stamp(), True)
    anna.set_availability(stamp(), "away")
    anna.notice_idle(stamp(), False)
    assert (anna.availability, anna.is_idle) == ("away", False)


def test_a_capacity_of_their_own_is_set_and_taken_back() -> None:
    anna = agent()
    anna.set_capacity(stamp(), 3)
    anna.set_capacity(stamp(), 3)
    anna.set_capacity(stamp(), None)
    assert types(anna) == ["agent.capacity_set.1"] * 2
    with pytest.raises(Invalid):
        anna.set_capacity(stamp(), 5000)
