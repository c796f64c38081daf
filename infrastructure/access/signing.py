"""Access JWTs: Ed25519, one key per installation, sealed in the database under the master secret."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from domain.ids import parse, parse_tenant, tenant_wire, wire
from domain.refusals import Refusal, TokenExpired, TokenMissing, Unauthenticated
from infrastructure.access.keys import WrongSecret, derived
from infrastructure.eventstore.sealing import Tampered, unwrap, wrap
from infrastructure.postgres import Database

ISSUER = "verbatim"
AUDIENCE = "verbatim/api"
LIFETIME = timedelta(minutes=15)
LEEWAY = timedelta(seconds=30)
LONGEST = 4096
HEADERS = {"alg": "EdDSA", "typ": "at+jwt"}
REQUIRED = ["iss", "aud", "sub", "tid", "role", "jti", "sid", "iat", "nbf", "exp"]


class Claims(msgspec.Struct, frozen=True):
    """What an access token says, once its signature held."""

    tenant_id: int
    agent_id: UUID
    session_id: UUID
    expires_at: datetime


class Signer:
    """Mints with the current key; accepts every key it holds, chosen by `kid`, never by what a token claims."""

    def __init__(self, keys: Mapping[str, Ed25519PrivateKey], current: str) -> None:
        self._keys = keys
        self._public = {kid: key.public_key() for kid, key in keys.items()}
        self._current = current

    def mint(self, tenant_id: int, agent_id: UUID, session_id: UUID, role: str, at: datetime) -> str:
        """A token that is good for 15 minutes from `at`."""
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": wire("agent", agent_id),
            "tid": tenant_wire(tenant_id),
            "role": role,
            "jti": uuid4().hex,
            "sid": session_id.hex,
            "iat": at,
            "nbf": at,
            "exp": at + LIFETIME,
        }
        headers = {"kid": self._current, "typ": HEADERS["typ"]}
        return jwt.encode(claims, self._keys[self._current], algorithm="EdDSA", headers=headers)

    def is_ours(self, token: str) -> bool:
        """By its key id. What is no token at all is ours to refuse."""
        if not token or len(token) > LONGEST:
            return True
        try:
            kid = jwt.get_unverified_header(token).get("kid")
        except (jwt.InvalidTokenError, ValueError):
            return True
        return not isinstance(kid, str) or kid in self._public

    def read(self, token: str) -> Claims:
        """Raises TokenMissing, TokenExpired, Unauthenticated."""
        if not token:
            raise TokenMissing
        if len(token) > LONGEST:
            raise Unauthenticated
        try:
            return _claims(self._verified(token))
        except jwt.ExpiredSignatureError:
            raise TokenExpired from None
        except (jwt.InvalidTokenError, Refusal, ValueError):
            raise Unauthenticated from None

    def _verified(self, token: str) -> dict[str, Any]:
        headers = jwt.get_unverified_header(token)
        kid = headers.pop("kid", None)
        if headers != HEADERS or not isinstance(kid, str) or kid not in self._public:
            raise Unauthenticated
        return jwt.decode(
            token,
            self._public[kid],
            algorithms=["EdDSA"],
            issuer=ISSUER,
            audience=AUDIENCE,
            leeway=LEEWAY,
            options={"require": REQUIRED, "strict_aud": True},
        )


async def open_signer(database: Database, secrets: bytes) -> Signer:
    """The installation's keys; the first process to come makes one. Raises WrongSecret, psycopg.Error."""
    key = derived(secrets, "signing")
    rows = await _stored(database)
    if not any(current for _, _, current in rows):
        await _create(database, key)
        rows = await _stored(database)
    current = next(kid for kid, _, is_current in rows if is_current)
    return Signer({kid: _load(_opened(key, sealed, kid)) for kid, sealed, _ in rows}, current)


async def _stored(database: Database) -> list[tuple[str, bytes, bool]]:
    async with database.worker() as connection:
        cursor = await connection.execute("SELECT kid, sealed, retired_at IS NULL FROM access.signing_key")
        return [(kid, bytes(sealed), current) for kid, sealed, current in await cursor.fetchall()]


async def _create(database: Database, key: bytes) -> None:
    """Two processes at once: the unique index lets one win, and both read that one."""
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    kid = hashlib.sha256(public).hexdigest()[:16]
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    async with database.worker() as connection:
        await connection.execute(
            "INSERT INTO access.signing_key (kid, sealed) VALUES (%s, %s) ON CONFLICT DO NOTHING",
            (kid, wrap(key, pem, kid)),
        )


def _opened(key: bytes, sealed: bytes, kid: str) -> bytes:
    try:
        return unwrap(key, sealed, kid)
    except Tampered:
        raise WrongSecret(f"signing key {kid} does not open") from None


def _load(pem: bytes) -> Ed25519PrivateKey:
    private = load_pem_private_key(pem, password=None)
    if not isinstance(private, Ed25519PrivateKey):
        raise WrongSecret("the stored signing key is not Ed25519")
    return private


def _claims(claims: Mapping[str, Any]) -> Claims:
    return Claims(
        tenant_id=parse_tenant(claims["tid"]),
        agent_id=parse("agent", claims["sub"]),
        session_id=UUID(hex=claims["sid"]),
        expires_at=datetime.fromtimestamp(claims["exp"], UTC),
    )
