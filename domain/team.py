"""Team: agents who share a queue, and the rules by which conversations come to them."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from domain.hours import Hours, business_hours
from domain.kernel import Aggregate, Event, Stamp
from domain.refusals import Invalid
from domain.skills import SkillRule, skills_of
from domain.values import required

Strategy = Literal["manual", "round_robin", "least_loaded"]

CAPACITY = 8
"""Open conversations of one agent, where nobody says otherwise."""
MOST_CAPACITY = 1_000
MOST_MEMBERS = 500


class Routing(msgspec.Struct, frozen=True, omit_defaults=True):
    """How conversations come to the members. `manual`: they take them; the others assign, within `hours`.

    `capacity`: open conversations a member may have, unless the agent has a number of their own.
    `serves_everyone`: also those that are in no team's queue. `hours` None: always open. `skills`: what all of its
    conversations ask for; `skill_rule`: what asking means.
    """

    strategy: Strategy = "manual"
    capacity: int = CAPACITY
    serves_everyone: bool = True
    hours: Hours | None = None
    skills: tuple[str, ...] = ()
    skill_rule: SkillRule = "prefer"

    def is_open(self, at: datetime) -> bool:
        return self.hours is None or self.hours.is_open(at)

    def next_open_at(self, at: datetime) -> datetime | None:
        """`at` where it is open, None where it never opens again."""
        return at if self.hours is None else self.hours.next_open_at(at)

    def opens_after(self, at: datetime) -> datetime | None:
        """When a timer has something to do next: the next opening, for a team that is assigned to."""
        return None if self.hours is None or self.strategy == "manual" else self.hours.opens_after(at)


class TeamCreated(Event, frozen=True, kw_only=True):
    TYPE = "team.created.1"

    tenant_id: int
    name: str

    def create(self) -> Aggregate:
        return Team(self.originator_id)

    def apply(self, aggregate: Team) -> None:
        aggregate.name = self.name


class TeamRenamed(Event, frozen=True, kw_only=True):
    TYPE = "team.renamed.1"

    name: str

    def apply(self, aggregate: Team) -> None:
        aggregate.name = self.name


class MemberAdded(Event, frozen=True, kw_only=True):
    TYPE = "team.member_added.1"

    agent_id: UUID

    def apply(self, aggregate: Team) -> None:
        aggregate.members |= {self.agent_id}


class MemberRemoved(Event, frozen=True, kw_only=True):
    TYPE = "team.member_removed.1"

    agent_id: UUID

    def apply(self, aggregate: Team) -> None:
        aggregate.members -= {self.agent_id}


class RoutingChanged(Event, frozen=True, kw_only=True):
    TYPE = "team.routing_changed.1"

    routing: Routing

    def apply(self, aggregate: Team) -> None:
        aggregate.routing = self.routing
        aggregate.opens_at = self.routing.opens_after(self.at)


class HoursBegan(Event, frozen=True, kw_only=True):
    """The opening that was due then, noted by a timer: maybe late, and nothing says that it is still open.

    `next_at`: the opening after this event.
    """

    TYPE = "team.hours_began.1"

    due_at: datetime
    next_at: datetime | None = None

    def apply(self, aggregate: Team) -> None:
        aggregate.opens_at = self.next_at


class TeamRemoved(Event, frozen=True, kw_only=True):
    """Its queue falls to the teams that serve everyone."""

    TYPE = "team.removed.1"

    def apply(self, aggregate: Team) -> None:
        aggregate.is_removed = True
        aggregate.opens_at = None


class Team(Aggregate):
    """`opens_at`: the next opening that a timer has to note."""

    KIND = "team"

    name = ""
    members: frozenset[UUID] = frozenset()
    routing = Routing()
    opens_at: datetime | None = None
    is_removed = False

    def found(self, stamp: Stamp, tenant_id: int, name: str) -> None:
        """Founding twice changes nothing. Raises Invalid."""
        if not self.exists:
            self.record(TeamCreated, stamp, tenant_id=tenant_id, name=required("name", name))

    def rename(self, stamp: Stamp, name: str) -> None:
        """Raises Invalid."""
        wanted = required("name", name)
        if wanted != self.name:
            self.record(TeamRenamed, stamp, name=wanted)

    def add_member(self, stamp: Stamp, agent_id: UUID) -> None:
        """Who is in it already changes nothing. Raises Invalid."""
        if agent_id in self.members:
            return
        if len(self.members) >= MOST_MEMBERS:
            raise Invalid(f"A team has at most {MOST_MEMBERS} members.")
        self.record(MemberAdded, stamp, agent_id=agent_id)

    def remove_member(self, stamp: Stamp, agent_id: UUID) -> None:
        """Who is not in it changes nothing. What they have, they keep."""
        if agent_id in self.members:
            self.record(MemberRemoved, stamp, agent_id=agent_id)

    def route(self, stamp: Stamp, routing: Routing) -> None:
        """Other rules from now on; the same ones change nothing. Raises Invalid."""
        hours = None if routing.hours is None else business_hours(routing.hours)
        room, asked = seats(routing.capacity), skills_of(routing.skills)
        wanted = msgspec.structs.replace(routing, capacity=room, hours=hours, skills=asked)
        if wanted != self.routing:
            self.record(RoutingChanged, stamp, routing=wanted)

    def begin_hours(self, stamp: Stamp) -> None:
        """Notes an opening that is due; too early or noted already: nothing."""
        if self.opens_at is not None and self.opens_at <= stamp.at:
            next_at = self.routing.opens_after(max(stamp.at, self.modified_at))
            self.record(HoursBegan, stamp, due_at=self.opens_at, next_at=next_at)

    def remove(self, stamp: Stamp) -> None:
        """Removing twice changes nothing."""
        if not self.is_removed:
            self.record(TeamRemoved, stamp)


def seats(capacity: int) -> int:
    """0 to 1,000. Raises Invalid."""
    if not 0 <= capacity <= MOST_CAPACITY:
        raise Invalid(f"capacity is 0 to {MOST_CAPACITY}.")
    return capacity


EVENTS: tuple[type[Event], ...] = (
    TeamCreated,
    TeamRenamed,
    MemberAdded,
    MemberRemoved,
    RoutingChanged,
    HoursBegan,
    TeamRemoved,
)
