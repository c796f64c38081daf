"""Agents: invited, given a role, deactivated."""

from __future__ import annotations

from uuid import UUID

import pytest

from domain.agent import Agent, AgentInvited
from domain.refusals import Invalid
from tests.support.stamps import refolded, stamp, types

ID = UUID(int=1)


def invited() -> Agent:
    agent = Agent(ID)
    agent.invite(stamp(), 7, "Anna", "Anna@Example.org", "agent")
    return agent


def test_an_invitation_names_them_under_their_own_key() -> None:
    [event] = invited().collect_events()
    assert isinstance(event, AgentInvited)
    assert (event.subject_id, event.name, event.email, event.role) == (ID, "Anna", "anna@example.org", "agent")


def test_inviting_twice_changes_nothing() -> None:
    agent = invited()
    agent.collect_events()
    agent.invite(stamp(), 7, "Anna", "anna@example.org", "owner")
    assert types(agent) == []


@pytest.mark.parametrize(("name", "email"), [(" ", "a@b.c"), ("Anna", "anna"), ("Anna", ""), ("x" * 201, "a@b.c")])
def test_an_invitation_without_name_or_address_is_refused(name: str, email: str) -> None:
    with pytest.raises(Invalid):
        Agent(ID).invite(stamp(), 7, name, email, "agent")


def test_a_role_can_change_and_the_same_again_changes_nothing() -> None:
    agent = invited()
    agent.collect_events()
    agent.change_role(stamp(), "supervisor")
    agent.change_role(stamp(), "supervisor")
    assert types(agent) == ["agent.role_changed.1"]
    assert agent.role == "supervisor"


def test_deactivating_twice_changes_nothing() -> None:
    agent = invited()
    agent.collect_events()
    agent.deactivate(stamp())
    agent.deactivate(stamp())
    assert types(agent) == ["agent.deactivated.1"]
    assert not agent.is_active


def test_its_events_make_it_again() -> None:
    agent = invited()
    agent.change_role(stamp(), "admin")
    again = refolded(list(agent.collect_events()))
    assert isinstance(again, Agent)
    assert (again.role, again.is_active) == ("admin", True)
