"""An OpenID provider of our own: a real HTTP server on this machine with discovery, authorize, token and keys.

It checks what a provider has to check (client, redirect, code, PKCE), and misbehaves on demand.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from base64 import b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from secrets import token_urlsafe
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlencode, urlsplit

import jwt

from tests.support.identity_provider import PrivateKey, new_key, public_jwk

CLIENT, SECRET = "verbatim client", "s3cret/with:signs"
PERSON = {"sub": "user-1", "email": "Anna@shop.test", "email_verified": True, "name": "Anna Müller"}

Answer = tuple[str, Mapping[str, str], bytes]
Sign = Callable[["OpenIdProvider", dict[str, Any]], str]


def signed(provider: OpenIdProvider, claims: dict[str, Any]) -> str:
    return jwt.encode(claims, provider.key, "ES256", {"kid": "one"})


class OpenIdProvider:
    """`changes` are of the token's claims, a None leaves one out; `discovery` of the document."""

    def __init__(self) -> None:
        self.issuer = ""
        self.key: PrivateKey = new_key("ES256")
        self.sign: Sign = signed
        self.changes: dict[str, Any] = {}
        self.discovery: dict[str, Any] = {}
        self.statuses: dict[str, str] = {}
        self.silent: set[str] = set()
        self.asked: list[str] = []
        self._codes: dict[str, dict[str, str]] = {}

    def keys(self) -> list[dict[str, Any]]:
        return [public_jwk("ES256", self.key, "one")]

    def claims(self, nonce: str) -> dict[str, Any]:
        at = datetime.now(UTC)
        usual = {"iss": self.issuer, "aud": CLIENT, "nonce": nonce, "iat": at, "exp": at + timedelta(minutes=5)}
        return {name: value for name, value in (usual | PERSON | self.changes).items() if value is not None}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            method, target, headers, body = await _request(reader)
            path = urlsplit(target).path
            self.asked.append(f"{method} {path}")
            if path in self.silent:
                await reader.read()
                return
            status, more, payload = self._answer(path, _form(urlsplit(target).query), headers, _form(body))
            lines = {"Content-Length": str(len(payload)), "Connection": "close", **more}
            head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
            writer.write(f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + payload)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()

    def _answer(self, path: str, query: dict[str, str], headers: dict[str, str], form: dict[str, str]) -> Answer:
        if path in self.statuses:
            return self.statuses[path], {}, b"{}"
        match path:
            case "/.well-known/openid-configuration":
                return _json(self._document())
            case "/authorize":
                return self._authorize(query)
            case "/token":
                return self._token(headers, form)
            case "/keys":
                return _json({"keys": self.keys()})
            case _:
                return "404 Not Found", {}, b""

    def _document(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "response_types_supported": ["code"],
        } | self.discovery

    def _authorize(self, query: dict[str, str]) -> Answer:
        """Somebody is logged in here and agrees at once."""
        wanted = {"response_type": "code", "client_id": CLIENT, "code_challenge_method": "S256"}
        assert wanted.items() <= query.items(), query
        assert "openid" in query["scope"].split(), query
        code = token_urlsafe(16)
        self._codes[code] = query
        answer = urlencode({"code": code, "state": query["state"], "iss": self.issuer})
        return "302 Found", {"Location": f"{query['redirect_uri']}?{answer}"}, b""

    def _token(self, headers: dict[str, str], form: dict[str, str]) -> Answer:
        asked = self._codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (
            asked is None
            or _client(headers, form) != (CLIENT, SECRET)
            or form.get("grant_type") != "authorization_code"
            or form.get("redirect_uri") != asked["redirect_uri"]
            or challenge != asked["code_challenge"]
        ):
            return "400 Bad Request", {}, b'{"error":"invalid_grant"}'
        return _json({"id_token": self.sign(self, self.claims(asked["nonce"])), "token_type": "Bearer"})


@asynccontextmanager
async def openid_provider() -> AsyncIterator[OpenIdProvider]:
    """Listens on a free port of 127.0.0.1."""
    provider = OpenIdProvider()
    server = await asyncio.start_server(provider.serve, "127.0.0.1", 0)
    provider.issuer = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield provider


async def _request(reader: asyncio.StreamReader) -> tuple[str, str, dict[str, str], str]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    method, target, _ = head[0].split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return method, target, headers, body.decode()


def _form(text: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(text, keep_blank_values=True).items()}


def _client(headers: dict[str, str], form: dict[str, str]) -> tuple[str, str]:
    if "authorization" not in headers:
        return form.get("client_id", ""), form.get("client_secret", "")
    id, _, secret = b64decode(headers["authorization"].removeprefix("Basic ")).decode().partition(":")
    return unquote_plus(id), unquote_plus(secret)


def _json(body: object) -> Answer:
    return "200 OK", {"Content-Type": "application/json"}, json.dumps(body).encode()
