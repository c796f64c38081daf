"""Scopes of routes: what an API key's scope opens, by a route's address; what is not listed is closed to keys.

Reading gives no command, so the bus cannot refuse it; writing is refused there once more (`application.scopes`).
"""

from __future__ import annotations

from collections.abc import Mapping

from litestar.types import Scope as AsgiScope

from application.scopes import expect_scope as expect
from domain.api_key import Scope
from domain.refusals import ScopeMissing

ROUTES: Mapping[str, tuple[Scope | None, Scope | None]] = {
    "chat": ("conversations:read", "conversations:write"),
    "contacts": ("contacts:read", "contacts:write"),
    "visitors": ("contacts:read", "contacts:write"),
    "knowledge": ("knowledge:read", "knowledge:write"),
    "agents": ("agents:read", None),
    "teams": ("agents:read", None),
    "events": ("events:read", None),
    "reports": ("reports:read", None),
    "usage": ("reports:read", None),
    "tracking": ("reports:read", None),
    "webhooks": ("webhooks:manage", "webhooks:manage"),
    "campaigns": ("campaigns:manage", "campaigns:manage"),
}
"""The first word after /api/v1/ -> the scopes for reading and for anything else."""

ANY_KEY = frozenset(["/api/v1/auth/me"])
READING = frozenset(["GET", "HEAD"])


def scope_of(method: str, path: str) -> Scope | None:
    """None: no scope opens it."""
    words = path.split("/")
    if len(words) < 4 or words[:3] != ["", "api", "v1"]:
        return None
    reading, writing = ROUTES.get(words[3], (None, None))
    return reading if method in READING else writing


def expect_scope(scopes: frozenset[str] | None, request: AsgiScope) -> None:
    """Raises ScopeMissing for a key that does not have it; `scopes` None is a person."""
    if scopes is None or request["path"] in ANY_KEY:
        return
    if request["type"] != "http":
        raise ScopeMissing
    expect(scopes, scope_of(request["method"], request["path"]))
