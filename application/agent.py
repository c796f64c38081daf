"""Commands about an agent."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from application.actor import Actor
from application.command import Command, Handlers
from application.work import Work
from domain.agent import Agent, Role
from domain.ids import natural_key
from domain.ownership import Ownership
from domain.permission_set import PermissionSet
from domain.refusals import Forbidden

OWNERS = frozenset(["owner", "system"])
"""Who may make an owner, or change one."""


class _AboutAgent(Command, frozen=True, kw_only=True):
    agent_id: UUID

    @property
    def turn(self) -> UUID:
        return self.agent_id


class InviteAgent(_AboutAgent, frozen=True, kw_only=True):
    """`link_days`: how long the one-time link is good; 0 for somebody who is given a password in person.

    With `permission_set_id` they get that set, and the role beneath it.
    """

    name: str
    email: str
    role: Role = "agent"
    permission_set_id: UUID | None = None
    link_days: int = 0


class RenewInvitation(_AboutAgent, frozen=True, kw_only=True):
    link_days: int


class JoinAsAgent(_AboutAgent, frozen=True, kw_only=True):
    """The invited person followed their link."""


class ChangeAgentRole(_AboutAgent, frozen=True, kw_only=True):
    """With the role's own rights: a permission set that they had is taken from them."""

    role: Role


class GivePermissionSet(_AboutAgent, frozen=True, kw_only=True):
    """In place of their role's rights, or of the set they had."""

    permission_set_id: UUID


class DeactivateAgent(_AboutAgent, frozen=True, kw_only=True):
    """Their sessions end with it; the caller revokes them once this is durable."""


class ReactivateAgent(_AboutAgent, frozen=True, kw_only=True):
    pass


async def invite_agent(work: Work, command: InviteAgent) -> None:
    _guard_owners(work.actor, command.role)
    agent = await work.load(Agent, command.agent_id)
    if agent.exists:
        return
    role = await _exchange_set(work, agent, command.permission_set_id) or command.role
    facts = (work.actor.tenant_id, command.name, command.email, role, command.permission_set_id)
    agent.invite(work.stamp, *facts)
    if command.link_days:
        agent.issue_invitation(work.stamp, work.stamp.at + timedelta(days=command.link_days))
    await _keep_ownership(work, agent, was_owner=False)


async def renew_invitation(work: Work, command: RenewInvitation) -> None:
    agent = await work.get(Agent, command.agent_id)
    _guard_owners(work.actor, agent.role)
    agent.renew_invitation(work.stamp, work.stamp.at + timedelta(days=command.link_days))


async def join_as_agent(work: Work, command: JoinAsAgent) -> None:
    agent = await work.get(Agent, command.agent_id)
    agent.join(work.stamp)


async def change_agent_role(work: Work, command: ChangeAgentRole) -> None:
    agent = await work.get(Agent, command.agent_id)
    if (command.role, None) == (agent.role, agent.permission_set_id):
        return
    _guard_owners(work.actor, agent.role, command.role)
    was_owner = _is_owner(agent)
    await _exchange_set(work, agent, None)
    agent.change_role(work.stamp, command.role)
    await _keep_ownership(work, agent, was_owner)


async def give_permission_set(work: Work, command: GivePermissionSet) -> None:
    agent = await work.get(Agent, command.agent_id)
    if command.permission_set_id == agent.permission_set_id:
        return
    _guard_owners(work.actor, agent.role)
    was_owner = _is_owner(agent)
    ground = await _exchange_set(work, agent, command.permission_set_id)
    agent.change_role(work.stamp, ground or agent.role, command.permission_set_id)
    await _keep_ownership(work, agent, was_owner)


async def deactivate_agent(work: Work, command: DeactivateAgent) -> None:
    agent = await work.get(Agent, command.agent_id)
    _guard_owners(work.actor, agent.role)
    was_owner = _is_owner(agent)
    agent.deactivate(work.stamp)
    await _keep_ownership(work, agent, was_owner)


async def reactivate_agent(work: Work, command: ReactivateAgent) -> None:
    agent = await work.get(Agent, command.agent_id)
    _guard_owners(work.actor, agent.role)
    was_owner = _is_owner(agent)
    agent.reactivate(work.stamp)
    await _keep_ownership(work, agent, was_owner)


async def _exchange_set(work: Work, agent: Agent, set_id: UUID | None) -> Role | None:
    """The role beneath the new set, if there is one. In the same append: a set that somebody is given just now
    cannot be removed. Raises NotFound."""
    if agent.permission_set_id is not None:
        (await work.get(PermissionSet, agent.permission_set_id)).take(work.stamp, agent.id)
    if set_id is None:
        return None
    new = await work.get(PermissionSet, set_id)
    new.give(work.stamp, agent.id)
    return new.ground


def _guard_owners(actor: Actor, *roles: Role) -> None:
    """Only an owner makes, changes or removes an owner."""
    if "owner" in roles and actor.role not in OWNERS:
        raise Forbidden("Only an owner may do this to an owner.")


def _is_owner(agent: Agent) -> bool:
    return agent.is_active and agent.role == "owner"


async def _keep_ownership(work: Work, agent: Agent, was_owner: bool) -> None:
    """In the same append: of two owners who demote each other at once, one is refused."""
    if _is_owner(agent) == was_owner:
        return
    tenant_id = work.actor.tenant_id
    ownership = await work.load(Ownership, natural_key(tenant_id, "ownership"))
    if was_owner:
        ownership.remove(work.stamp, agent.id)
    else:
        ownership.add(work.stamp, tenant_id, agent.id)


HANDLERS: Handlers = {
    InviteAgent: invite_agent,
    RenewInvitation: renew_invitation,
    JoinAsAgent: join_as_agent,
    ChangeAgentRole: change_agent_role,
    GivePermissionSet: give_permission_set,
    DeactivateAgent: deactivate_agent,
    ReactivateAgent: reactivate_agent,
}
