"""Issuers: identity providers that tenants trust, and the tokens they sign."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, get_args
from uuid import UUID, uuid5

import jwt
import msgspec
from psycopg.errors import UniqueViolation

from domain.agent import Role
from domain.ids import natural_key
from domain.issuer import Trust
from domain.refusals import Conflict, Invalid, TokenExpired, Unauthenticated
from domain.values import email_address, is_storable
from infrastructure.access.jwks import IssuerKey, KeySets
from infrastructure.access.recent import Recent
from infrastructure.access.signing import LEEWAY, LONGEST
from infrastructure.egress import EgressRefused
from infrastructure.postgres import Database

LONGEST_LIFE = timedelta(hours=24)
REQUIRED = ["iss", "aud", "sub", "iat", "exp", "email", "email_verified"]
REFUSED_HEADERS = frozenset(["crit", "b64", "zip", "jku", "jwk", "x5u", "x5c"])
GIVEN_BY_CLAIM: tuple[Role, ...] = tuple(role for role in get_args(Role) if role != "owner")
"""Strongest first. Who owns the tenant is said in the tenant only."""

_TOKENS = UUID("2b6c3c5e-6f0e-5c59-9a3f-1d7a0d5f5b11")
_FIELDS = "issuer, jwks_url, audience, role_claim, default_role"


class IssuerTaken(Conflict):
    code = "issuer_taken"
    sentence = "Tokens of this issuer for this audience belong to another tenant."


class ForeignClaims(msgspec.Struct, frozen=True):
    """What another issuer's token says, once its signature held. `role` None: as the log says."""

    tenant_id: int
    agent_id: UUID
    session_id: UUID
    expires_at: datetime
    role: Role | None


class Issuers:
    """A look-up is at most 5 s old."""

    def __init__(self, database: Database, key_sets: KeySets) -> None:
        self._database = database
        self._key_sets = key_sets
        self._recent: Recent[tuple[str, tuple[str, ...]], tuple[int, Trust]] = Recent()

    async def expect_usable(self, tenant_id: int, trust: Trust) -> None:
        """Its keys can be read and nobody else has it. Raises Invalid, IssuerTaken."""
        try:
            await self._key_sets.read(trust.jwks_url)
        except EgressRefused as refused:
            raise Invalid(f"jwksUrl cannot be used: {refused}") from refused
        found = await self._find(trust.issuer, (trust.audience,))
        if found is not None and found[0] != tenant_id:
            raise IssuerTaken

    async def put(self, tenant_id: int, trust: Trust) -> None:
        """The tenant's one issuer from now on. Raises IssuerTaken."""
        try:
            async with self._database.tenant(tenant_id) as connection:
                await connection.execute(
                    f"INSERT INTO access.issuer (tenant_id, {_FIELDS}) VALUES (%s, %s, %s, %s, %s, %s) "
                    "ON CONFLICT (tenant_id) DO UPDATE SET issuer = EXCLUDED.issuer, at = now(), "
                    "jwks_url = EXCLUDED.jwks_url, audience = EXCLUDED.audience, "
                    "role_claim = EXCLUDED.role_claim, default_role = EXCLUDED.default_role".encode(),
                    (tenant_id, *msgspec.structs.astuple(trust)),
                )
        except UniqueViolation:
            raise IssuerTaken from None
        self._recent.forget(lambda known: known[0] == tenant_id)

    async def remove(self, tenant_id: int) -> None:
        async with self._database.tenant(tenant_id) as connection:
            await connection.execute("DELETE FROM access.issuer WHERE tenant_id = %s", (tenant_id,))
        self._recent.forget(lambda known: known[0] == tenant_id)

    async def of(self, tenant_id: int) -> Trust | None:
        async with self._database.tenant(tenant_id) as connection:
            cursor = await connection.execute(
                f"SELECT {_FIELDS} FROM access.issuer WHERE tenant_id = %s".encode(), (tenant_id,)
            )
            found = await cursor.fetchone()
        return None if found is None else Trust(*found)

    async def read(self, token: str) -> ForeignClaims:
        """Raises Unauthenticated, TokenExpired, Unavailable where the issuer's keys cannot be had."""
        kid, issuer, audiences = _unverified(token)
        trusted = await self._trusted(issuer, audiences)
        if trusted is None:
            raise Unauthenticated
        tenant_id, trust = trusted
        key = await self._key_sets.find(trust.jwks_url, kid)
        if key is None:
            raise Unauthenticated
        return _claims(token, tenant_id, trust, _verified(token, trust, key))

    async def _trusted(self, issuer: str, audiences: tuple[str, ...]) -> tuple[int, Trust] | None:
        known = self._recent.find((issuer, audiences))
        if known is None:
            asked_at = self._recent.now()
            known = await self._find(issuer, audiences)
            if known is not None:
                self._recent.keep((issuer, audiences), known, asked_at)
        return known

    async def _find(self, issuer: str, audiences: tuple[str, ...]) -> tuple[int, Trust] | None:
        """None also where the audiences are two tenants': it is nobody's to choose."""
        async with self._database.worker() as connection:
            cursor = await connection.execute(
                f"SELECT tenant_id, {_FIELDS} FROM access.issuer "
                "WHERE issuer = %s AND audience = ANY(%s)".encode(),
                (issuer, list(audiences)),
            )
            rows = await cursor.fetchall()
        return (rows[0][0], Trust(*rows[0][1:])) if len(rows) == 1 else None


