"""LoginProvider: the OpenID provider by which a tenant's people log in with their company's account."""

from __future__ import annotations

import re
from typing import ClassVar
from uuid import UUID

import msgspec

from domain.agent import Role
from domain.kernel import Aggregate, Event, Stamp
from domain.refusals import Invalid
from domain.values import required
from domain.web_address import web_address

URL_LENGTH = 2_000
MOST_DOMAINS = 100
NEVER_NEWCOMERS = frozenset(["owner", "admin"])

_DOMAIN = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+")


class Newcomers(msgspec.Struct, frozen=True, omit_defaults=True):
    """What who was never invited becomes: one of the two."""

    role: Role | None = None
    permission_set_id: UUID | None = None


class LoginTerms(msgspec.Struct, frozen=True, omit_defaults=True):
    """`domains`: of the e-mail addresses that may come in; none: any that was invited.

    `newcomers` None: only who was invited.
    """

    issuer: str
    client_id: str
    domains: tuple[str, ...] = ()
    newcomers: Newcomers | None = None


class LoginProviderConfigured(Event, frozen=True, kw_only=True):
    """`secret_id`: the client's secret as it is kept, sealed."""

    TYPE = "login_provider.configured.1"

    tenant_id: int
    terms: LoginTerms
    secret_id: UUID

    def create(self) -> Aggregate:
        return LoginProvider(self.originator_id)

    def apply(self, aggregate: LoginProvider) -> None:
        aggregate.terms, aggregate.secret_id = self.terms, self.secret_id


class LoginProviderRemoved(Event, frozen=True, kw_only=True):
    TYPE = "login_provider.removed.1"

    def apply(self, aggregate: LoginProvider) -> None:
        aggregate.terms = aggregate.secret_id = None


class LoginProvider(Aggregate):
    KIND: ClassVar[str] = "login_provider"

    terms: LoginTerms | None = None
    secret_id: UUID | None = None

    def configure(self, stamp: Stamp, tenant_id: int, terms: LoginTerms, secret_id: UUID | None) -> None:
        """One per tenant: the new one replaces it; the same again changes nothing.

        `secret_id` None: the one before, which goes to the issuer it was given for and no other. Raises Invalid.
        """
        wanted = valid(terms)
        kept = self.secret_id if self.terms is not None and self.terms.issuer == wanted.issuer else None
        chosen = secret_id or kept
        if chosen is None:
            raise Invalid("clientSecret is needed.")
        if (wanted, chosen) != (self.terms, self.secret_id):
            self.record(LoginProviderConfigured, stamp, tenant_id=tenant_id, terms=wanted, secret_id=chosen)

    def remove(self, stamp: Stamp) -> None:
        """Removing twice changes nothing."""
        if self.terms is not None:
            self.record(LoginProviderRemoved, stamp)


def valid(terms: LoginTerms) -> LoginTerms:
    """The same, tidied. Raises Invalid. Whether plain http is allowed is the installation's to say."""
    if len(terms.domains) > MOST_DOMAINS:
        raise Invalid(f"domains names at most {MOST_DOMAINS}.")
    domains = tuple(dict.fromkeys(_domain(one) for one in terms.domains))
    if terms.newcomers is not None:
        _refuse_newcomers(terms.newcomers, domains)
    return LoginTerms(
        issuer=web_address("issuer", required("issuer", terms.issuer, URL_LENGTH), may_query=False),
        client_id=required("clientId", terms.client_id, URL_LENGTH),
        domains=domains,
        newcomers=terms.newcomers,
    )


def _refuse_newcomers(newcomers: Newcomers, domains: tuple[str, ...]) -> None:
    if (newcomers.role is None) == (newcomers.permission_set_id is None):
        raise Invalid("newcomers has role or permissionSetId.")
    if newcomers.role in NEVER_NEWCOMERS:
        raise Invalid("newcomers are never owners or admins.")
    if not domains:
        raise Invalid("domains is needed for newcomers: else everybody with an account there comes in.")


def _domain(text: str) -> str:
    name = text.strip().lower()
    if not _DOMAIN.fullmatch(name):
        raise Invalid("domains are written like example.com.")
    return name


EVENTS: tuple[type[Event], ...] = (LoginProviderConfigured, LoginProviderRemoved)
