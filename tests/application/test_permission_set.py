"""Permission sets: who holds which, what it opens, and that nobody climbs by one."""

from __future__ import annotations

import asyncio
from typing import get_args
from uuid import UUID

import pytest

from application.actor import Actor, system
from application.agent import ChangeAgentRole, GivePermissionSet, InviteAgent
from application.availability import SetAvailability
from application.command import Command
from application.conversation import PostMessage
from application.handling import AcceptConversation
from application.permission_set import ChangePermissionSet, CreatePermissionSet, RemovePermissionSet
from application.permissions import PERMISSIONS
from application.permit import permit
from application.rights import RESERVED, RIGHTS, PermissionMissing
from application.scopes import SCOPES
from application.webhook import CreateWebhook
from domain.agent import AgentInvited, AgentRoleChanged
from domain.kernel import By
from domain.ownership import LastOwner
from domain.permission_set import Permission, PermissionSetInUse
from domain.refusals import Conflict, Forbidden, NotFound
from tests.support.house import ADMIN, ANNA, BEN, TENANT, House

EVERYTHING: tuple[Permission, ...] = get_args(Permission)
SYSTEM = system(TENANT)
OWNER = Actor(TENANT, By("agent", ANNA), "owner")


def holder(*permissions: Permission) -> Actor:
    return Actor(TENANT, By("agent", BEN), "agent", permissions=frozenset(permissions))


def blank(command: type[Command]) -> Command:
    return command(**dict.fromkeys(command.__struct_fields__))


def is_let(actor: Actor, command: type[Command]) -> bool:
    try:
        permit(actor, blank(command))
    except PermissionMissing:
        return False
    return True


@pytest.fixture
async def house() -> House:
    house = House()
    await house.do(SYSTEM, InviteAgent(agent_id=BEN, name="Ben", email="ben@shop.test"))
    return house


async def a_set(house: House, *permissions: Permission) -> UUID:
    command = CreatePermissionSet(name="Webhooks", permissions=permissions or ("webhooks:manage",))
    return (await house.do(ADMIN, command)).events[0].originator_id


def give(set_id: UUID, agent_id: UUID = BEN) -> GivePermissionSet:
    return GivePermissionSet(agent_id=agent_id, permission_set_id=set_id)


async def types(house: House, *commands: Command) -> list[str]:
    return [event.TYPE for one in commands for event in (await house.do(ADMIN, one)).events]


@pytest.mark.parametrize("permission", EVERYTHING)
def test_a_permission_opens_its_commands_and_no_other(permission: Permission) -> None:
    opened = {command for command in PERMISSIONS if is_let(holder(permission), command)}
    assert opened == {command for command, needed in RIGHTS.items() if needed == permission}


def test_a_set_stands_in_place_of_the_roles_rights() -> None:
    hooks = holder("webhooks:manage")
    assert is_let(hooks, CreateWebhook)
    assert not is_let(hooks, PostMessage)
    assert not is_let(hooks, AcceptConversation)
    assert not is_let(hooks, SetAvailability)


def test_everything_in_one_set_is_less_than_an_admin() -> None:
    for command in RESERVED:
        assert not is_let(holder(*EVERYTHING), command)
    beyond = [command for command in RIGHTS if "admin" not in PERMISSIONS[command]]
    assert beyond == []


def test_every_command_of_an_admin_is_in_a_set_or_reserved() -> None:
    """Whoever adds a command decides: application/rights.py."""
    admins = {command for command, roles in PERMISSIONS.items() if "admin" in roles}
    assert admins - RIGHTS.keys() == RESERVED
    assert SCOPES.items() <= RIGHTS.items()


async def test_nobody_who_holds_a_set_gives_one(house: House) -> None:
    set_id = await a_set(house)
    for command in (
        CreatePermissionSet(name="More", permissions=EVERYTHING),
        ChangePermissionSet(permission_set_id=set_id, permissions=EVERYTHING),
        RemovePermissionSet(permission_set_id=set_id),
        give(set_id),
        ChangeAgentRole(agent_id=BEN, role="admin"),
        InviteAgent(agent_id=UUID(int=5), name="Eve", email="eve@shop.test", role="admin"),
    ):
        with pytest.raises(PermissionMissing):
            await house.do(holder(*EVERYTHING), command)


async def test_a_set_is_given_once_and_both_streams_say_so(house: House) -> None:
    set_id = await a_set(house)
    taken, changed = (await house.do(ADMIN, give(set_id))).events[::-1]
    assert {taken.TYPE, changed.TYPE} == {"permission_set.given.1", "agent.role_changed.1"}
    role = taken if isinstance(taken, AgentRoleChanged) else changed
    assert isinstance(role, AgentRoleChanged)
    assert (role.role, role.permission_set_id) == ("agent", set_id)
    assert (await house.do(ADMIN, give(set_id))).events == ()


async def test_another_set_or_a_role_takes_the_one_before(house: House) -> None:
    first, second = await a_set(house), await a_set(house)
    await house.do(ADMIN, give(first))
    assert sorted(await types(house, give(second))) == [
        "agent.role_changed.1",
        "permission_set.given.1",
        "permission_set.taken.1",
    ]
    assert sorted(await types(house, ChangeAgentRole(agent_id=BEN, role="agent"))) == [
        "agent.role_changed.1",
        "permission_set.taken.1",
    ]
    assert await types(house, ChangeAgentRole(agent_id=BEN, role="agent")) == []
    assert await types(house, RemovePermissionSet(permission_set_id=first)) == ["permission_set.removed.1"]


async def test_somebody_is_invited_with_a_set(house: House) -> None:
    command = CreatePermissionSet(name="Numbers", permissions=("reports:read",), ground="analyst")
    set_id = (await house.do(ADMIN, command)).events[0].originator_id
    eve = InviteAgent(agent_id=ANNA, name="Eve", email="eve@shop.test", role="agent", permission_set_id=set_id)
    invited = next(one for one in (await house.do(ADMIN, eve)).events if isinstance(one, AgentInvited))
    assert (invited.role, invited.permission_set_id) == ("analyst", set_id)
    with pytest.raises(PermissionSetInUse):
        await house.do(ADMIN, RemovePermissionSet(permission_set_id=set_id))


async def test_an_owner_is_given_a_set_by_owners_only_and_the_last_never(house: House) -> None:
    set_id = await a_set(house)
    await house.do(SYSTEM, InviteAgent(agent_id=ANNA, name="Anna", email="a@shop.test", role="owner"))
    with pytest.raises(Forbidden):
        await house.do(ADMIN, give(set_id, ANNA))
    with pytest.raises(LastOwner):
        await house.do(OWNER, give(set_id, ANNA))


async def test_a_set_of_nobody_here_is_not_found(house: House) -> None:
    for command in (
        give(UUID(int=77)),
        ChangePermissionSet(permission_set_id=UUID(int=77), name="x"),
        RemovePermissionSet(permission_set_id=BEN),
    ):
        with pytest.raises(NotFound):
            await house.do(ADMIN, command)


async def test_a_set_is_not_removed_while_it_is_given(house: House) -> None:
    """In two processes: each has its own cache and its own turns."""
    set_id = await a_set(house)
    there = house.new_bus()

    async def done(bus: object, command: Command) -> bool:
        try:
            await (house.bus if bus is None else there).execute(ADMIN, command)
        except (Conflict, NotFound):
            return False
        return True

    remove = RemovePermissionSet(permission_set_id=set_id)
    assert sorted(await asyncio.gather(done(None, give(set_id)), done(there, remove))) == [False, True]
