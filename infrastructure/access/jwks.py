"""JWKS: the public keys of other issuers, read from their address and remembered for a while."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Mapping
from typing import Any

import jwt
import msgspec
import structlog

from domain.refusals import Unavailable
from infrastructure.egress import Egress, EgressRefused

SECONDS, LIMIT = 5.0, 256 * 1024
FRESH = 600.0
"""Seconds after which keys are read anew, so that one that was withdrawn stops."""
STALE = 24 * 3600.0
"""Seconds for which keys still hold while the issuer does not answer."""
PAUSE = 60.0
"""Seconds between two readings, whatever unknown key ids arrive."""
REMEMBERED = 1_000

ALGORITHMS: Mapping[tuple[str, str | None], str] = {
    ("RSA", None): "RS256",
    ("EC", "P-256"): "ES256",
    ("OKP", "Ed25519"): "EdDSA",
}
"""Kind of key -> the one algorithm it is for. A shared secret ("oct") is no key of an issuer."""
SHORTEST_RSA, LONGEST_RSA = 2048, 8192

_log = structlog.get_logger(__name__)


class IssuerKey(msgspec.Struct, frozen=True):
    """`public` is a key of the cryptography library."""

    algorithm: str
    public: Any


class _KeySet(msgspec.Struct, frozen=True):
    keys: list[Any]


class _Known:
    """What was read at one address, and when it was last asked; minus infinity is never."""

    def __init__(self) -> None:
        self.keys: Mapping[str, IssuerKey] = {}
        self.read_at = -math.inf
        self.asked_at = -math.inf
        self.turn = asyncio.Lock()


class KeySets:
    """One reading per address at a time and minute, however many tokens ask."""

    def __init__(self, egress: Egress, clock: Callable[[], float] = time.monotonic) -> None:
        self._egress = egress
        self._clock = clock
        self._known: dict[str, _Known] = {}

    async def find(self, url: str, kid: str) -> IssuerKey | None:
        """None where the issuer has no such key. Raises Unavailable where its keys were never read."""
        known = self._known.get(url) or self._remember(url)
        if self._is_due(known, kid):
            async with known.turn:
                if self._is_due(known, kid):
                    await self._read_again(url, known)
        if self._clock() - known.read_at > STALE:
            raise Unavailable("The identity provider does not answer.")
        return known.keys.get(kid)

    async def read(self, url: str) -> Mapping[str, IssuerKey]:
        """The keys there now. Raises EgressRefused, also where there is none that we take."""
        keys = keys_in(await self._egress.get(url, seconds=SECONDS, limit=LIMIT))
        if not keys:
            raise EgressRefused("There is no RS256, ES256 or EdDSA key with a kid at this address.")
        return keys

    def _remember(self, url: str) -> _Known:
        if len(self._known) >= REMEMBERED:
            del self._known[next(iter(self._known))]
        return self._known.setdefault(url, _Known())

    def _is_due(self, known: _Known, kid: str) -> bool:
        now = self._clock()
        is_wanted = kid not in known.keys or now - known.read_at > FRESH
        return is_wanted and now - known.asked_at >= PAUSE

    async def _read_again(self, url: str, known: _Known) -> None:
        try:
            known.keys = await self.read(url)
            known.read_at = self._clock()
        except EgressRefused as refused:
            _log.warning("issuer_not_read", why=str(refused))  # the keys from before hold for a day
        known.asked_at = self._clock()  # last: who comes in between waits for the answer


def keys_in(body: bytes) -> dict[str, IssuerKey]:
    """The keys we take, by key id. Raises EgressRefused for what is no JWKS."""
    try:
        listed = msgspec.json.decode(body, type=_KeySet).keys
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise EgressRefused("There is no JWKS at this address.") from None
    found = [(one.get("kid"), _key(one)) for one in listed if isinstance(one, dict)]
    return {kid: key for kid, key in found if isinstance(kid, str) and key is not None}


def _key(one: dict[str, Any]) -> IssuerKey | None:
    curve = one.get("crv") if one.get("kty") != "RSA" else None
    algorithm = ALGORITHMS.get((str(one.get("kty")), curve))
    if algorithm is None or one.get("alg", algorithm) != algorithm or one.get("use", "sig") != "sig":
        return None
    public = {
        name: value for name, value in one.items() if name != "d"
    }  # never a private key, even if it is given
    try:
        key = jwt.PyJWK.from_dict(public, algorithm=algorithm).key
    except (jwt.PyJWTError, ValueError, TypeError):
        return None
    if algorithm == "RS256" and not SHORTEST_RSA <= key.key_size <= LONGEST_RSA:
        return None
    return IssuerKey(algorithm, key)
