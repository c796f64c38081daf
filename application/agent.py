"""Commands about an agent."""

from __future__ import annotations

from uuid import UUID

from application.command import Command, Handlers
from application.work import Work
from domain.agent import Agent, Role


class _AboutAgent(Command, frozen=True, kw_only=True):
    agent_id: UUID

    @property
    def turn(self) -> UUID:
        return self.agent_id


class InviteAgent(_AboutAgent, frozen=True, kw_only=True):
    name: str
    email: str
    role: Role = "agent"


class ChangeAgentRole(_AboutAgent, frozen=True, kw_only=True):
    role: Role


class DeactivateAgent(_AboutAgent, frozen=True, kw_only=True):
    """Their sessions end with it; the caller revokes them once this is durable."""


async def invite_agent(work: Work, command: InviteAgent) -> None:
    agent = await work.load(Agent, command.agent_id)
    agent.invite(work.stamp, work.actor.tenant_id, command.name, command.email, command.role)


async def change_agent_role(work: Work, command: ChangeAgentRole) -> None:
    agent = await work.get(Agent, command.agent_id)
    agent.change_role(work.stamp, command.role)


async def deactivate_agent(work: Work, command: DeactivateAgent) -> None:
    agent = await work.get(Agent, command.agent_id)
    agent.deactivate(work.stamp)


HANDLERS: Handlers = {
    InviteAgent: invite_agent,
    ChangeAgentRole: change_agent_role,
    DeactivateAgent: deactivate_agent,
}
