"""Agent: a person who works for the tenant, in one role. Passwords are never in the log."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Literal
from uuid import UUID

from domain.kernel import Aggregate, Event, PersonalEvent, Stamp
from domain.personal import Personal
from domain.refusals import Conflict
from domain.skills import skills_of
from domain.team import seats
from domain.values import email_address, required

Role = Literal["owner", "admin", "supervisor", "agent", "analyst", "auditor"]
Availability = Literal["online", "away", "offline"]


class AlreadyJoined(Conflict):
    code = "already_joined"
    sentence = "This person has joined already."


class AgentIsDeactivated(Conflict):
    code = "agent_deactivated"
    sentence = "This person is deactivated. Reactivate them first."


class AgentInvited(PersonalEvent, frozen=True, kw_only=True):
    """With a permission set `role` is the one beneath it."""

    TYPE = "agent.invited.1"

    tenant_id: int
    name: Personal
    email: Personal
    role: Role
    permission_set_id: UUID | None = None

    def create(self) -> Aggregate:
        return Agent(self.originator_id)

    def apply(self, aggregate: Agent) -> None:
        aggregate.role = self.role
        aggregate.permission_set_id = self.permission_set_id
        aggregate.is_active = True
        aggregate.name = self.name


class InvitationIssued(Event, frozen=True, kw_only=True):
    """A one-time link was made for them, good until `expires_at`; earlier ones are void."""

    TYPE = "agent.invitation_issued.1"

    expires_at: datetime

    def apply(self, aggregate: Agent) -> None:
        aggregate.is_pending = True


class AgentJoined(Event, frozen=True, kw_only=True):
    """They followed their link and chose a password."""

    TYPE = "agent.joined.1"

    def apply(self, aggregate: Agent) -> None:
        aggregate.is_pending = False


class AgentRoleChanged(Event, frozen=True, kw_only=True):
    """With a permission set `role` is the one beneath it; without, they have the role's own rights."""

    TYPE = "agent.role_changed.1"

    role: Role
    permission_set_id: UUID | None = None

    def apply(self, aggregate: Agent) -> None:
        aggregate.role = self.role
        aggregate.permission_set_id = self.permission_set_id


class AgentDeactivated(Event, frozen=True, kw_only=True):
    TYPE = "agent.deactivated.1"

    def apply(self, aggregate: Agent) -> None:
        aggregate.is_active = False


class AgentReactivated(Event, frozen=True, kw_only=True):
    TYPE = "agent.reactivated.1"

    def apply(self, aggregate: Agent) -> None:
        aggregate.is_active = True


class AvailabilityChanged(Event, frozen=True, kw_only=True):
    """`is_idle`: away because nothing was heard of them, not because they said so."""

    TYPE = "agent.availability_changed.1"

    before: Availability
    after: Availability
    is_idle: bool = False

    def apply(self, aggregate: Agent) -> None:
        aggregate.availability = self.after
        aggregate.is_idle = self.is_idle


class CapacitySet(Event, frozen=True, kw_only=True):
    """Open conversations they may have; None: what their team says."""

    TYPE = "agent.capacity_set.1"

    capacity: int | None = None

    def apply(self, aggregate: Agent) -> None:
        aggregate.capacity = self.capacity


class SkillsSet(Event, frozen=True, kw_only=True):
    """All that they can do, from now on."""

    TYPE = "agent.skills_set.1"

    skills: tuple[str, ...] = ()

    def apply(self, aggregate: Agent) -> None:
        aggregate.skills = self.skills


class Agent(Aggregate):
    KIND = "agent"

    availability: Availability = "offline"
    is_idle = False
    capacity: int | None = None
    skills: tuple[str, ...] = ()

    name: Personal | None = None
    role: Role = "agent"
    permission_set_id: UUID | None = None
    is_active = False
    is_pending = False
    """Invited by a link that they have not followed yet."""

    def invite(
        self,
        stamp: Stamp,
        tenant_id: int,
        name: str,
        email: str,
        role: Role,
        permission_set_id: UUID | None = None,
    ) -> None:
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
            permission_set_id=permission_set_id,
        )

    def issue_invitation(self, stamp: Stamp, expires_at: datetime) -> None:
        """A new link; the earlier ones are void. Raises AgentIsDeactivated."""
        if not self.is_active:
            raise AgentIsDeactivated
        self.record(InvitationIssued, stamp, expires_at=expires_at)

    def renew_invitation(self, stamp: Stamp, expires_at: datetime) -> None:
        """The same for somebody who has not joined yet. Raises AlreadyJoined, AgentIsDeactivated."""
        if self.is_active and not self.is_pending:
            raise AlreadyJoined
        self.issue_invitation(stamp, expires_at)

    def join(self, stamp: Stamp) -> None:
        """Joining twice changes nothing. Raises AgentIsDeactivated."""
        if not self.is_active:
            raise AgentIsDeactivated
        if self.is_pending:
            self.record(AgentJoined, stamp)

    def change_role(self, stamp: Stamp, role: Role, permission_set_id: UUID | None = None) -> None:
        """What they have already changes nothing."""
        if (role, permission_set_id) != (self.role, self.permission_set_id):
            self.record(AgentRoleChanged, stamp, role=role, permission_set_id=permission_set_id)

    def set_availability(self, stamp: Stamp, availability: Availability) -> None:
        """What they say themselves; the same again changes nothing."""
        if availability != self.availability or self.is_idle:
            self.record(AvailabilityChanged, stamp, before=self.availability, after=availability)

    def notice_idle(self, stamp: Stamp, is_idle: bool) -> None:
        """What their browser says: idle makes an online agent away, and back. It never touches what they chose."""
        if is_idle and self.availability == "online":
            self.record(AvailabilityChanged, stamp, before="online", after="away", is_idle=True)
        elif not is_idle and self.is_idle:
            self.record(AvailabilityChanged, stamp, before=self.availability, after="online")

    def set_capacity(self, stamp: Stamp, capacity: int | None) -> None:
        """Raises Invalid."""
        wanted = None if capacity is None else seats(capacity)
        if wanted != self.capacity:
            self.record(CapacitySet, stamp, capacity=wanted)

    def set_skills(self, stamp: Stamp, skills: Iterable[str]) -> None:
        """In place of the ones before; the same ones change nothing. Raises Invalid."""
        wanted = skills_of(skills)
        if wanted != self.skills:
            self.record(SkillsSet, stamp, skills=wanted)

    def deactivate(self, stamp: Stamp) -> None:
        """Deactivating twice changes nothing."""
        if self.is_active:
            self.record(AgentDeactivated, stamp)

    def reactivate(self, stamp: Stamp) -> None:
        """Reactivating twice changes nothing."""
        if self.exists and not self.is_active:
            self.record(AgentReactivated, stamp)


EVENTS: tuple[type[Event], ...] = (
    AgentInvited,
    InvitationIssued,
    AgentJoined,
    AgentRoleChanged,
    AvailabilityChanged,
    CapacitySet,
    SkillsSet,
    AgentDeactivated,
    AgentReactivated,
)
