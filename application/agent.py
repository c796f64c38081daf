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
from domain.refusals import Forbidden

OWNERS = frozenset(["owner", "system"])
"""Who may make an owner, or change one."""


class _AboutAgent(Command, frozen=True, kw_only=True):
    agent_id: UUID

    @property
    def turn(self) -> UUID:
        return self.agent_id


class InviteAgent(_AboutAgent, frozen=True, kw_only=True):
    """`link_days`: how long the one-time link is good; 0 for somebody who is given a password in person."""

    name: str
    email: str
    role: Role = "agent"
    link_days: int = 0


class RenewInvitation(_AboutAgent, frozen=True, kw_only=True):
    link_days: int


class JoinAsAgent(_AboutAgent, frozen=True, kw_only=True):
    """The invited person followed their link."""


class ChangeAgentRole(_AboutAgent, frozen=True, kw_only=True):
    role: Role


class DeactivateAgent(_AboutAgent, frozen=True, kw_only=True):
    """Their sessions end with it; the caller revokes them once this is durable."""


class ReactivateAgent(_AboutAgent, frozen=True, kw_only=True):
    pass


async def invite_agent(work: Work, command: InviteAgent) -> None:
    _guard_owners(work.actor, command.role)
    agent = await work.load(Agent, command.agent_id)
    if agent.exists:
        return
    agent.invite(work.stamp, work.actor.tenant_id, command.name, command.email, command.role)
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
    if command.role == agent.role:
        return
    _guard_owners(work.actor, agent.role, command.role)
    was_owner = _is_owner(agent)
    agent.change_role(work.stamp, command.role)
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
    DeactivateAgent: deactivate_agent,
    ReactivateAgent: reactivate_agent,
}
