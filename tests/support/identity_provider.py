"""An identity provider of our own: a real HTTP server on this machine that serves a JWKS, and signs tokens."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

AUDIENCE = "verbatim"
EMAIL = "anna@shop.test"

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


def new_key(algorithm: str) -> PrivateKey:
    if algorithm == "RS256":
        return rsa.generate_private_key(65537, 2048)
    return (
        ec.generate_private_key(ec.SECP256R1()) if algorithm == "ES256" else ed25519.Ed25519PrivateKey.generate()
    )


def public_jwk(algorithm: str, key: PrivateKey, kid: str) -> dict[str, Any]:
    made = jwt.get_algorithm_by_name(algorithm).to_jwk(key.public_key(), as_dict=True)
    return dict(made) | {"kid": kid, "use": "sig"}


class IdentityProvider:
    """`answer` is what it sends whoever asks, unless it holds still; `asked` counts them."""

    def __init__(self) -> None:
        self.issuer = ""
        self.asked = 0
        self.status = "200 OK"
        self.headers = ""
        self.is_silent = False
        self.body: bytes | None = None
        self._keys: dict[str, tuple[str, PrivateKey]] = {}

    @property
    def jwks_url(self) -> str:
        return f"{self.issuer}/keys"

    def rotate(self, kid: str, algorithm: str = "ES256") -> None:
        """This key, and no other, from now on."""
        self._keys = {kid: (algorithm, new_key(algorithm))}

    def token(self, kid: str = "one", **changes: Any) -> str:
        """Signed by that key; a claim that is None is left out."""
        algorithm, key = self._keys[kid]
        return jwt.encode(self.claims(**changes), key, algorithm, {"kid": kid})

    def claims(self, **changes: Any) -> dict[str, Any]:
        at = datetime.now(UTC)
        claims = {
            "iss": self.issuer,
            "aud": AUDIENCE,
            "sub": "user-1",
            "email": EMAIL,
            "email_verified": True,
            "iat": at,
            "exp": at + timedelta(minutes=5),
        } | changes
        return {name: value for name, value in claims.items() if value is not None}

    def public_keys(self) -> list[dict[str, Any]]:
        return [public_jwk(algorithm, key, kid) for kid, (algorithm, key) in self._keys.items()]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            self.asked += 1
            if self.is_silent:
                await reader.read()
                return
            body = json.dumps({"keys": self.public_keys()}).encode() if self.body is None else self.body
            head = (
                f"HTTP/1.1 {self.status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n{self.headers}\r\n"
            )
            writer.write(head.encode() + body)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()


@asynccontextmanager
async def identity_provider() -> AsyncIterator[IdentityProvider]:
    """Listens on a free port of 127.0.0.1, with one ES256 key called `one`."""
    provider = IdentityProvider()
    provider.rotate("one")
    server = await asyncio.start_server(provider.serve, "127.0.0.1", 0)
    provider.issuer = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield provider
