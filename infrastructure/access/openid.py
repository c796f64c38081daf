"""OpenID Connect: a provider's discovery document, its token endpoint, and what the token that it signs says.

OpenID Connect Core 1.0 §3.1 (code flow), RFC 7636 (PKCE), OpenID Connect Discovery 1.0, RFC 9207 (issuer of the
answer), RFC 8725 (which tokens are believed).
"""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import quote_plus, urlencode, urlsplit

import jwt
import msgspec
import structlog

from domain.login_provider import LoginTerms
from domain.refusals import Invalid, Unauthenticated
from domain.values import email_address, is_storable
from infrastructure.access.issuers import REFUSED_HEADERS
from infrastructure.access.jwks import IssuerKey, KeySets
from infrastructure.access.recent import Recent
from infrastructure.access.signing import LEEWAY
from infrastructure.egress import Answer, Egress, EgressRefused

SECONDS, LIMIT = 5.0, 64 * 1024
FRESH = 600.0
"""Seconds for which a discovery document holds."""
LONGEST = 16 * 1024
REQUIRED = ["iss", "aud", "sub", "iat", "exp", "nonce", "email", "email_verified"]

Reason = Literal[
    "agent_deactivated",
    "denied",
    "domain_refused",
    "email_unverified",
    "expired",
    "not_configured",
    "not_invited",
    "owners_use_passwords",
    "provider_refused",
    "provider_unavailable",
    "too_many_tries",
]

_log = structlog.get_logger(__name__)


class CompanyLoginFailed(Unauthenticated):
    """Details: `reason`, for the page to say what to do."""

    code = "company_login_failed"
    sentence = "Logging in with your company's account did not work."

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason=reason)
        self.reason: Reason = reason


class Discovery(msgspec.Struct, frozen=True):
    """What we need of a provider's own description of itself."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    token_endpoint_auth_methods_supported: list[str] = msgspec.field(
        default_factory=lambda: ["client_secret_basic"]
    )
    authorization_response_iss_parameter_supported: bool = False


class Exchange(msgspec.Struct, frozen=True):
    """What a code is exchanged with, and what the token has to say."""

    terms: LoginTerms
    secret: str
    code: str
    verifier: str
    nonce: str
    redirect_uri: str


class Person(msgspec.Struct, frozen=True):
    """Who somebody is, as their provider proved; `email` in lower case."""

    email: str
    name: str | None


class _Tokens(msgspec.Struct, frozen=True):
    id_token: str


class OpenIdProviders:
    """Every address of a provider is one that a tenant named: it is reached through Egress only."""

    def __init__(self, egress: Egress, key_sets: KeySets) -> None:
        self._egress = egress
        self._key_sets = key_sets
        self._discovered: Recent[str, Discovery] = Recent(FRESH, 1_000)

    async def discover(self, issuer: str) -> Discovery:
        """Raises EgressRefused, also where the document is no discovery document, or another issuer's."""
        known = self._discovered.find(issuer)
        if known is None:
            asked_at = self._discovered.now()
            url = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
            known = _discovery(issuer, await self._egress.get(url, seconds=SECONDS, limit=LIMIT))
            self._discovered.keep(issuer, known, asked_at)
        return known

    async def read_keys(self, found: Discovery) -> None:
        """Raises EgressRefused where there is no key that we take."""
        await self._key_sets.read(found.jwks_uri)

    async def person(self, found: Discovery, exchange: Exchange) -> Person:
        """Whom the provider says this code is for. Raises CompanyLoginFailed, Unavailable, EgressRefused."""
        token = await self._id_token(found, exchange)
        key = await self._key(found, token)
        return _person(_verified(token, key, exchange))

    async def _id_token(self, found: Discovery, exchange: Exchange) -> str:
        form, headers = _token_request(found, exchange)
        async with self._egress.client() as client:
            answer = await self._egress.post(
                client, found.token_endpoint, form, headers, seconds=SECONDS, limit=LIMIT
            )
        return _token_in(answer)

    async def _key(self, found: Discovery, token: str) -> IssuerKey:
        try:
            header = jwt.get_unverified_header(token)
        except (jwt.InvalidTokenError, ValueError, RecursionError):
            raise refused("provider_refused", "no token") from None
        kid = header.get("kid")
        if REFUSED_HEADERS & header.keys() or not isinstance(kid, str):
            raise refused("provider_refused", "header of the token")
        key = await self._key_sets.find(found.jwks_uri, kid)
        if key is None:
            raise refused("provider_refused", "no such key")
        return key


