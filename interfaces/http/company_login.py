"""Logging in with a company's account: to its provider, back from it, and then the session for the page."""

from __future__ import annotations

from typing import Annotated

import structlog
from litestar import Response, get, post
from litestar.datastructures import Cookie
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from application.actor import Actor, system
from application.agent import InviteAgent, JoinAsAgent
from domain.ids import natural_key, parse_tenant
from domain.kernel import By
from domain.login_provider import Newcomers
from domain.refusals import NotFound, RateLimited, Unavailable
from infrastructure.access.company_login import LIFETIME, Journey, Provider, Returned
from infrastructure.access.openid import CompanyLoginFailed, Person, Reason, refused
from infrastructure.egress import EgressRefused
from interfaces.http.auth import SessionAnswer, session_answer
from interfaces.http.body import JsonRequest
from interfaces.http.handling import NoFields
from interfaces.http.headers import address_of
from interfaces.http.login_provider import CALLBACK, WHERE, provider_of, redirect_uri
from interfaces.http.parts import HttpParts, Parts
from interfaces.http.people import agent_in_log

PAGE = "/agent"
COOKIE = "verbatim-login"
LONGEST_CODE = 4_096

State = Annotated[str, QueryParameter(name="state")]
"""Litestar keeps the plain name for itself."""

_log = structlog.get_logger(__name__)


@get(
    WHERE + "/{tenant_id:str}/start",
    status_code=302,
    opt={"audience": "public"},
    summary="Begin a company login",
    operation_id="startCompanyLogin",
    tags=["auth"],
)
async def start_company_login(tenant_id: FromPath[str], parts: Parts) -> Response[None]:
    """For a browser: to the provider, or back to the page with `#company-login=<reason>`."""
    try:
        provider = await provider_of(parts, parse_tenant(tenant_id))
        found = await parts.access.company_logins.providers.discover(provider.terms.issuer)
    except NotFound:
        return _back(parts, "not_configured")
    except EgressRefused as no:
        _log.warning("company_login_unavailable", why=str(no))
        return _back(parts, "provider_unavailable")
    leaving = parts.access.company_logins.leave(provider, found, redirect_uri(parts))
    return _to(leaving.url, _cookie(parts, leaving.cookie))


@get(
    CALLBACK,
    status_code=302,
    opt={"audience": "public"},
    summary="Come back from the provider",
    operation_id="finishCompanyLogin",
    tags=["auth"],
)
async def finish_company_login(
    request: JsonRequest,
    parts: Parts,
    given_state: State = "",
    code: FromQuery[str] = "",
    error: FromQuery[str] = "",
    iss: FromQuery[str] = "",
) -> Response[None]:
    """For the browser that began it, once, within 10 minutes: to the page, which asks for the session.

    `#company-login=<reason>` where it failed.
    """
    try:
        journey = parts.access.company_logins.journey(request.cookies.get(_name(parts), ""))
        attempt = await parts.access.throttle.begin(f"company login {journey.state}", address_of(request) or "")
        await parts.access.company_logins.arrive(journey, given_state)
        if error or not code or len(code) > LONGEST_CODE:
            raise refused("denied", "the provider sent no code")
        await _prove(parts, journey, Returned(code, iss))
        await parts.access.throttle.not_made(attempt)  # only what fails counts
    except CompanyLoginFailed as failed:
        return _back(parts, failed.reason)
    except RateLimited:
        return _back(parts, "too_many_tries")
    except (EgressRefused, Unavailable) as no:
        _log.warning("company_login_unavailable", why=str(no))
        return _back(parts, "provider_unavailable")
    return _to(f"{PAGE}#company-login")


@post(
    WHERE + "/session",
    status_code=200,
    opt={"audience": "public"},
    summary="Take the session of a company login",
    operation_id="takeCompanySession",
    tags=["auth"],
)
async def take_company_session(
    request: JsonRequest, parts: Parts, data: JSONBody[NoFields | None] = None
) -> Response[SessionAnswer]:
    """For the page, by the cookie of the browser that came back, once and within a minute."""
    journey = parts.access.company_logins.journey(request.cookies.get(_name(parts), ""))
    login = await parts.access.company_logins.take(journey)
    session = await parts.access.session_for(login.tenant_id, login.agent_id)
    return Response(await session_answer(parts, session), cookies=[_cookie(parts, None)])


ROUTES = (start_company_login, finish_company_login, take_company_session)


async def _prove(parts: HttpParts, journey: Journey, returned: Returned) -> None:
    """Raises CompanyLoginFailed, Unavailable, EgressRefused."""
    logins = parts.access.company_logins
    try:
        provider = await provider_of(parts, journey.tenant_id)
    except NotFound:
        raise refused("not_configured", "removed meanwhile") from None
    secret = await parts.access.login_secrets.of(journey.tenant_id, provider.secret_id)
    if secret is None:
        raise refused("not_configured", "no secret")
    person = await logins.person(journey, provider, secret, returned, redirect_uri(parts))
    agent_id = natural_key(journey.tenant_id, "agent", person.email)
    await _join(parts, provider, person)
    await logins.prove(journey, agent_id)


async def _join(parts: HttpParts, provider: Provider, person: Person) -> None:
    """An active agent when it returns: invited before, or a newcomer. Raises CompanyLoginFailed."""
    tenant_id = provider.tenant_id
    agent_id = natural_key(tenant_id, "agent", person.email)
    try:
        agent = await agent_in_log(parts, tenant_id, agent_id)
    except NotFound:
        if provider.terms.newcomers is None:
            raise refused("not_invited", "nobody invited them") from None
        await _invite(parts, tenant_id, person, provider.terms.newcomers)
        return
    if not agent.is_active:
        raise refused("agent_deactivated", "deactivated")
    if agent.role == "owner":
        # Whoever configures the provider could be an admin, who must not become an owner by it.
        raise refused("owners_use_passwords", "owner")
    if agent.invited_until is not None:
        joining = Actor(tenant_id, By("agent", agent_id), "system")
        await parts.bus.execute(joining, JoinAsAgent(agent_id=agent_id))


async def _invite(parts: HttpParts, tenant_id: int, person: Person, newcomers: Newcomers) -> None:
    command = InviteAgent(
        agent_id=natural_key(tenant_id, "agent", person.email),
        name=(person.name or person.email)[:200],
        email=person.email,
        role=newcomers.role or "agent",
        permission_set_id=newcomers.permission_set_id,
    )
    try:
        await parts.bus.execute(system(tenant_id), command)
    except NotFound:
        raise refused("not_configured", "the newcomers' permission set is gone") from None


def _back(parts: HttpParts, reason: Reason) -> Response[None]:
    return _to(f"{PAGE}#company-login={reason}", _cookie(parts, None))


def _to(url: str, *cookies: Cookie) -> Response[None]:
    return Response(None, status_code=302, headers={"Location": url}, cookies=cookies)


def _name(parts: HttpParts) -> str:
    """With the prefix a browser takes it from this very host only, and over TLS only."""
    return f"__Host-{COOKIE}" if parts.base_url.startswith("https://") else COOKIE


def _cookie(parts: HttpParts, value: str | None) -> Cookie:
    """None takes it away."""
    return Cookie(
        _name(parts),
        value=value or "",
        path="/",
        max_age=LIFETIME if value else 0,
        secure=parts.base_url.startswith("https://"),
        httponly=True,
        samesite="lax",
    )
