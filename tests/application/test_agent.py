"""Who may do what to whom: invitations, roles, owners."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from application.actor import system
from application.agent import (
    ChangeAgentRole,
    DeactivateAgent,
    InviteAgent,
    JoinAsAgent,
    ReactivateAgent,
    RenewInvitation,
)
from application.bus import CommandBus
from domain.agent import AgentIsDeactivated, AlreadyJoined, InvitationIssued, Role
from domain.ownership import LastOwner
from domain.refusals import Conflict, Forbidden, NotFound
from tests.support.house import ADMIN, ANNA, BEN, TENANT, House, agent

SYSTEM = system(TENANT)


@pytest.fixture
def house() -> House:
    return House()


OWNER = agent(ANNA, "owner")


def invite(agent_id: UUID, role: Role = "agent", link_days: int = 0) -> InviteAgent:
    email = f"{agent_id.hex}@shop.test"
    return InviteAgent(agent_id=agent_id, name="Anna", email=email, role=role, link_days=link_days)


async def types(house: House, *commands: object) -> list[str]:
    return [event.TYPE for one in commands for event in (await house.do(OWNER, one)).events]  # pyright: ignore[reportArgumentType]


async def test_an_invitation_by_link_says_until_when(house: House) -> None:
    invited, issued = (await house.do(ADMIN, invite(BEN, link_days=7))).events
    assert isinstance(issued, InvitationIssued)
    assert (invited.TYPE, issued.expires_at) == ("agent.invited.1", house.now + timedelta(days=7))
    assert (await house.do(ADMIN, invite(BEN, "admin", link_days=7))).events == ()


async def test_a_link_is_renewed_until_it_is_followed(house: House) -> None:
    await house.do(ADMIN, invite(BEN, link_days=7))
    assert await types(house, RenewInvitation(agent_id=BEN, link_days=7)) == ["agent.invitation_issued.1"]
    assert [event.TYPE for event in (await house.do(SYSTEM, JoinAsAgent(agent_id=BEN))).events] == [
        "agent.joined.1"
    ]
    assert (await house.do(SYSTEM, JoinAsAgent(agent_id=BEN))).events == ()
    with pytest.raises(AlreadyJoined):
        await house.do(ADMIN, RenewInvitation(agent_id=BEN, link_days=7))


async def test_who_was_given_a_password_needs_no_link(house: House) -> None:
    await house.do(SYSTEM, invite(BEN))
    with pytest.raises(AlreadyJoined):
        await house.do(ADMIN, RenewInvitation(agent_id=BEN, link_days=7))


async def test_a_deactivated_agent_neither_joins_nor_is_invited_again(house: House) -> None:
    await house.do(ADMIN, invite(BEN, link_days=7))
    await house.do(ADMIN, DeactivateAgent(agent_id=BEN))
    for actor, command in (
        (SYSTEM, JoinAsAgent(agent_id=BEN)),
        (ADMIN, RenewInvitation(agent_id=BEN, link_days=7)),
    ):
        with pytest.raises(AgentIsDeactivated):
            await house.do(actor, command)


async def test_an_agent_comes_back_in_their_role(house: House) -> None:
    await house.do(ADMIN, invite(BEN, "supervisor"))
    commands = (DeactivateAgent(agent_id=BEN), ReactivateAgent(agent_id=BEN), ReactivateAgent(agent_id=BEN))
    assert await types(house, *commands) == ["agent.deactivated.1", "agent.reactivated.1"]
    assert await types(house, ChangeAgentRole(agent_id=BEN, role="supervisor")) == []


async def test_an_admin_makes_changes_and_removes_no_owner(house: House) -> None:
    await house.do(SYSTEM, invite(ANNA, "owner", link_days=7))
    await house.do(SYSTEM, invite(BEN, "admin"))
    for command in (
        invite(UUID(int=5), "owner"),
        RenewInvitation(agent_id=ANNA, link_days=7),
        ChangeAgentRole(agent_id=ANNA, role="agent"),
        ChangeAgentRole(agent_id=BEN, role="owner"),
        DeactivateAgent(agent_id=ANNA),
        ReactivateAgent(agent_id=ANNA),
    ):
        with pytest.raises(Forbidden):
            await house.do(ADMIN, command)


async def test_the_last_owner_stays_one(house: House) -> None:
    await house.do(SYSTEM, invite(ANNA, "owner"))
    await house.do(SYSTEM, invite(BEN, "admin"))
    for command in (ChangeAgentRole(agent_id=ANNA, role="admin"), DeactivateAgent(agent_id=ANNA)):
        for actor in (OWNER, SYSTEM):
            with pytest.raises(LastOwner):
                await house.do(actor, command)
    await house.do(OWNER, ChangeAgentRole(agent_id=BEN, role="owner"))
    assert await types(house, DeactivateAgent(agent_id=ANNA)) == [
        "agent.deactivated.1",
        "ownership.owner_removed.1",
    ]
    with pytest.raises(LastOwner):
        await house.do(agent(BEN, "owner"), ChangeAgentRole(agent_id=BEN, role="agent"))


async def test_two_owners_cannot_remove_each_other_at_once(house: House) -> None:
    """In two processes: each has its own cache and its own turns."""
    await house.do(SYSTEM, invite(ANNA, "owner"))
    await house.do(SYSTEM, invite(BEN, "owner"))
    here, there = house.bus, house.new_bus()
    for bus in (here, there):
        await bus.execute(SYSTEM, invite(ANNA, "owner"))

    async def demote(bus: CommandBus, by: UUID, whom: UUID) -> bool:
        try:
            await bus.execute(agent(by, "owner"), ChangeAgentRole(agent_id=whom, role="agent"))
        except Conflict:
            return False
        return True

    done = await asyncio.gather(demote(here, ANNA, BEN), demote(there, BEN, ANNA))
    assert sorted(done) == [False, True]


async def test_a_stranger_is_nobody(house: House) -> None:
    for command in (
        RenewInvitation(agent_id=BEN, link_days=7),
        ChangeAgentRole(agent_id=BEN, role="agent"),
        DeactivateAgent(agent_id=BEN),
        ReactivateAgent(agent_id=BEN),
    ):
        with pytest.raises(NotFound):
            await house.do(ADMIN, command)
