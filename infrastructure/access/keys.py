"""Keys derived from the installation's master secret, one per purpose, so that none can stand in for another."""

from __future__ import annotations

import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE = 12


class WrongSecret(Exception):
    """The stored keys were sealed under another master secret."""


def derived(secrets: bytes, purpose: str) -> bytes:
    """32 bytes for one purpose (HKDF-SHA256). Raises ValueError for a master secret under 32 bytes."""
    if len(secrets) < 32:
        raise ValueError("The master secret has at least 32 bytes.")
    return HKDF(SHA256(), 32, salt=None, info=f"verbatim/access/{purpose}".encode()).derive(secrets)


def keyed_digest(key: bytes, text: str) -> bytes:
    """HMAC-SHA256: equal for equal texts, meaningless without the key."""
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def seal(key: bytes, plain: bytes, label: str) -> bytes:
    """AES-256-GCM, bound to `label`; nonce first."""
    nonce = os.urandom(NONCE)
    return nonce + AESGCM(key).encrypt(nonce, plain, label.encode())


def unseal(key: bytes, sealed: bytes, label: str) -> bytes:
    """The plain bytes. Raises WrongSecret."""
    try:
        return AESGCM(key).decrypt(sealed[:NONCE], sealed[NONCE:], label.encode())
    except InvalidTag:
        raise WrongSecret(f"signing key {label} does not open") from None
