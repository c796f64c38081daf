"""Availability: who is there, what they have, and where a visitor stands in the queue."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, get, put
from litestar.params import FromPath, JSONBody

from application.availability import AboutDesk, NoticeIdle, SetAvailability, SetCapacity, SetSkills
from application.projection import Connection as ReadConnection
from application.routing import opening
from domain.agent import Agent
from domain.agent import Availability as Status
from domain.ids import parse, wire
from domain.kernel import Aggregate
from domain.refusals import Invalid, NotFound
from domain.skills import SKILL_LENGTH
from domain.team import MOST_CAPACITY
from infrastructure.clock import now
from interfaces.http.audience import STAFF, Asker, Caller, may
from interfaces.http.body import JsonRequest
from interfaces.http.first_contact import order_of
from interfaces.http.headers import Connection, answer, answer_to_command
from interfaces.http.parts import HttpParts, Parts
from interfaces.http.position import reached
from interfaces.http.transcript import Limit, PageCursor
from projections.transcript import read_conversation
from projections.workload import TaskView, read_desks, read_queue_place, read_task, read_teams_at_work

Skill = Annotated[str, msgspec.Meta(max_length=SKILL_LENGTH)]
READERS = STAFF | {"analyst", "auditor"}


class AvailabilityRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """With `idle` it is the browser that says away or online; what the agent chose by hand wins over it."""

    status: Status
    idle: bool = False


class CapacityRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Open conversations they may have; null: what their team says."""

    capacity: Annotated[int, msgspec.Meta(ge=0, le=MOST_CAPACITY)] | None


class SkillsRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that they can do, in place of what was said before."""

    skills: tuple[Skill, ...]


class AvailabilityBody(msgspec.Struct, frozen=True, rename="camel"):
    """`idle`: away only because nothing was heard of them. `capacity` null: what their team says."""

    agent_id: str
    status: Status
    idle: bool
    capacity: int | None
    skills: tuple[str, ...]


class DeskBody(msgspec.Struct, frozen=True, rename="camel"):
    """`load`: open conversations they have."""

    agent_id: str
    status: Status
    idle: bool
    capacity: int | None
    load: int
    skills: tuple[str, ...]


class DeskList(msgspec.Struct, frozen=True, rename="camel"):
    data: tuple[DeskBody, ...]
    next_cursor: str | None = None


class OpenBody(msgspec.Struct, frozen=True, rename="camel"):
    """`nextOpenAt` is null while it is open, and where no opening is in sight."""

    open: bool
    next_open_at: datetime | None


class QueueBody(msgspec.Struct, frozen=True, rename="camel"):
    """`position` 1 is next; null where it does not wait. `estimatedSeconds` is null where nothing tells."""

    conversation_id: str
    position: int | None
    estimated_seconds: int | None
    hours: OpenBody


@put(
    "/api/v1/agents/me/availability",
    status_code=200,
    opt={"audience": "member", "roles": may(SetAvailability)},
    summary="Say whether I am there",
    operation_id="setMyAvailability",
    tags=["agents"],
)
async def set_my_availability(
    request: JsonRequest, data: JSONBody[AvailabilityRequest], caller: Asker, parts: Parts
) -> Response[AvailabilityBody]:
    """Only who is online is assigned conversations; who comes online is given what waits."""
    me = caller.agent.agent_id
    if not data.idle:
        return await _carry_out(request, caller, parts, SetAvailability(agent_id=me, availability=data.status))
    if data.status == "offline":
        raise Invalid("idle says away or online.")
    return await _carry_out(request, caller, parts, NoticeIdle(agent_id=me, is_idle=data.status == "away"))


@put(
    "/api/v1/agents/{agent_id:str}/availability",
    status_code=200,
    opt={"audience": "member", "roles": may(SetCapacity)},
    summary="Say whether an agent is there",
    operation_id="setAvailability",
    tags=["agents"],
)
async def set_availability(
    request: JsonRequest, agent_id: FromPath[str], data: JSONBody[AvailabilityRequest], caller: Asker, parts: Parts
) -> Response[AvailabilityBody]:
    """For somebody who went home without saying so."""
    if data.idle:
        raise Invalid("idle is for the agent's own browser.")
    command = SetAvailability(agent_id=parse("agent", agent_id), availability=data.status)
    return await _carry_out(request, caller, parts, command)


@put(
    "/api/v1/agents/{agent_id:str}/capacity",
    status_code=200,
    opt={"audience": "member", "roles": may(SetCapacity)},
    summary="Set an agent's capacity",
    operation_id="setCapacity",
    tags=["agents"],
)
async def set_capacity(
    request: JsonRequest, agent_id: FromPath[str], data: JSONBody[CapacityRequest], caller: Asker, parts: Parts
) -> Response[AvailabilityBody]:
    """What they have already, they keep."""
    command = SetCapacity(agent_id=parse("agent", agent_id), capacity=data.capacity)
    return await _carry_out(request, caller, parts, command)


@put(
    "/api/v1/agents/{agent_id:str}/skills",
    status_code=200,
    opt={"audience": "member", "roles": may(SetSkills)},
    summary="Set an agent's skills",
    operation_id="setSkills",
    tags=["agents"],
)
async def set_skills(
    request: JsonRequest, agent_id: FromPath[str], data: JSONBody[SkillsRequest], caller: Asker, parts: Parts
) -> Response[AvailabilityBody]:
    """Who waits with the label `skill:german` asks for the skill `german`; a team may ask for all of its queue."""
    command = SetSkills(agent_id=parse("agent", agent_id), skills=data.skills)
    return await _carry_out(request, caller, parts, command)


@get(
    "/api/v1/agents/availability",
    opt={"audience": "member", "roles": READERS},
    summary="List who is there",
    operation_id="listAvailability",
    tags=["agents"],
)
async def list_availability(
    request: JsonRequest, caller: Asker, parts: Parts, limit: Limit = 50, cursor: PageCursor = None
) -> Response[DeskList]:
    """Everybody who works on conversations, with the number they have."""
    seq = await reached(parts, request, caller.tenant_id, "workload")
    async with parts.database.tenant(caller.tenant_id) as connection:
        views, more = await read_desks(connection, caller.tenant_id, limit, cursor)
    data = tuple(
        DeskBody(
            wire("agent", view.agent_id), view.availability, view.is_idle, view.capacity, view.load, view.skills
        )
        for view in views
    )
    return answer(DeskList(data, more), seq=seq)


@get(
    "/api/v1/chat/conversations/{conversation_id:str}/queue",
    opt={"audience": "visitor_or_agent", "roles": STAFF},
    summary="Where a conversation stands in the queue",
    operation_id="getQueuePlace",
    tags=["chat"],
)
async def get_queue_place(
    request: JsonRequest, conversation_id: FromPath[str], caller: Asker, parts: Parts
) -> Response[QueueBody]:
    """And whether anybody serves it now. A visitor sees their own only."""
    id = parse("conversation", conversation_id)
    seq = await reached(parts, request, caller.tenant_id, "workload")
    async with parts.database.tenant(caller.tenant_id) as connection:
        task = await read_task(connection, caller.tenant_id, id)
        if task is None or not await _is_theirs(connection, caller, id, task):
            raise NotFound
        place = await read_queue_place(connection, caller.tenant_id, id)
        teams = await read_teams_at_work(connection, caller.tenant_id)
    state = opening(task.team_id, teams, now())
    hours = OpenBody(state.open, state.next_open_at)
    position, seconds = (None, None) if place is None else (place.position, place.estimated_seconds)
    return answer(QueueBody(wire("conversation", id), position, seconds, hours), seq=seq)


ROUTES = (set_my_availability, set_availability, set_capacity, set_skills, list_availability, get_queue_place)


async def hours_now(parts: HttpParts, tenant_id: int) -> OpenBody:
    """Whether anybody serves the queue of no team, where new conversations begin. One query."""
    async with parts.database.tenant(tenant_id) as connection:
        state = opening(None, await read_teams_at_work(connection, tenant_id), now())
    return OpenBody(state.open, state.next_open_at)


async def _is_theirs(connection: ReadConnection, caller: Caller, id: UUID, task: TaskView) -> bool:
    """A visitor asks of their own, and of those of contacts that a signed identity joined with them."""
    if caller.member is not None or task.contact_id == caller.contact_id:
        return True
    view = await read_conversation(connection, caller.tenant_id, id)
    return view is not None and view.is_of(caller.contact_id)


async def _carry_out(
    request: Connection, caller: Caller, parts: HttpParts, command: AboutDesk
) -> Response[AvailabilityBody]:
    """Answered out of the log itself, so the answer holds what was just done."""
    actor = caller.actor()
    receipt = await parts.bus.execute(actor, command, order_of(request, actor, command))
    agent: Aggregate | None = None
    for one in await parts.reader.stream(caller.tenant_id, command.agent_id):
        agent = one.event.mutate(agent)
    if not isinstance(agent, Agent):
        raise NotFound
    body = AvailabilityBody(
        wire("agent", agent.id), agent.availability, agent.is_idle, agent.capacity, agent.skills
    )
    return answer_to_command(body, receipt)
