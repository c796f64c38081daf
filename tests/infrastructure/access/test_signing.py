"""Access JWTs: one algorithm, one issuer, one audience, our keys."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from domain.refusals import TokenExpired, TokenMissing, Unauthenticated
from infrastructure.access.keys import WrongSecret
from infrastructure.access.signing import AUDIENCE, ISSUER, Signer, open_signer
from infrastructure.postgres import Database

KEY = Ed25519PrivateKey.generate()
SIGNER = Signer({"k1": KEY}, "k1")
AGENT, SESSION = uuid4(), uuid4()


def minted(at: datetime | None = None) -> str:
    return SIGNER.mint(7, AGENT, SESSION, "agent", at or datetime.now(UTC))


def forged(headers: dict[str, Any] | None = None, key: Any = KEY, algorithm: str = "EdDSA", **changed: Any) -> str:
    """A token that differs from a good one in what is given; None leaves a claim out."""
    claims = jwt.decode(minted(), options={"verify_signature": False}) | changed
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(claims, key, algorithm, headers={"kid": "k1", "typ": "at+jwt"} | (headers or {}))


def test_a_minted_token_says_who_and_until_when() -> None:
    claims = SIGNER.read(minted())
    assert (claims.tenant_id, claims.agent_id, claims.session_id) == (7, AGENT, SESSION)
    assert timedelta(minutes=14) < claims.expires_at - datetime.now(UTC) <= timedelta(minutes=15)


def test_an_old_token_has_expired() -> None:
    with pytest.raises(TokenExpired):
        SIGNER.read(minted(datetime.now(UTC) - timedelta(minutes=16)))


def test_no_token_is_missing() -> None:
    with pytest.raises(TokenMissing):
        SIGNER.read("")


def unsigned(algorithm: str) -> str:
    parts = minted().split(".")
    header = json.dumps({"alg": algorithm, "typ": "at+jwt", "kid": "k1"}).encode()
    return base64.urlsafe_b64encode(header).decode().rstrip("=") + f".{parts[1]}."


PUBLIC_PEM = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
PUBLIC_RAW = KEY.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def signed_with_public_key(secret: bytes) -> str:
    import hashlib
    import hmac

    header = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"at+jwt","kid":"k1"}').decode().rstrip("=")
    body = f"{header}.{minted().split('.')[1]}"
    mac = hmac.new(secret, body.encode(), hashlib.sha256).digest()
    return f"{body}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


HOSTILE: dict[str, Callable[[], str]] = {
    "alg none": lambda: unsigned("none"),
    "alg None": lambda: unsigned("None"),
    "alg NONE": lambda: unsigned("NONE"),
    "public key as secret, PEM": lambda: signed_with_public_key(PUBLIC_PEM),
    "public key as secret, raw": lambda: signed_with_public_key(PUBLIC_RAW),
    "another key": lambda: forged(key=Ed25519PrivateKey.generate()),
    "unknown kid": lambda: forged({"kid": "k2"}),
    "kid path": lambda: forged({"kid": "../../dev/null"}),
    "empty kid": lambda: forged({"kid": ""}),
    "other typ": lambda: forged({"typ": "JWT"}),
    "jku": lambda: forged({"jku": "https://evil.test/keys"}),
    "jwk": lambda: forged({"jwk": {"kty": "OKP"}}),
    "x5u": lambda: forged({"x5u": "https://evil.test/cert"}),
    "crit": lambda: forged({"crit": ["b64"], "b64": False}),
    "other issuer": lambda: forged(iss="somebody"),
    "other audience": lambda: forged(aud="verbatim/ws"),
    "audience list": lambda: forged(aud=[AUDIENCE, "x"]),
    "no expiry": lambda: forged(exp=None),
    "no tenant": lambda: forged(tid=None),
    "no session": lambda: forged(sid=None),
    "session no uuid": lambda: forged(sid="x"),
    "tenant no tenant": lambda: forged(tid="7"),
    "subject of another kind": lambda: forged(sub=f"vis_{AGENT.hex}"),
    "not yet": lambda: forged(nbf=int((datetime.now(UTC) + timedelta(hours=1)).timestamp())),
    "from the future": lambda: forged(iat=int((datetime.now(UTC) + timedelta(hours=1)).timestamp())),
    "huge": lambda: forged(pad="x" * 5000),
    "no signature": lambda: minted().rsplit(".", 1)[0] + ".",
    "changed body": lambda: ".".join([minted().split(".")[0], forged(tid="tnt_8").split(".")[1], "AAAA"]),
    "trailing dot": lambda: minted() + ".",
    "not ascii": lambda: minted() + "é",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_token_is_refused(name: str) -> None:
    with pytest.raises(Unauthenticated):
        SIGNER.read(HOSTILE[name]())


def test_the_forgery_of_these_tests_is_otherwise_a_good_token() -> None:
    assert SIGNER.read(forged(iss=ISSUER)).tenant_id == 7


async def test_two_processes_that_start_at_once_share_one_key(database: Database) -> None:
    signers = await asyncio.gather(*(open_signer(database, b"m" * 32) for _ in range(5)))
    token = signers[0].mint(7, AGENT, SESSION, "agent", datetime.now(UTC))
    assert [signer.read(token).tenant_id for signer in signers] == [7] * 5


async def test_another_master_secret_opens_nothing(database: Database) -> None:
    await open_signer(database, b"m" * 32)
    with pytest.raises(WrongSecret):
        await open_signer(database, b"n" * 32)
