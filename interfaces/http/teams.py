"""Teams: who is in them, and by which rules conversations come to them."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, delete, get, patch, post, put
from litestar.params import FromPath, JSONBody

from application.bus import Receipt
from application.team import (
    AboutTeam,
    AddTeamMember,
    CreateTeam,
    RemoveTeam,
    RemoveTeamMember,
    RenameTeam,
    RouteTeam,
)
from domain.hours import Hours, Opening
from domain.ids import parse, wire
from domain.kernel import Aggregate, Event
from domain.refusals import NotFound
from domain.skills import SkillRule
from domain.team import CAPACITY, MOST_CAPACITY, Routing, Strategy, Team
from interfaces.http.audience import STAFF, Asker, Caller, may
from interfaces.http.body import JsonRequest
from interfaces.http.first_contact import order_of
from interfaces.http.headers import Connection, answer, answer_to_command
from interfaces.http.parts import HttpParts, Parts
from interfaces.http.position import reached
from interfaces.http.transcript import Limit, PageCursor
from projections.workload import read_team, read_teams

TEAMS = "/api/v1/teams"
ONE = TEAMS + "/{team_id:str}"
READERS = STAFF | {"analyst", "auditor"}


class OpeningBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A span of a weekday (0 is Monday) in local time `HH:MM`; `closes` may be 24:00."""

    day: Annotated[int, msgspec.Meta(ge=0, le=6)]
    opens: str
    closes: str


