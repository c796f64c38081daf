"""The OpenID provider by which the tenant's people log in. Its client's secret goes in and never comes out."""

from __future__ import annotations

import msgspec
from litestar import Response, delete, get, put
from litestar.params import JSONBody
from msgspec import UNSET, UnsetType

from application.login_provider import ConfigureLoginProvider, RemoveLoginProvider, login_provider_key
from domain.agent import Role
from domain.ids import parse, tenant_wire, wire
from domain.login_provider import LoginProvider, LoginTerms, Newcomers, valid
from domain.refusals import Invalid, NotFound
from domain.values import required
from infrastructure.access.company_login import Provider
from infrastructure.egress import EgressRefused
from interfaces.http.audience import Asker, may
from interfaces.http.body import JsonRequest
from interfaces.http.first_contact import order_of
from interfaces.http.headers import answer, answer_to_command
from interfaces.http.parts import HttpParts, Parts

WHERE = "/api/v1/auth/oidc"
CALLBACK = WHERE + "/callback"


class NewcomersBody(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """One of the two; never owner, never admin."""

    role: Role | None = None
    permission_set_id: str | None = None


class LoginProviderRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """`clientSecret` left out stays as it is. `domains`: of the e-mail addresses that may come; none: any invited.

    `newcomers`: what somebody of these domains becomes who was never invited; null: they do not come in.
    """

    issuer: str
    client_id: str
    client_secret: str | UnsetType = UNSET
    domains: tuple[str, ...] = ()
    newcomers: NewcomersBody | None = None


class LoginProviderBody(msgspec.Struct, frozen=True, rename="camel"):
    """`redirectUri` is to be registered with the provider; `loginUrl` is for the tenant's people."""

    issuer: str
    client_id: str
    domains: tuple[str, ...]
    newcomers: NewcomersBody | None
    redirect_uri: str
    login_url: str


@put(
    WHERE,
    opt={"audience": "member", "roles": may(ConfigureLoginProvider)},
    summary="Configure the company login",
    operation_id="putLoginProvider",
    tags=["auth"],
)
async def put_login_provider(
    request: JsonRequest, data: JSONBody[LoginProviderRequest], caller: Asker, parts: Parts
) -> Response[LoginProviderBody]:
    """One per tenant; the new one replaces it. Its discovery document and its keys are read before."""
    terms = valid(_terms(data))
    await _expect_usable(parts, terms)
    secret_id = None
    if data.client_secret is not UNSET:
        secret = required("clientSecret", data.client_secret, 2_000)
        secret_id = await parts.access.login_secrets.keep(caller.tenant_id, secret)
    actor, command = caller.actor(), ConfigureLoginProvider(terms=terms, secret_id=secret_id)
    receipt = await parts.bus.execute(actor, command, order_of(request, actor, command))
    return answer_to_command(_body(parts, caller.tenant_id, terms), receipt)


@get(
    WHERE,
    opt={"audience": "member", "roles": may(ConfigureLoginProvider)},
    summary="Get the company login",
    operation_id="getLoginProvider",
    tags=["auth"],
)
async def get_login_provider(caller: Asker, parts: Parts) -> Response[LoginProviderBody]:
    """404 where none is configured."""
    provider = await provider_of(parts, caller.tenant_id)
    seq = await parts.reader.tenant_heads([caller.tenant_id])
    return answer(_body(parts, caller.tenant_id, provider.terms), seq=seq[caller.tenant_id])


@delete(
    WHERE,
    status_code=204,
    opt={"audience": "member", "roles": may(RemoveLoginProvider)},
    summary="Remove the company login",
    operation_id="deleteLoginProvider",
    tags=["auth"],
)
async def delete_login_provider(request: JsonRequest, caller: Asker, parts: Parts) -> Response[None]:
    """Nobody logs in by it any more; who is logged in stays so. Doing it twice changes nothing."""
    actor, command = caller.actor(), RemoveLoginProvider()
    receipt = await parts.bus.execute(actor, command, order_of(request, actor, command))
    return answer_to_command(None, receipt, 204)


ROUTES = (put_login_provider, get_login_provider, delete_login_provider)


async def provider_of(parts: HttpParts, tenant_id: int) -> Provider:
    """As the log says at this moment. Raises NotFound where none is configured, or the tenant is nobody's."""
    found = None
    for one in await parts.reader.stream(tenant_id, login_provider_key(tenant_id)):
        found = one.event.mutate(found)
    if not isinstance(found, LoginProvider) or found.terms is None or found.secret_id is None:
        raise NotFound
    return Provider(tenant_id, found.terms, found.secret_id)


def redirect_uri(parts: HttpParts) -> str:
    """Where a provider sends the browser back to."""
    return parts.base_url + CALLBACK


async def _expect_usable(parts: HttpParts, terms: LoginTerms) -> None:
    providers = parts.access.company_logins.providers
    try:
        await providers.read_keys(await providers.discover(terms.issuer))
    except EgressRefused as no:
        raise Invalid(f"issuer cannot be used: {no}") from no


def _terms(data: LoginProviderRequest) -> LoginTerms:
    newcomers = None
    if data.newcomers is not None:
        held = data.newcomers.permission_set_id
        set_id = None if held is None else parse("permission_set", held)
        newcomers = Newcomers(data.newcomers.role, set_id)
    return LoginTerms(data.issuer, data.client_id, data.domains, newcomers)


def _body(parts: HttpParts, tenant_id: int, terms: LoginTerms) -> LoginProviderBody:
    newcomers = None
    if terms.newcomers is not None:
        held = terms.newcomers.permission_set_id
        set_id = None if held is None else wire("permission_set", held)
        newcomers = NewcomersBody(terms.newcomers.role, set_id)
    addresses = (redirect_uri(parts), f"{parts.base_url}/agent#company={tenant_wire(tenant_id)}")
    return LoginProviderBody(terms.issuer, terms.client_id, terms.domains, newcomers, *addresses)
