"""Opaque tokens: 256 random bits behind a prefix that says their kind. Only their SHA-256 is stored."""

from __future__ import annotations

import hashlib
import re
import secrets
from typing import Literal

from domain.refusals import TokenMissing, Unauthenticated

Kind = Literal["wt", "vt", "rt", "sk", "iv"]

_OPAQUE = re.compile(r"(wt|vt|rt|sk|iv)_[A-Za-z0-9_-]{43}")


def new_token(kind: Kind) -> str:
    """`wt_…`, `sk_…` and so on: 46 characters that are safe in a header."""
    return f"{kind}_{secrets.token_urlsafe(32)}"


def token_hash(token: str) -> bytes:
    """What is stored of a token, and looked up by."""
    return hashlib.sha256(token.encode()).digest()


def expect_kind(kind: Kind, token: str) -> bytes:
    """The hash of a token of this kind. Raises TokenMissing, Unauthenticated: no look-up for what cannot be."""
    if not token:
        raise TokenMissing
    if not _OPAQUE.fullmatch(token) or not token.startswith(f"{kind}_"):
        raise Unauthenticated
    return token_hash(token)
