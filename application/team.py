"""Commands about a team."""

from __future__ import annotations

from uuid import UUID

from application.command import Command, Handlers
from application.work import Work
from domain.agent import Agent
from domain.refusals import NotFound
from domain.team import Routing, Team


class CreateTeam(Command, frozen=True, kw_only=True):
    """A team without members; conversations are taken by hand until its routing says otherwise."""

    name: str


class AboutTeam(Command, frozen=True, kw_only=True):
    """Its turn is the team's."""

    team_id: UUID

    @property
    def turn(self) -> UUID:
        return self.team_id


class RenameTeam(AboutTeam, frozen=True, kw_only=True):
    name: str


class AddTeamMember(AboutTeam, frozen=True, kw_only=True):
    agent_id: UUID


class RemoveTeamMember(AboutTeam, frozen=True, kw_only=True):
    agent_id: UUID


class RouteTeam(AboutTeam, frozen=True, kw_only=True):
    """Strategy, capacity and hours from now on."""

    routing: Routing


class BeginTeamHours(AboutTeam, frozen=True, kw_only=True):
    """A timer's: an opening is due."""


class RemoveTeam(AboutTeam, frozen=True, kw_only=True):
    """Who waits in its queue goes to the teams that serve everyone."""


async def create_team(work: Work, command: CreateTeam) -> None:
    work.create(Team).found(work.stamp, work.actor.tenant_id, command.name)


async def rename_team(work: Work, command: RenameTeam) -> None:
    (await _present(work, command.team_id)).rename(work.stamp, command.name)


async def add_team_member(work: Work, command: AddTeamMember) -> None:
    team = await _present(work, command.team_id)
    agent = await work.look_up(Agent, command.agent_id)
    if not agent.is_active:
        raise NotFound
    team.add_member(work.stamp, command.agent_id)


async def remove_team_member(work: Work, command: RemoveTeamMember) -> None:
    (await _present(work, command.team_id)).remove_member(work.stamp, command.agent_id)


async def route_team(work: Work, command: RouteTeam) -> None:
    (await _present(work, command.team_id)).route(work.stamp, command.routing)


async def begin_team_hours(work: Work, command: BeginTeamHours) -> None:
    (await work.get(Team, command.team_id)).begin_hours(work.stamp)


async def remove_team(work: Work, command: RemoveTeam) -> None:
    (await work.get(Team, command.team_id)).remove(work.stamp)


async def standing_team(work: Work, team_id: UUID) -> Team:
    """For reading only, up to 5 s old. A removed team is not there any more. Raises NotFound."""
    team = await work.look_up(Team, team_id)
    if team.is_removed:
        raise NotFound
    return team


async def _present(work: Work, team_id: UUID) -> Team:
    """A removed team is not there any more."""
    team = await work.get(Team, team_id)
    if team.is_removed:
        raise NotFound
    return team


HANDLERS: Handlers = {
    CreateTeam: create_team,
    RenameTeam: rename_team,
    AddTeamMember: add_team_member,
    RemoveTeamMember: remove_team_member,
    RouteTeam: route_team,
    BeginTeamHours: begin_team_hours,
    RemoveTeam: remove_team,
}