def refused(reason: Reason, why: str) -> CompanyLoginFailed:
    """`why` is for the log and never holds what somebody sent."""
    _log.warning("company_login_refused", reason=reason, why=why)
    return CompanyLoginFailed(reason)


def _discovery(issuer: str, body: bytes) -> Discovery:
    try:
        found = msgspec.json.decode(body, type=Discovery)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise EgressRefused("There is no discovery document at this issuer's address.") from None
    if found.issuer != issuer:
        raise EgressRefused("The discovery document there is another issuer's.")
    # A browser goes there: only where the issuer itself may be without TLS, its pages may be too.
    allowed = {"https", urlsplit(issuer).scheme}
    if not _is_entrance(found.authorization_endpoint, allowed):
        raise EgressRefused("The discovery document names no address where people log in.")
    return found


def _is_entrance(url: str, schemes: set[str]) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    is_plain = parts.username is None and not parts.fragment and url.isascii() and url.isprintable()
    return parts.scheme in schemes and bool(parts.hostname) and is_plain


def _token_request(found: Discovery, exchange: Exchange) -> tuple[bytes, dict[str, str]]:
    form = {
        "grant_type": "authorization_code",
        "code": exchange.code,
        "redirect_uri": exchange.redirect_uri,
        "code_verifier": exchange.verifier,
    }
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    client = exchange.terms.client_id
    if "client_secret_basic" in found.token_endpoint_auth_methods_supported:
        pair = f"{quote_plus(client)}:{quote_plus(exchange.secret)}"
        headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
    else:
        form |= {"client_id": client, "client_secret": exchange.secret}
    return urlencode(form).encode(), headers


def _token_in(answer: Answer) -> str:
    if answer.status >= 500:
        raise refused("provider_unavailable", f"token endpoint answered {answer.status}")
    if answer.status != 200:
        raise refused("provider_refused", f"token endpoint answered {answer.status}")
    try:
        token = msgspec.json.decode(answer.excerpt, type=_Tokens).id_token
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise refused("provider_refused", "no id_token") from None
    if len(token) > LONGEST:
        raise refused("provider_refused", "token too long")
    return token


def _verified(token: str, key: IssuerKey, exchange: Exchange) -> Mapping[str, Any]:
    """The algorithm is the key's, whatever the token says of itself."""
    client = exchange.terms.client_id
    try:
        claims = jwt.decode(
            token,
            key.public,
            algorithms=[key.algorithm],
            issuer=exchange.terms.issuer,
            audience=client,
            leeway=LEEWAY,
            options={"require": REQUIRED},
        )
    except (jwt.InvalidTokenError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise refused("provider_refused", type(error).__name__) from None
    if claims.get("azp", client) != client or (isinstance(claims["aud"], list) and "azp" not in claims):
        raise refused("provider_refused", "authorized party")
    nonce = claims["nonce"]
    if not isinstance(nonce, str) or not hmac.compare_digest(nonce.encode(), exchange.nonce.encode()):
        raise refused("provider_refused", "nonce")
    return claims


def _person(claims: Mapping[str, Any]) -> Person:
    if claims["email_verified"] is not True and claims["email_verified"] != "true":
        raise refused("email_unverified", "email_verified")
    email, name = claims["email"], claims.get("name")
    if not isinstance(email, str):
        raise refused("provider_refused", "email")
    try:
        address = email_address(email)
    except Invalid:
        raise refused("provider_refused", "email") from None
    is_name = isinstance(name, str) and bool(name.strip()) and is_storable(name)
    return Person(address, name if is_name else None)