def _unverified(token: str) -> tuple[str, str, tuple[str, ...]]:
    """(key id, issuer, audiences): whom to ask. Nothing of it is believed yet. Raises Unauthenticated."""
    if len(token) > LONGEST:
        raise Unauthenticated
    try:
        header = jwt.get_unverified_header(token)
        claims = jwt.decode(token, options={"verify_signature": False})
    except jwt.InvalidTokenError:
        raise Unauthenticated from None
    kid, issuer, audience = header.get("kid"), claims.get("iss"), claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    names = (kid, issuer, *audiences)
    if REFUSED_HEADERS & header.keys() or not all(isinstance(one, str) and is_storable(one) for one in names):
        raise Unauthenticated
    return str(kid), str(issuer), tuple(str(one) for one in audiences)


def _verified(token: str, trust: Trust, key: IssuerKey) -> Mapping[str, Any]:
    try:
        return jwt.decode(
            token,
            key.public,
            algorithms=[key.algorithm],
            issuer=trust.issuer,
            audience=trust.audience,
            leeway=LEEWAY,
            options={"require": REQUIRED},
        )
    except jwt.ExpiredSignatureError:
        raise TokenExpired from None
    except (jwt.InvalidTokenError, ValueError, TypeError):
        raise Unauthenticated from None


def _claims(token: str, tenant_id: int, trust: Trust, claims: Mapping[str, Any]) -> ForeignClaims:
    if not isinstance(claims["email"], str) or claims["email_verified"] not in (True, "true"):
        raise Unauthenticated
    try:
        agent_id = natural_key(tenant_id, "agent", email_address(claims["email"]))
        begins, ends = (datetime.fromtimestamp(float(claims[name]), UTC) for name in ("iat", "exp"))
    except (Invalid, ValueError, TypeError, OverflowError, OSError):
        raise Unauthenticated from None
    if ends - begins > LONGEST_LIFE:
        raise Unauthenticated
    session_id = uuid5(_TOKENS, hashlib.sha256(token.encode()).hexdigest())
    return ForeignClaims(tenant_id, agent_id, session_id, ends, claimed_role(claims, trust))


def claimed_role(claims: Mapping[str, Any], trust: Trust) -> Role | None:
    """The strongest role that the claim names, else the default one, else None: as the log says."""
    named = _at(claims, trust.role_claim) if trust.role_claim else None
    given = named if isinstance(named, list) else [named]
    claimed: Role | None = next((role for role in GIVEN_BY_CLAIM if role in given), None)
    return claimed or trust.default_role


def _at(claims: Mapping[str, Any], path: str) -> Any:
    """The claim of that name, else what its dots lead to."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for step in path.split("."):
        found = found.get(step) if isinstance(found, dict) else None
    return found
