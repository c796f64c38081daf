"""Keys derived from the installation's master secret, one per purpose, so that none can stand in for another."""

from __future__ import annotations

import hashlib
import hmac

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


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
