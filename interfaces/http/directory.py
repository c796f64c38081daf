"""The tenant's agents."""

from __future__ import annotations

import msgspec
from litestar import Response, get

from domain.agent import Role
from domain.ids import wire
from interfaces.http.audience import STAFF, Asker
from interfaces.http.body import JsonRequest
from interfaces.http.headers import answer
from interfaces.http.parts import Parts
from interfaces.http.position import reached
from projections.directory import AgentView, read_agents


class AgentBody(msgspec.Struct, frozen=True, rename="camel"):
    """Name and e-mail are null once erased."""

    id: str
    name: str | None
    email: str | None
    role: Role
    is_active: bool


class AgentList(msgspec.Struct, frozen=True, rename="camel"):
    data: tuple[AgentBody, ...]
    next_cursor: str | None = None


@get(
    "/api/v1/agents",
    opt={"audience": "member", "roles": STAFF | {"auditor"}},
    summary="List agents",
    operation_id="listAgents",
    tags=["agents"],
)
async def list_agents(request: JsonRequest, caller: Asker, parts: Parts) -> Response[AgentList]:
    """All that were ever invited, in order of invitation."""
    seq = await reached(parts, request, caller.tenant_id, "directory")
    async with parts.database.tenant(caller.tenant_id) as connection:
        views = await read_agents(connection, caller.tenant_id)
    return answer(AgentList(tuple(_body(view) for view in views)), seq=seq)


def _body(view: AgentView) -> AgentBody:
    return AgentBody(wire("agent", view.agent_id), view.name, view.email, view.role, view.is_active)
