"""Agent: a person who works for the tenant, in one role. Passwords are never in the log."""

from __future__ import annotations

from typing import Literal

from domain.kernel import Aggregate, Event, PersonalEvent, Stamp
from domain.personal import Personal
from domain.values import email_address, required

Role = Literal["owner", "admin", "supervisor", "agent", "analyst", "auditor"]


class AgentInvited(PersonalEvent, frozen=True, kw_only=True):
    TYPE = "agent.invited.1"

    tenant_id: int
    name: Personal
    email: Personal
    role: Role

    def create(self) -> Aggregate:
        return Agent(self.originator_id)

    def apply(self, aggregate: Agent) -> None:
        aggregate.role = self.role
        aggregate.is_active = True


class AgentRoleChanged(Event, frozen=True, kw_only=True):
    TYPE = "agent.role_changed.1"

    role: Role

    def apply(self, aggregate: Agent) -> None:
        aggregate.role = self.role


class AgentDeactivated(Event, frozen=True, kw_only=True):
    TYPE = "agent.deactivated.1"

    def apply(self, aggregate: Agent) -> None:
        aggregate.is_active = False


class Agent(Aggregate):
    KIND = "agent"

    role: Role = "agent"
    is_active = False

    def invite(self, stamp: Stamp, tenant_id: int, name: str, email: str, role: Role) -> None:
        """Inviting twice changes nothing. Raises Invalid."""
        if self.exists:
            return
        self.record(
            AgentInvited,
            stamp,
            tenant_id=tenant_id,
            subject_id=self.id,
            name=required("name", name),
            email=email_address(email),
            role=role,
        )

    def change_role(self, stamp: Stamp, role: Role) -> None:
        """The role they have already changes nothing."""
        if role != self.role:
            self.record(AgentRoleChanged, stamp, role=role)

    def deactivate(self, stamp: Stamp) -> None:
        """Deactivating twice changes nothing."""
        if self.is_active:
            self.record(AgentDeactivated, stamp)


EVENTS: tuple[type[Event], ...] = (AgentInvited, AgentRoleChanged, AgentDeactivated)
