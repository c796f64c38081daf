"""CompanyLogins: a login with a company's account, from the browser's leaving for the provider to its session.

Leaving writes nothing: what has to come back is sealed in a cookie of that browser. Coming back spends the state,
once, and the session is taken once, so neither an address nor a log ever holds a token of ours.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets as randomness
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from datetime import timedelta
from urllib.parse import urlencode
from uuid import UUID

import msgspec

from domain.login_provider import LoginTerms
from infrastructure.access.keys import derived, keyed_digest
from infrastructure.access.openid import Discovery, Exchange, OpenIdProviders, Person, refused
from infrastructure.access.passwords import Login
from infrastructure.access.tokens import token_hash
from infrastructure.eventstore.sealing import Tampered, unwrap, wrap
from infrastructure.postgres import Database

LIFETIME = 600
"""Seconds from leaving to coming back."""
TAKEN_WITHIN = timedelta(seconds=60)
"""From coming back to the page's asking for its session."""
_SEAL = "company login"


class Provider(msgspec.Struct, frozen=True):
    """Whom a tenant's people log in with, and the secret as it is kept."""

    tenant_id: int
    terms: LoginTerms
    secret_id: UUID


class Leaving(msgspec.Struct, frozen=True):
    """Where the browser goes, and what it keeps meanwhile."""

    url: str
    cookie: str


class Journey(msgspec.Struct, frozen=True):
    """What the browser kept. `terms`: a digest of what was configured when it left."""

    tenant_id: int
    state: str
    terms: str
    ends_at: int


class Returned(msgspec.Struct, frozen=True):
    """What a provider sends the browser back with. `iss`: its own name, where it says it (RFC 9207)."""

    code: str
    iss: str = ""


class CompanyLogins:
    """One browser has one login on its way: a second one begun replaces the first."""

    def __init__(self, database: Database, secrets: bytes, providers: OpenIdProviders) -> None:
        self.providers = providers
        self._database = database
        self._key = derived(secrets, "company login")

    def leave(self, provider: Provider, found: Discovery, redirect_uri: str) -> Leaving:
        """State, nonce and verifier are new each time; the latter two are made of the first."""
        state = randomness.token_urlsafe(32)
        challenge = hashlib.sha256(self._verifier(state).encode()).digest()
        asked = {
            "response_type": "code",
            "client_id": provider.terms.client_id,
            "redirect_uri": redirect_uri,
            "scope": "openid email profile",
            "state": state,
            "nonce": self._nonce(state),
            "code_challenge": _text(challenge),
            "code_challenge_method": "S256",
        }
        before, mark = found.authorization_endpoint, "&" if "?" in found.authorization_endpoint else "?"
        journey = Journey(provider.tenant_id, state, _digest(provider), int(time.time()) + LIFETIME)
        sealed = wrap(self._key, msgspec.json.encode(journey), _SEAL)
        return Leaving(f"{before}{mark}{urlencode(asked)}", _text(sealed))

    def journey(self, cookie: str) -> Journey:
        """What this browser left with. Raises CompanyLoginFailed."""
        try:
            journey = msgspec.json.decode(unwrap(self._key, _bytes(cookie), _SEAL), type=Journey)
        except (Tampered, NotBase64, ValueError, msgspec.MsgspecError):
            raise refused("expired", "no cookie of ours") from None
        if journey.ends_at < time.time():
            raise refused("expired", "too late")
        return journey

    async def arrive(self, journey: Journey, state: str) -> None:
        """The browser is back with this state, for the first time. Raises CompanyLoginFailed."""
        if not hmac.compare_digest(journey.state.encode(), state.encode()):
            raise refused("expired", "another state")
        async with self._database.tenant(journey.tenant_id) as connection:
            cursor = await connection.execute(
                "INSERT INTO access.company_login (state, tenant_id) VALUES (%s, %s) "
                "ON CONFLICT (state) DO NOTHING RETURNING state",
                (token_hash(state), journey.tenant_id),
            )
            is_first = await cursor.fetchone() is not None
        if not is_first:
            raise refused("expired", "state used before")

    async def person(
        self, journey: Journey, provider: Provider, secret: str, returned: Returned, redirect_uri: str
    ) -> Person:
        """Raises CompanyLoginFailed, Unavailable, EgressRefused."""
        if journey.terms != _digest(provider):
            raise refused("expired", "the provider was changed meanwhile")
        found = await self.providers.discover(provider.terms.issuer)
        if (returned.iss or found.authorization_response_iss_parameter_supported) and returned.iss != found.issuer:
            raise refused("provider_refused", "issuer of the answer")
        verifier, nonce = self._verifier(journey.state), self._nonce(journey.state)
        exchange = Exchange(provider.terms, secret, returned.code, verifier, nonce, redirect_uri)
        person = await self.providers.person(found, exchange)
        domains = provider.terms.domains
        if domains and person.email.rpartition("@")[2] not in domains:
            raise refused("domain_refused", "domain of the address")
        return person

    async def prove(self, journey: Journey, agent_id: UUID) -> None:
        """Who they are; the page may take their session now."""
        async with self._database.tenant(journey.tenant_id) as connection:
            await connection.execute(
                "UPDATE access.company_login SET agent_id = %s, proven_at = now() "
                "WHERE tenant_id = %s AND state = %s AND proven_at IS NULL",
                (agent_id, journey.tenant_id, token_hash(journey.state)),
            )

    async def take(self, journey: Journey) -> Login:
        """Whose session it is to be, once and within a minute. Raises CompanyLoginFailed."""
        async with self._database.tenant(journey.tenant_id) as connection:
            cursor = await connection.execute(
                "UPDATE access.company_login SET taken_at = now() WHERE tenant_id = %s AND state = %s "
                "AND taken_at IS NULL AND proven_at > now() - %s RETURNING agent_id",
                (journey.tenant_id, token_hash(journey.state), TAKEN_WITHIN),
            )
            found = await cursor.fetchone()
        if found is None:
            raise refused("expired", "nothing to take")
        return Login(journey.tenant_id, found[0])

    async def sweep(self) -> None:
        """Forget what could not be used again anyway."""
        async with self._database.worker() as connection:
            await connection.execute("DELETE FROM access.company_login WHERE at < now() - interval '1 hour'")

    def _nonce(self, state: str) -> str:
        return _text(keyed_digest(self._key, f"nonce {state}"))

    def _verifier(self, state: str) -> str:
        return _text(keyed_digest(self._key, f"verifier {state}"))


def _digest(provider: Provider) -> str:
    return hashlib.sha256(msgspec.json.encode(provider)).hexdigest()


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4))
