"""The identity provider whose tokens open this tenant to its people."""

from __future__ import annotations

import msgspec
from litestar import Response, delete, get, put
from litestar.params import JSONBody

from application.issuer import DistrustIssuer, TrustIssuer
from domain.agent import Role
from domain.issuer import Trust, valid
from domain.refusals import NotFound
from interfaces.http.audience import Asker, may
from interfaces.http.body import JsonRequest
from interfaces.http.first_contact import order_of
from interfaces.http.headers import answer, answer_to_command
from interfaces.http.parts import Parts


class IssuerBody(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Tokens of `issuer` for `audience`, signed (RS256, ES256, EdDSA) by a key of `jwksUrl`; e-mail verified.

    `roleClaim` names the claim that says the role, `defaultRole` stands in where it says none; else the role
    is the one given here. `owner` is never taken from a token.
    """

    issuer: str
    jwks_url: str
    audience: str
    role_claim: str | None = None
    default_role: Role | None = None


class IssuerAnswer(msgspec.Struct, frozen=True):
    issuer: IssuerBody


@put(
    "/api/v1/auth/issuer",
    opt={"audience": "member", "roles": may(TrustIssuer)},
    summary="Trust an identity provider",
    operation_id="putIssuer",
    tags=["auth"],
)
async def put_issuer(
    request: JsonRequest, data: JSONBody[IssuerBody], caller: Asker, parts: Parts
) -> Response[IssuerAnswer]:
    """One per tenant; the new one replaces it. Its keys are read before it is trusted."""
    trust = valid(Trust(data.issuer, data.jwks_url, data.audience, data.role_claim, data.default_role))
    await parts.access.issuers.expect_usable(caller.tenant_id, trust)
    actor, command = caller.actor(), TrustIssuer(trust=trust)
    receipt = await parts.bus.execute(actor, command, order_of(request, actor, command))
    await parts.access.issuers.put(caller.tenant_id, trust)
    return answer_to_command(IssuerAnswer(_body(trust)), receipt)


@get(
    "/api/v1/auth/issuer",
    opt={"audience": "member", "roles": may(TrustIssuer)},
    summary="Get the identity provider",
    operation_id="getIssuer",
    tags=["auth"],
)
async def get_issuer(caller: Asker, parts: Parts) -> Response[IssuerAnswer]:
    """404 where none is trusted."""
    trust = await parts.access.issuers.of(caller.tenant_id)
    if trust is None:
        raise NotFound
    seq = await parts.reader.tenant_heads([caller.tenant_id])
    return answer(IssuerAnswer(_body(trust)), seq=seq[caller.tenant_id])


@delete(
    "/api/v1/auth/issuer",
    status_code=204,
    opt={"audience": "member", "roles": may(DistrustIssuer)},
    summary="Distrust the identity provider",
    operation_id="deleteIssuer",
    tags=["auth"],
)
async def delete_issuer(request: JsonRequest, caller: Asker, parts: Parts) -> Response[None]:
    """Its tokens are refused within 5 s. Doing it twice changes nothing."""
    actor, command = caller.actor(), DistrustIssuer()
    await parts.access.issuers.remove(caller.tenant_id)
    receipt = await parts.bus.execute(actor, command, order_of(request, actor, command))
    return answer_to_command(None, receipt, 204)


ROUTES = (put_issuer, get_issuer, delete_issuer)


def _body(trust: Trust) -> IssuerBody:
    return IssuerBody(trust.issuer, trust.jwks_url, trust.audience, trust.role_claim, trust.default_role)
