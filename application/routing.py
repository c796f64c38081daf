"""Routing: who gets which waiting conversation. A pure decision over what waits and who is there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from domain.agent import Availability
from domain.team import Routing


class Waiting(msgspec.Struct, frozen=True):
    """A conversation in the queue. `version`: its stream's, as read.

    `last_agent_id` had it before (they get it again if they are there); `let_go_by` gave it back or let it
    time out (they get it again only if nobody else is there). `skills`: what it asks for, beside its team's.
    """

    conversation_id: UUID
    contact_id: UUID
    version: int
    waiting_since: datetime
    team_id: UUID | None = None
    last_agent_id: UUID | None = None
    let_go_by: UUID | None = None
    skills: frozenset[str] = frozenset()


class Desk(msgspec.Struct, frozen=True):
    """An agent. `load`: open conversations; `capacity`: their own, None for their team's.

    `last_given`: the tenant's seq at which they last got a conversation, 0 before the first.
    `is_staff`: may work on conversations at all (active, in a role that does).
    """

    agent_id: UUID
    availability: Availability
    is_staff: bool = True
    load: int = 0
    capacity: int | None = None
    last_given: int = 0
    skills: frozenset[str] = frozenset()

    @property
    def is_there(self) -> bool:
        return self.is_staff and self.availability == "online"


class TeamDesk(msgspec.Struct, frozen=True):
    """A team, in order of its founding."""

    team_id: UUID
    members: frozenset[UUID]
    routing: Routing


class Held(msgspec.Struct, frozen=True):
    """An open conversation of somebody who does not work here any more."""

    conversation_id: UUID
    version: int


class Floor(msgspec.Struct, frozen=True):
    """All of a tenant that routing looks at, as of its `seq`; of the waiting the oldest, where there is room."""

    seq: int
    desks: tuple[Desk, ...] = ()
    teams: tuple[TeamDesk, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    abandoned: tuple[Held, ...] = ()
    is_whole: bool = True


class Assignment(msgspec.Struct, frozen=True):
    """`rule` says why this agent: the strategy, or `sticky`."""

    conversation_id: UUID
    version: int
    agent_id: UUID
    rule: str


class FreeSeat(msgspec.Struct, frozen=True):
    """Somebody has room for a queue: a team's, or (None) that of no team. `skills` None: they need no others."""

    team_id: UUID | None
    skills: frozenset[str] | None

    def suits(self, queue: UUID | None, asked: frozenset[str]) -> bool:
        return self.team_id == queue and (self.skills is None or asked <= self.skills)


class Queues(msgspec.Struct, frozen=True):
    """What can be assigned now. Whoever waits and is suited by none is not looked at, and blocks nobody."""

    seats: frozenset[FreeSeat]

    @property
    def is_empty(self) -> bool:
        return not self.seats


def decide(floor: Floor, now: datetime) -> tuple[Assignment, ...]:
    """Oldest first. Each goes to its last agent if they have room, else to whom the team's strategy picks.

    Nobody is given more than their capacity; closed and manual teams are given nothing. Who has the skills that
    are asked for comes first, and where the team says that they are needed, nobody else comes at all.
    """
    seating = _Seating(floor.desks)
    teams = [team for team in floor.teams if _assigns(team, now)]
    known = {team.team_id for team in floor.teams}
    made: list[Assignment] = []
    for waiting in sorted(floor.waiting, key=lambda one: (one.waiting_since, one.conversation_id)):
        found = _place(waiting, _serving(waiting.team_id, teams, known), seating)
        if found is not None:
            made.append(found)
    return tuple(made)


def queues_with_room(desks: Sequence[Desk], teams: Sequence[TeamDesk], now: datetime) -> Queues:
    """Where it is worth looking for somebody who waits."""
    seating = _Seating(desks)
    found: set[FreeSeat] = set()
    for team in teams:
        for agent_id in seating.free(team) if _assigns(team, now) else ():
            skills = seating.skills(agent_id) if team.routing.skill_rule == "need" else None
            found.add(FreeSeat(team.team_id, skills))
            if team.routing.serves_everyone:
                found.add(FreeSeat(None, skills))
    return Queues(frozenset(found))


def serving(team_id: UUID | None, teams: Sequence[TeamDesk]) -> Sequence[TeamDesk]:
    """The teams a queue is served by: its own, or those that serve everyone."""
    return _serving(team_id, teams, {team.team_id for team in teams})


class OpenState(msgspec.Struct, frozen=True):
    """Whether anybody serves a queue now. `next_open_at` is None while it is open, and where it never opens."""

    open: bool
    next_open_at: datetime | None = None


def opening(team_id: UUID | None, teams: Sequence[TeamDesk], now: datetime) -> OpenState:
    """Open where one of the teams that serve this queue is, and where nobody said anything about hours."""
    openings = [team.routing.next_open_at(now) for team in serving(team_id, teams)]
    if not openings or now in openings:
        return OpenState(True)
    return OpenState(False, min((at for at in openings if at is not None), default=None))


class _Seating:
    """Who has how much, while conversations are handed out."""

    def __init__(self, desks: Iterable[Desk]) -> None:
        self._desks: Mapping[UUID, Desk] = {desk.agent_id: desk for desk in desks if desk.is_there}
        self._given = {desk.agent_id: desk.load for desk in self._desks.values()}
        self._last = {desk.agent_id: desk.last_given for desk in self._desks.values()}
        self._turn = max(self._last.values(), default=0)

    def skills(self, agent_id: UUID) -> frozenset[str]:
        return self._desks[agent_id].skills

    def free(self, team: TeamDesk, asked: frozenset[str] = frozenset()) -> list[UUID]:
        """Members who are there and have room; of them those with the skills, or where none need be, all."""
        here = [id for id in team.members if id in self._desks and self._given[id] < self._limit(id, team)]
        wanted = asked.union(team.routing.skills)
        able = [id for id in here if wanted <= self._desks[id].skills]
        return able or (here if team.routing.skill_rule == "prefer" else [])

    def pick(self, free: Sequence[UUID], team: TeamDesk, waiting: Waiting) -> tuple[UUID, str]:
        known = waiting.last_agent_id
        if known is not None and known in free and known != waiting.let_go_by:
            return known, "sticky"
        by_load = team.routing.strategy == "least_loaded"

        def key(id: UUID) -> tuple[bool, float, int, UUID]:
            share = self._given[id] / self._limit(id, team) if by_load else 0.0
            return id == waiting.let_go_by, share, self._last[id], id

        return min(free, key=key), team.routing.strategy

    def seat(self, agent_id: UUID) -> None:
        self._turn += 1
        self._given[agent_id] += 1
        self._last[agent_id] = self._turn

    def _limit(self, agent_id: UUID, team: TeamDesk) -> int:
        own = self._desks[agent_id].capacity
        return team.routing.capacity if own is None else own


def _place(waiting: Waiting, teams: Sequence[TeamDesk], seating: _Seating) -> Assignment | None:
    for team in teams:
        free = seating.free(team, waiting.skills)
        if free:
            agent_id, rule = seating.pick(free, team, waiting)
            seating.seat(agent_id)
            return Assignment(waiting.conversation_id, waiting.version, agent_id, rule)
    return None


def _serving(
    team_id: UUID | None, teams: Sequence[TeamDesk], known: frozenset[UUID] | set[UUID]
) -> Sequence[TeamDesk]:
    if team_id in known:
        return [team for team in teams if team.team_id == team_id]
    return [team for team in teams if team.routing.serves_everyone]


def _assigns(team: TeamDesk, now: datetime) -> bool:
    return team.routing.strategy != "manual" and team.routing.is_open(now)
