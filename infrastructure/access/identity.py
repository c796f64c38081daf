"""Identities: who a visitor is, signed by the tenant's own server with a secret that only both of us know."""

from __future__ import annotations

import secrets as randomness
import time
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import jwt
import msgspec

from domain.refusals import Invalid, TokenExpired, TokenMissing, TokenRevoked, Unauthenticated
from domain.values import required
from infrastructure.access.keys import WrongSecret, derived, keyed_digest
from infrastructure.access.recent import Recent
from infrastructure.eventstore.sealing import Tampered, unwrap, wrap
from infrastructure.postgres import Connection, Database

LONGEST = 4096
LIFETIME = 24 * 3600
LEEWAY = 30
"""Seconds: how long an identity may hold, and how far two clocks may be apart."""
REMEMBERED = 5
"""Revoked secrets whose tokens are still told apart from forged ones."""


class Identity(msgspec.Struct, frozen=True):
    """`external_id` is the tenant's name for them; `contact_id` is made of it, and says nothing about it."""

    tenant_id: int
    contact_id: UUID
    external_id: str
    name: str | None
    email: str | None
    phone: str | None


class IdentitySecretRow(msgspec.Struct, frozen=True):
    """A secret, without itself."""

    secret_id: UUID
    at: datetime
    revoked_at: datetime | None


class _Known(msgspec.Struct, frozen=True):
    tenant_id: int
    in_force: tuple[bytes, ...]
    revoked: tuple[bytes, ...]


class Identities:
    """HS256 and nothing else. A look-up is at most 5 s old: so long may a revocation take in another process."""

    def __init__(self, database: Database, secrets: bytes) -> None:
        self._database = database
        self._sealing_key = derived(secrets, "identity")
        self._naming_key = derived(secrets, "external id")
        self._recent: Recent[int, _Known] = Recent()

    async def issue(self, tenant_id: int, secret_id: UUID) -> str:
        """`is_…`, the same for the same id: a repeated request is shown what the first one was."""
        secret = f"is_{randomness.token_urlsafe(32)}"
        sealed = wrap(self._sealing_key, secret.encode(), _owner(tenant_id, secret_id))
        async with self._database.tenant(tenant_id) as connection:
            await connection.execute(
                "INSERT INTO access.identity_secret (secret_id, tenant_id, sealed) VALUES (%s, %s, %s) "
                "ON CONFLICT (secret_id) DO NOTHING",
                (secret_id, tenant_id, sealed),
            )
            cursor = await connection.execute(
                "SELECT sealed FROM access.identity_secret WHERE tenant_id = %s AND secret_id = %s",
                (tenant_id, secret_id),
            )
            found = await cursor.fetchone()
        self._recent.drop(tenant_id)
        assert found is not None
        return self._opened(tenant_id, secret_id, found[0]).decode()

    async def revoke(self, tenant_id: int, secret_ids: Collection[UUID]) -> None:
        """Revoking twice changes nothing."""
        async with self._database.tenant(tenant_id) as connection:
            await connection.execute(
                "UPDATE access.identity_secret SET revoked_at = now() "
                "WHERE tenant_id = %s AND secret_id = ANY(%s) AND revoked_at IS NULL",
                (tenant_id, list(secret_ids)),
            )
        self._recent.drop(tenant_id)

    async def listed(self, tenant_id: int) -> tuple[IdentitySecretRow, ...]:
        """Newest first: those in force, and the last revoked ones."""
        async with self._database.tenant(tenant_id) as connection:
            rows = await _stored(connection, tenant_id)
        return tuple(IdentitySecretRow(secret_id, at, revoked_at) for secret_id, _, at, revoked_at in rows)

    async def read(self, tenant_id: int, token: str) -> Identity:
        """Raises TokenMissing, TokenExpired, TokenRevoked, Unauthenticated, Invalid."""
        if not token:
            raise TokenMissing
        known = self._recent.find(tenant_id)
        if known is None:
            asked_at = self._recent.now()
            known = await self._look_up(tenant_id)
            self._recent.keep(tenant_id, known, asked_at)
        return self._identity(tenant_id, _verified(token, known))

    async def _look_up(self, tenant_id: int) -> _Known:
        async with self._database.tenant(tenant_id) as connection:
            rows = await _stored(connection, tenant_id)
        opened = [(self._opened(tenant_id, row[0], row[1]), row[3] is None) for row in rows]
        in_force = tuple(secret for secret, is_in_force in opened if is_in_force)
        return _Known(tenant_id, in_force, tuple(secret for secret, is_in_force in opened if not is_in_force))

    def _opened(self, tenant_id: int, secret_id: UUID, sealed: bytes) -> bytes:
        try:
            return unwrap(self._sealing_key, bytes(sealed), _owner(tenant_id, secret_id))
        except Tampered:
            raise WrongSecret(f"identity secret {secret_id} does not open") from None

    def _identity(self, tenant_id: int, facts: Mapping[str, Any]) -> Identity:
        external_id = required("sub", facts["sub"])
        digest = keyed_digest(self._naming_key, f"{tenant_id}/{external_id}")
        return Identity(
            tenant_id=tenant_id,
            contact_id=UUID(bytes=digest[:16], version=5),
            external_id=external_id,
            name=_text(facts, "name"),
            email=_text(facts, "email"),
            phone=_text(facts, "phone"),
        )


