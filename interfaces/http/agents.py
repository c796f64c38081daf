"""The tenant's people: invited, given a role, deactivated."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec
from litestar import Response, get, post, put
from litestar.params import FromPath, JSONBody

from application.agent import (
    ChangeAgentRole,
    DeactivateAgent,
    GivePermissionSet,
    InviteAgent,
    ReactivateAgent,
    RenewInvitation,
)
from application.bus import Receipt
from domain.agent import InvitationIssued, Role
from domain.ids import natural_key, parse, wire
from domain.refusals import Conflict, Invalid
from domain.values import email_address
from infrastructure.access.invitations import DAYS
from interfaces.http.audience import STAFF, Asker, Caller, may
from interfaces.http.body import JsonRequest
from interfaces.http.first_contact import order_of
from interfaces.http.handling import NoFields
from interfaces.http.headers import answer, answer_to_command
from interfaces.http.parts import HttpParts, Parts
from interfaces.http.people import AgentBody, agent_body, agent_in_log
from interfaces.http.position import reached
from interfaces.http.transcript import Limit, PageCursor
from projections.cursor import Cursor, decode_cursor, encode_cursor
from projections.directory import read_agent_page

ORDER = "invited"


class AlreadyInvited(Conflict):
    """Details: `id`, whom to reactivate or to send another link."""

    code = "already_invited"
    sentence = "Somebody with this e-mail address is here already."


class InviteRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """`role`, or `permissionSetId`; without either the role agent."""

    email: str
    name: str
    role: Role | None = None
    permission_set_id: str | None = None


class RoleRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """One of the two: a role's own rights, or those of a set."""

    role: Role | None = None
    permission_set_id: str | None = None


class InvitationBody(msgspec.Struct, frozen=True, rename="camel"):
    """`token` for `POST /api/v1/auth/accept-invitation`, `url` for a person. Shown this once."""

    token: str
    url: str
    expires_at: datetime


class AgentAnswer(msgspec.Struct, frozen=True):
    agent: AgentBody


class InvitedAnswer(msgspec.Struct, frozen=True):
    agent: AgentBody
    invitation: InvitationBody


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
async def list_agents(
    request: JsonRequest, caller: Asker, parts: Parts, limit: Limit = 50, cursor: PageCursor = None
) -> Response[AgentList]:
    """All that were ever invited, in order of invitation."""
    after = 0 if cursor is None else _since(decode_cursor(cursor, ORDER))
    seq = await reached(parts, request, caller.tenant_id, "directory")
    async with parts.database.tenant(caller.tenant_id) as connection:
        page = await read_agent_page(connection, caller.tenant_id, after, limit)
    more = None if page.last is None else encode_cursor(Cursor(ORDER, "", str(page.last)))
    return answer(AgentList(tuple(agent_body(view) for view in page.agents), more), seq=seq)


@get(
    "/api/v1/agents/{agent_id:str}",
    opt={"audience": "member", "roles": STAFF | {"auditor"}},
    summary="Get an agent",
    operation_id="getAgent",
    tags=["agents"],
)
async def get_agent(caller: Asker, parts: Parts, agent_id: FromPath[str]) -> Response[AgentAnswer]:
    """As they are at this moment."""
    view = await agent_in_log(parts, caller.tenant_id, parse("agent", agent_id))
    seq = await parts.reader.tenant_heads([caller.tenant_id])
    return answer(AgentAnswer(agent_body(view)), seq=seq[caller.tenant_id])


@post(
    "/api/v1/agents",
    status_code=201,
    opt={"audience": "member", "roles": may(InviteAgent)},
    summary="Invite somebody",
    operation_id="inviteAgent",
    tags=["agents"],
)
async def invite_agent(
    request: JsonRequest, data: JSONBody[InviteRequest], caller: Asker, parts: Parts
) -> Response[InvitedAnswer]:
    """Answers a link that is good once, for 7 days. Only an owner invites an owner.

    A repeat answers a new link and voids the one before: what was shown once cannot be shown again.
    """
    email = email_address(data.email)
    agent_id = natural_key(caller.tenant_id, "agent", email)
    command = InviteAgent(
        agent_id=agent_id,
        name=data.name,
        email=email,
        role=data.role or "agent",
        permission_set_id=_set_in(data),
        link_days=DAYS,
    )
    actor = caller.actor()
    receipt = await parts.bus.execute(actor, command, order_of(request, actor, command))
    if not receipt.events:
        raise AlreadyInvited(id=wire("agent", agent_id))
    return await _invited(parts, caller, agent_id, receipt)