class HoursBody(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """`timeZone` is an IANA name; `holidays` are dates `YYYY-MM-DD`."""

    time_zone: str
    openings: tuple[OpeningBody, ...]
    holidays: tuple[str, ...] = ()


class RoutingBody(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """`manual`: members take conversations themselves. `capacity`: open conversations of one member.

    `servesEveryone`: also what is in no team's queue. `hours` null: always open. `skills`: what all
    of its conversations ask for; with `skillRule` `need` who lacks what is asked for is assigned nothing.
    """

    strategy: Strategy
    capacity: Annotated[int, msgspec.Meta(ge=0, le=MOST_CAPACITY)] = CAPACITY
    serves_everyone: bool = True
    hours: HoursBody | None = None
    skills: tuple[str, ...] = ()
    skill_rule: SkillRule = "prefer"


class TeamBody(msgspec.Struct, frozen=True):
    id: str
    name: str
    members: tuple[str, ...]
    routing: RoutingBody


class TeamList(msgspec.Struct, frozen=True, rename="camel"):
    data: tuple[TeamBody, ...]
    next_cursor: str | None = None


class TeamRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str


@get(
    TEAMS,
    opt={"audience": "member", "roles": READERS},
    summary="List teams",
    operation_id="listTeams",
    tags=["teams"],
)
async def list_teams(
    request: JsonRequest, caller: Asker, parts: Parts, limit: Limit = 50, cursor: PageCursor = None
) -> Response[TeamList]:
    """In order of their founding."""
    seq = await reached(parts, request, caller.tenant_id, "workload")
    async with parts.database.tenant(caller.tenant_id) as connection:
        views, more = await read_teams(connection, caller.tenant_id, limit, cursor)
    data = tuple(team_body(view.team_id, view.name, view.members, view.routing) for view in views)
    return answer(TeamList(data, more), seq=seq)


@get(
    ONE,
    opt={"audience": "member", "roles": READERS},
    summary="Get a team",
    operation_id="getTeam",
    tags=["teams"],
)
async def get_team(
    request: JsonRequest, team_id: FromPath[str], caller: Asker, parts: Parts
) -> Response[TeamBody]:
    """Its members and its rules."""
    id = parse("team", team_id)
    seq = await reached(parts, request, caller.tenant_id, "workload")
    async with parts.database.tenant(caller.tenant_id) as connection:
        view = await read_team(connection, caller.tenant_id, id)
    if view is None:
        raise NotFound
    return answer(team_body(view.team_id, view.name, view.members, view.routing), seq=seq)


@post(
    TEAMS,
    status_code=201,
    opt={"audience": "member", "roles": may(CreateTeam)},
    summary="Create a team",
    operation_id="createTeam",
    tags=["teams"],
)
async def create_team(
    request: JsonRequest, data: JSONBody[TeamRequest], caller: Asker, parts: Parts
) -> Response[TeamBody]:
    """Without members; conversations are taken by hand until its routing says otherwise."""
    actor, command = caller.actor(), CreateTeam(name=data.name)
    receipt = await parts.bus.execute(actor, command, order_of(request, actor, command))
    return _as_told(receipt.events, receipt, 201)


@patch(
    ONE,
    status_code=200,
    opt={"audience": "member", "roles": may(RenameTeam)},
    summary="Rename a team",
    operation_id="renameTeam",
    tags=["teams"],
)
async def rename_team(
    request: JsonRequest, team_id: FromPath[str], data: JSONBody[TeamRequest], caller: Asker, parts: Parts
) -> Response[TeamBody]:
    """The name it has already changes nothing."""
    return await _carry_out(request, caller, parts, RenameTeam(team_id=parse("team", team_id), name=data.name))


@delete(
    ONE,
    status_code=204,
    opt={"audience": "member", "roles": may(RemoveTeam)},
    summary="Remove a team",
    operation_id="removeTeam",
    tags=["teams"],
)
async def remove_team(request: JsonRequest, team_id: FromPath[str], caller: Asker, parts: Parts) -> Response[None]:
    """Who waits in its queue goes to the teams that serve everyone."""
    actor, command = caller.actor(), RemoveTeam(team_id=parse("team", team_id))
    receipt = await parts.bus.execute(actor, command, order_of(request, actor, command))
    return answer_to_command(None, receipt, 204)


@put(
    ONE + "/members/{agent_id:str}",
    status_code=200,
    opt={"audience": "member", "roles": may(AddTeamMember)},
    summary="Add a member to a team",
    operation_id="addTeamMember",
    tags=["teams"],
)
async def add_team_member(
    request: JsonRequest, team_id: FromPath[str], agent_id: FromPath[str], caller: Asker, parts: Parts
) -> Response[TeamBody]:
    """Who is in it already changes nothing."""
    command = AddTeamMember(team_id=parse("team", team_id), agent_id=parse("agent", agent_id))
    return await _carry_out(request, caller, parts, command)


@delete(
    ONE + "/members/{agent_id:str}",
    status_code=200,
    opt={"audience": "member", "roles": may(RemoveTeamMember)},
    summary="Remove a member from a team",
    operation_id="removeTeamMember",
    tags=["teams"],
)
async def remove_team_member(
    request: JsonRequest, team_id: FromPath[str], agent_id: FromPath[str], caller: Asker, parts: Parts
) -> Response[TeamBody]:
    """They keep the conversations they have."""
    command = RemoveTeamMember(team_id=parse("team", team_id), agent_id=parse("agent", agent_id))
    return await _carry_out(request, caller, parts, command)


@put(
    ONE + "/routing",
    status_code=200,
    opt={"audience": "member", "roles": may(RouteTeam)},
    summary="Set a team's routing",
    operation_id="routeTeam",
    tags=["teams"],
)
async def route_team(
    request: JsonRequest, team_id: FromPath[str], data: JSONBody[RoutingBody], caller: Asker, parts: Parts
) -> Response[TeamBody]:
    """Replaces all of it. What waits is assigned at once, if it is open and somebody has room."""
    command = RouteTeam(team_id=parse("team", team_id), routing=_routing(data))
    return await _carry_out(request, caller, parts, command)


ROUTES = (
    list_teams,
    get_team,
    create_team,
    rename_team,
    remove_team,
    add_team_member,
    remove_team_member,
    route_team,
)


def team_body(team_id: UUID, name: str, members: tuple[UUID, ...], routing: Routing) -> TeamBody:
    return TeamBody(wire("team", team_id), name, tuple(wire("agent", id) for id in members), _rules(routing))


async def _carry_out(
    request: Connection, caller: Caller, parts: HttpParts, command: AboutTeam
) -> Response[TeamBody]:
    """Answered out of the log itself, so the answer holds what was just done."""
    actor = caller.actor()
    receipt = await parts.bus.execute(actor, command, order_of(request, actor, command))
    stream = await parts.reader.stream(caller.tenant_id, command.team_id)
    return _as_told(tuple(one.event for one in stream), receipt, 200)


def _as_told(events: tuple[Event, ...], receipt: Receipt, status: int) -> Response[TeamBody]:
    team: Aggregate | None = None
    for event in events:
        team = event.mutate(team)
    if not isinstance(team, Team):
        raise NotFound
    body = team_body(team.id, team.name, tuple(sorted(team.members)), team.routing)
    return answer_to_command(body, receipt, status)


def _routing(body: RoutingBody) -> Routing:
    hours = None
    if body.hours is not None:
        openings = tuple(Opening(one.day, one.opens, one.closes) for one in body.hours.openings)
        hours = Hours(body.hours.time_zone, openings, body.hours.holidays)
    return Routing(body.strategy, body.capacity, body.serves_everyone, hours, body.skills, body.skill_rule)


def _rules(routing: Routing) -> RoutingBody:
    hours = None
    if routing.hours is not None:
        openings = tuple(OpeningBody(one.day, one.opens, one.closes) for one in routing.hours.openings)
        hours = HoursBody(routing.hours.time_zone, openings, routing.hours.holidays)
    return RoutingBody(
        routing.strategy, routing.capacity, routing.serves_everyone, hours, routing.skills, routing.skill_rule
    )
