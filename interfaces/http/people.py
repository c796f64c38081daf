"""People on the wire: an agent as the read model or the log tells of them."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from domain.agent import Agent, AgentInvited, InvitationIssued, Role
from domain.ids import wire
from domain.kernel import Aggregate
from domain.personal import readable
from domain.refusals import NotFound
from interfaces.http.parts import HttpParts
from projections.directory import AgentView

AgentStatus = Literal["invited", "active", "deactivated"]


class AgentBody(msgspec.Struct, frozen=True, rename="camel"):
    """Name and e-mail are null once erased. `invited`: by a link that they have not followed yet.

    With `permissionSetId` they have the rights of that set, and `role` is the one beneath it.
    """

    id: str
    name: str | None
    email: str | None
    role: Role
    is_active: bool
    status: AgentStatus
    invited_until: datetime | None = None
    permission_set_id: str | None = None


def agent_body(view: AgentView) -> AgentBody:
    status: AgentStatus = "active" if view.is_active else "deactivated"
    if view.is_active and view.invited_until is not None:
        status = "invited"
    until = view.invited_until if status == "invited" else None
    held = None if view.permission_set_id is None else wire("permission_set", view.permission_set_id)
    who = (wire("agent", view.agent_id), view.name, view.email)
    return AgentBody(*who, view.role, view.is_active, status, until, held)


async def agent_in_log(parts: HttpParts, tenant_id: int, agent_id: UUID) -> AgentView:
    """As the log says at this moment: whoever was invited just now is there. Raises NotFound."""
    name = email = until = None
    aggregate: Aggregate | None = None
    for one in await parts.reader.stream(tenant_id, agent_id):
        aggregate = one.event.mutate(aggregate)
        if isinstance(one.event, AgentInvited):
            name, email = readable(one.event.name), readable(one.event.email)
        if isinstance(one.event, InvitationIssued):
            until = one.event.expires_at
    if not isinstance(aggregate, Agent):
        raise NotFound
    if not aggregate.is_pending:
        until = None
    rights = (aggregate.role, aggregate.is_active, until, aggregate.permission_set_id)
    return AgentView(agent_id, name, email, *rights)
