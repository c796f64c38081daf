"""Sealing: one personal text as AES-256-GCM under its person's key.

A sealed text is base64 of (key's mark 4 | nonce 12 | ciphertext and tag). The mark tells a destroyed key (another
one is in its place) from a text that was tampered with. Bound to its place: tenant, stream, version and field.
"""

from __future__ import annotations

import hashlib
from base64 import b64decode
from binascii import b2a_base64
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from domain.personal import ERASED, Erased
from infrastructure.randomness import RandomBytes

MARK = 4
NONCE = 12
_NONCES = RandomBytes(NONCE)


class Tampered(Exception):
    """A sealed text does not open under the very key that sealed it: somebody changed or moved it."""


class SubjectKey:
    """The key of one data subject."""

    __slots__ = ("_cipher", "_mark")

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)
        self._mark = hashlib.sha256(key).digest()[:MARK]

    def seal(self, text: str, place: bytes) -> str:
        nonce = _NONCES.take()
        body = self._mark + nonce + self._cipher.encrypt(nonce, text.encode(), place)
        return b2a_base64(body, newline=False).decode()

    def open(self, sealed: str, place: bytes) -> str | Erased:
        """The text; ERASED where another key sealed it. Raises Tampered."""
        try:
            body = b64decode(sealed, validate=True)
            if body[:MARK] != self._mark:
                return ERASED
            nonce = body[MARK : MARK + NONCE]
            return self._cipher.decrypt(nonce, body[MARK + NONCE :], place).decode()
        except (InvalidTag, ValueError) as error:
            raise Tampered(place.decode(errors="replace")) from error


def place(tenant_id: int, stream_id: UUID, version: int, field: str) -> bytes:
    """What a sealed text is bound to."""
    return f"{tenant_id}|{stream_id.hex}|{version}|{field}".encode()


def wrap(key: bytes, secret: bytes, owner: str) -> bytes:
    """`secret` encrypted under `key`, bound to its owner's name."""
    nonce = _NONCES.take()
    return nonce + AESGCM(key).encrypt(nonce, secret, owner.encode())


def unwrap(key: bytes, wrapped: bytes, owner: str) -> bytes:
    """Raises Tampered, also where `key` is not the one that wrapped it."""
    try:
        return AESGCM(key).decrypt(wrapped[:NONCE], wrapped[NONCE:], owner.encode())
    except InvalidTag as error:
        raise Tampered(owner) from error
