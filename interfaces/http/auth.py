"""Logging in, staying logged in, logging out."""

from __future__ import annotations

import msgspec
from litestar import get, post
from litestar.params import JSONBody

from domain.agent import Agent, AgentInvited, Role
from domain.ids import tenant_wire, wire
from domain.kernel import Aggregate
from domain.personal import readable
from domain.refusals import Unauthenticated
from infrastructure.access.grants import Member, Session
from interfaces.http.audience import Asker
from interfaces.http.conversation import NoFields
from interfaces.http.parts import HttpParts, Parts


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


class MeAnswer(msgspec.Struct, frozen=True):
    user: UserBody


@post(
    "/api/v1/auth/login",
    status_code=200,
    opt={"audience": "public"},
    summary="Log in",
    operation_id="login",
    tags=["auth"],
)
async def login(data: JSONBody[LoginRequest], parts: Parts) -> SessionAnswer:
    """One answer for an unknown address and a wrong password, after the same time."""
    return await _session(parts, await parts.access.login(data.email, data.password))


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
    return await _session(parts, await parts.access.refresh(data.refresh_token))


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
    return MeAnswer(await _user(parts, caller.agent))


ROUTES = (login, refresh, logout, me)


async def _session(parts: HttpParts, session: Session) -> SessionAnswer:
    user = await _user(parts, session.member)
    return SessionAnswer(session.access_token, session.refresh_token, session.expires_in, user)


async def _user(parts: HttpParts, member: Member) -> UserBody:
    """Out of the log, so that whoever was invited a moment ago has a name."""
    name = email = None
    aggregate: Aggregate | None = None
    for one in await parts.reader.stream(member.tenant_id, member.agent_id):
        aggregate = one.event.mutate(aggregate)
        if isinstance(one.event, AgentInvited):
            name, email = readable(one.event.name), readable(one.event.email)
    if not isinstance(aggregate, Agent):
        raise Unauthenticated
    return UserBody(wire("agent", member.agent_id), name, email, aggregate.role, tenant_wire(member.tenant_id))
