"""Issuer: who else may say who an agent is: an identity provider that the tenant trusts."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from domain.agent import Role
from domain.kernel import Aggregate, Event, Stamp
from domain.refusals import Invalid
from domain.values import bounded, required
from domain.web_address import web_address

URL_LENGTH = 2_000


class Trust(msgspec.Struct, frozen=True, omit_defaults=True):
    """Tokens of `issuer` for `audience`, signed by a key of `jwks_url`.

    `role_claim` names the claim that says the role (dots lead into nested ones), `default_role` where it does not.
    """

    issuer: str
    jwks_url: str
    audience: str
    role_claim: str | None = None
    default_role: Role | None = None


class IssuerTrusted(Event, frozen=True, kw_only=True):
    TYPE = "issuer.trusted.1"

    tenant_id: int
    trust: Trust

    def create(self) -> Aggregate:
        return Issuer(self.originator_id)

    def apply(self, aggregate: Issuer) -> None:
        aggregate.trust = self.trust


class IssuerDistrusted(Event, frozen=True, kw_only=True):
    TYPE = "issuer.distrusted.1"

    def apply(self, aggregate: Issuer) -> None:
        aggregate.trust = None


class Issuer(Aggregate):
    KIND: ClassVar[str] = "issuer"

    trust: Trust | None = None

    def entrust(self, stamp: Stamp, tenant_id: int, trust: Trust) -> None:
        """One issuer per tenant: the new one replaces it; the same again changes nothing. Raises Invalid."""
        wanted = valid(trust)
        if wanted != self.trust:
            self.record(IssuerTrusted, stamp, tenant_id=tenant_id, trust=wanted)

    def distrust(self, stamp: Stamp) -> None:
        """Nothing is left to take away the second time."""
        if self.trust is not None:
            self.record(IssuerDistrusted, stamp)


def valid(trust: Trust) -> Trust:
    """The same, trimmed. Raises Invalid. Whether plain http is allowed is the installation's to say."""
    if trust.default_role == "owner":
        raise Invalid("defaultRole is never owner.")
    return Trust(
        issuer=required("issuer", trust.issuer, URL_LENGTH),
        jwks_url=web_address("jwksUrl", required("jwksUrl", trust.jwks_url, URL_LENGTH)),
        audience=required("audience", trust.audience, URL_LENGTH),
        role_claim=bounded("roleClaim", trust.role_claim) if trust.role_claim else None,
        default_role=trust.default_role,
    )


EVENTS: tuple[type[Event], ...] = (IssuerTrusted, IssuerDistrusted)