def _verified(token: str, known: _Known) -> Mapping[str, Any]:
    """What the token says. Our algorithm is the only one, whatever the token says of itself."""
    if len(token) > LONGEST:
        raise Unauthenticated
    try:
        if jwt.get_unverified_header(token).get("alg") != "HS256":
            raise Unauthenticated
        facts = _decoded(token, known.in_force)
        if facts is None and _decoded(token, known.revoked) is not None:
            raise TokenRevoked
    except jwt.ExpiredSignatureError:
        raise TokenExpired from None
    except (jwt.InvalidTokenError, ValueError, OverflowError, TypeError, RecursionError):
        raise Unauthenticated from None
    if facts is None:
        raise Unauthenticated
    now = time.time()
    if int(facts["exp"]) - min(int(facts.get("iat", now)), now) > LIFETIME + LEEWAY:
        raise Unauthenticated("An identity holds for 24 hours at most.")
    return facts


def _decoded(token: str, secrets: Collection[bytes]) -> dict[str, Any] | None:
    """None where none of these signed it. Raises jwt.InvalidTokenError."""
    for secret in secrets:
        try:
            return jwt.decode(
                token,
                secret,
                algorithms=["HS256"],
                leeway=LEEWAY,
                options={"require": ["exp", "sub"], "verify_aud": False},
            )
        except jwt.InvalidSignatureError:
            continue
    return None


async def _stored(connection: Connection, tenant_id: int) -> list[tuple[UUID, bytes, datetime, datetime | None]]:
    cursor = await connection.execute(
        "(SELECT secret_id, sealed, at, revoked_at FROM access.identity_secret "
        "WHERE tenant_id = %(tenant)s AND revoked_at IS NULL ORDER BY at DESC) UNION ALL "
        "(SELECT secret_id, sealed, at, revoked_at FROM access.identity_secret "
        "WHERE tenant_id = %(tenant)s AND revoked_at IS NOT NULL ORDER BY at DESC LIMIT %(remembered)s)",
        {"tenant": tenant_id, "remembered": REMEMBERED},
    )
    return [(row[0], row[1], row[2], row[3]) for row in await cursor.fetchall()]


def _text(facts: Mapping[str, Any], name: str) -> str | None:
    value = facts.get(name)
    if value is not None and not isinstance(value, str):
        raise Invalid(f"{name} in the token is a text.")
    return value


def _owner(tenant_id: int, secret_id: UUID) -> str:
    return f"identity secret {tenant_id} {secret_id.hex}"
