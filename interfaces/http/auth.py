"""Logging in, staying logged in, logging out."""

from __future__ import annotations

import msgspec
from litestar import get, post
from litestar.params import JSONBody

from application.actor import Actor
from application.agent import JoinAsAgent
from domain.agent import Role
from domain.ids import tenant_wire, wire
from domain.kernel import By
from domain.refusals import NotFound, Unauthenticated
from infrastructure.access.grants import Member, Session
from interfaces.http.audience import Asker
from interfaces.http.body import JsonRequest
from interfaces.http.handling import NoFields
from interfaces.http.headers import address_of
from interfaces.http.parts import HttpParts, Parts
from interfaces.http.people import agent_in_log


class LoginRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    email: str
    password: str


class RefreshRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    refresh_token: str


class UserBody(msgspec.Struct, frozen=True, rename="camel"):
    """Name and e-mail are null once erased."""

    id: str
    name: str | None
    email: str | None
    role: Role
    tenant_id: str


class SessionAnswer(msgspec.Struct, frozen=True, rename="camel"):
    """`expiresIn` is the access token's life in seconds. A refresh token is used once."""

    access_token: str
    refresh_token: str
    expires_in: int
    user: UserBody


class AcceptRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    token: str
    password: str


class KeyBody(msgspec.Struct, frozen=True, rename="camel"):
    id: str
    name: str
    tenant_id: str


class MeAnswer(msgspec.Struct, frozen=True, rename="camel"):
    """A person (`user`) or an API key. `scopes` null: the role alone says what they may do, or `permissions`.

    `permissions`: of the set that a person holds in place of their role's rights, null for all others.
    """

    role: Role
    scopes: tuple[str, ...] | None
    user: UserBody | msgspec.UnsetType = msgspec.UNSET
    api_key: KeyBody | msgspec.UnsetType = msgspec.UNSET
    permissions: tuple[str, ...] | None = None


@post(
    "/api/v1/auth/login",
    status_code=200,
    opt={"audience": "public"},
    summary="Log in",
    operation_id="login",
    tags=["auth"],
)
async def login(request: JsonRequest, data: JSONBody[LoginRequest], parts: Parts) -> SessionAnswer:
    """One answer for an unknown address and a wrong password, after the same time.

    After 10 failures for one account, or 50 from one network address, within 15 minutes: 429.
    """
    address = address_of(request) or ""
    return await session_answer(parts, await parts.access.login(data.email, data.password, address))


@post(
    "/api/v1/auth/accept-invitation",
    status_code=200,
    opt={"audience": "public"},
    summary="Accept an invitation",
    operation_id="acceptInvitation",
    tags=["auth"],
)
async def accept_invitation(data: JSONBody[AcceptRequest], parts: Parts) -> SessionAnswer:
    """The link's token and a password of 15 to 128 characters; logs in. The token is good once, for 7 days."""
    joined = await parts.access.accept_invitation(data.token, data.password)
    actor = Actor(joined.tenant_id, By("agent", joined.agent_id), "system")
    await parts.bus.execute(actor, JoinAsAgent(agent_id=joined.agent_id))
    return await session_answer(parts, await parts.access.session_for(joined.tenant_id, joined.agent_id))


@post(
    "/api/v1/auth/refresh",
    status_code=200,
    opt={"audience": "public"},
    summary="Refresh a session",
    operation_id="refreshSession",
    tags=["auth"],
)
async def refresh(data: JSONBody[RefreshRequest], parts: Parts) -> SessionAnswer:
    """The next pair of tokens. Using one refresh token twice ends the session, as it may be stolen."""
    return await session_answer(parts, await parts.access.refresh(data.refresh_token))


@post(
    "/api/v1/auth/logout",
    status_code=204,
    opt={"audience": "member"},
    summary="Log out",
    operation_id="logout",
    tags=["auth"],
)
async def logout(caller: Asker, parts: Parts, data: JSONBody[NoFields | None] = None) -> None:
    """Ends this session: its access token and its refresh token."""
    await parts.access.logout(caller.agent)


@get("/api/v1/auth/me", opt={"audience": "member"}, summary="Who am I", operation_id="getMe", tags=["auth"])
async def me(caller: Asker, parts: Parts) -> MeAnswer:
    """Role and scopes of this very credential."""
    member = caller.agent
    if member.scopes is None:
        held = None if member.permissions is None else tuple(sorted(member.permissions))
        return MeAnswer(member.role, None, await _user(parts, member), permissions=held)
    key = await parts.access.api_keys.find(member.tenant_id, member.agent_id)
    if key is None:
        raise Unauthenticated
    body = KeyBody(wire("api_key", key.key_id), key.name, tenant_wire(member.tenant_id))
    return MeAnswer(member.role, tuple(sorted(member.scopes)), api_key=body)


ROUTES = (login, accept_invitation, refresh, logout, me)


async def session_answer(parts: HttpParts, session: Session) -> SessionAnswer:
    """What whoever logged in is given."""
    user = await _user(parts, session.member)
    return SessionAnswer(session.access_token, session.refresh_token, session.expires_in, user)


async def _user(parts: HttpParts, member: Member) -> UserBody:
    """Out of the log, so that whoever was invited a moment ago has a name."""
    try:
        agent = await agent_in_log(parts, member.tenant_id, member.agent_id)
    except NotFound:
        raise Unauthenticated from None
    id = wire("agent", member.agent_id)
    return UserBody(id, agent.name, agent.email, member.role, tenant_wire(member.tenant_id))