@post(
    "/api/v1/agents/{agent_id:str}/invitation",
    status_code=201,
    opt={"audience": "member", "roles": may(RenewInvitation)},
    summary="Invite somebody again",
    operation_id="renewInvitation",
    tags=["agents"],
)
async def renew_invitation(
    request: JsonRequest,
    agent_id: FromPath[str],
    caller: Asker,
    parts: Parts,
    data: JSONBody[NoFields | None] = None,
) -> Response[InvitedAnswer]:
    """A new link for somebody who has not joined yet; the one before is void."""
    id, actor = parse("agent", agent_id), caller.actor()
    command = RenewInvitation(agent_id=id, link_days=DAYS)
    receipt = await parts.bus.execute(actor, command, order_of(request, actor, command))
    return await _invited(parts, caller, id, receipt)


@put(
    "/api/v1/agents/{agent_id:str}/role",
    opt={"audience": "member", "roles": may(ChangeAgentRole)},
    summary="Change an agent's role",
    operation_id="changeAgentRole",
    tags=["agents"],
)
async def change_agent_role(
    request: JsonRequest, agent_id: FromPath[str], data: JSONBody[RoleRequest], caller: Asker, parts: Parts
) -> Response[AgentAnswer]:
    """To a role, or to a permission set. They are logged out everywhere.

    Only an owner changes an owner; the last one stays one.
    """
    id, set_id = parse("agent", agent_id), _set_in(data)
    if set_id is not None:
        return await _changed(request, caller, parts, GivePermissionSet(agent_id=id, permission_set_id=set_id))
    if data.role is None:
        raise Invalid("role or permissionSetId is needed.")
    return await _changed(request, caller, parts, ChangeAgentRole(agent_id=id, role=data.role))


@post(
    "/api/v1/agents/{agent_id:str}/deactivate",
    status_code=200,
    opt={"audience": "member", "roles": may(DeactivateAgent)},
    summary="Deactivate an agent",
    operation_id="deactivateAgent",
    tags=["agents"],
)
async def deactivate_agent(
    request: JsonRequest,
    agent_id: FromPath[str],
    caller: Asker,
    parts: Parts,
    data: JSONBody[NoFields | None] = None,
) -> Response[AgentAnswer]:
    """They are logged out everywhere within 5 s and cannot log in. Their work stays."""
    return await _changed(request, caller, parts, DeactivateAgent(agent_id=parse("agent", agent_id)))


@post(
    "/api/v1/agents/{agent_id:str}/reactivate",
    status_code=200,
    opt={"audience": "member", "roles": may(ReactivateAgent)},
    summary="Reactivate an agent",
    operation_id="reactivateAgent",
    tags=["agents"],
)
async def reactivate_agent(
    request: JsonRequest,
    agent_id: FromPath[str],
    caller: Asker,
    parts: Parts,
    data: JSONBody[NoFields | None] = None,
) -> Response[AgentAnswer]:
    """In the role they had, with the password they had."""
    return await _changed(request, caller, parts, ReactivateAgent(agent_id=parse("agent", agent_id)))


ROUTES = (
    list_agents,
    get_agent,
    invite_agent,
    renew_invitation,
    change_agent_role,
    deactivate_agent,
    reactivate_agent,
)


async def _changed(
    request: JsonRequest,
    caller: Caller,
    parts: HttpParts,
    command: ChangeAgentRole | GivePermissionSet | DeactivateAgent | ReactivateAgent,
) -> Response[AgentAnswer]:
    actor = caller.actor()
    receipt = await parts.bus.execute(actor, command, order_of(request, actor, command))
    if receipt.events and not receipt.replayed:
        await parts.access.end_sessions(caller.tenant_id, command.agent_id)
    view = await agent_in_log(parts, caller.tenant_id, command.agent_id)
    return answer_to_command(AgentAnswer(agent_body(view)), receipt)


async def _invited(parts: HttpParts, caller: Caller, agent_id: UUID, receipt: Receipt) -> Response[InvitedAnswer]:
    view = await agent_in_log(parts, caller.tenant_id, agent_id)
    until = next(event.expires_at for event in receipt.events if isinstance(event, InvitationIssued))
    token = await parts.access.invite(caller.tenant_id, agent_id, view.email or "", until)
    url = f"{parts.base_url}/agent#invitation={token}"
    body = InvitedAnswer(agent_body(view), InvitationBody(token, url, until))
    return answer_to_command(body, receipt, 201)


def _set_in(data: InviteRequest | RoleRequest) -> UUID | None:
    if data.role is not None and data.permission_set_id is not None:
        raise Invalid("role or permissionSetId, not both.")
    return None if data.permission_set_id is None else parse("permission_set", data.permission_set_id)


def _since(cursor: Cursor) -> int:
    return int(cursor.last) if cursor.last.isascii() and cursor.last.isdigit() and len(cursor.last) < 19 else 0
