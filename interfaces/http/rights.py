"""Rights on routes: what who holds a permission set may call.

A route whose roles come out of the command table asks for its command's permission; another one by its address, as
for API keys; what neither knows is closed to them. Writing is refused in the bus once more (`application.permit`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Self

from litestar.types import Scope as AsgiScope

from application.command import Command
from application.permissions import PERMISSIONS
from application.rights import RIGHTS, PermissionMissing
from application.rights import expect_right as expect
from domain.permission_set import READ_BY, Permission
from infrastructure.access.grants import Member
from interfaces.http.scopes import READING
from interfaces.http.scopes import ROUTES as ROUTES_OF_KEYS

ROUTES: Mapping[str, tuple[Permission | None, Permission | None]] = {
    **ROUTES_OF_KEYS,
    "events": ("events:read", "conversations:write"),
    "macros": ("conversations:read", None),
    "widgets": ("conversations:read", None),
    "assistants": ("conversations:read", None),
    "sla-policies": ("conversations:read", None),
    "qualification": ("conversations:read", None),
    "tenant": ("conversations:read", None),
    "voice": ("settings:manage", None),
    "audit": ("audit:read", None),
}
"""The first word after /api/v1/ -> the permissions for reading and for anything else, where no command says it."""

OWN = frozenset(["/api/v1/auth/me", "/api/v1/auth/logout"])


class Givers(frozenset[str]):
    """The roles that may give `command`."""

    command: type[Command]

    @classmethod
    def of(cls, command: type[Command], among: Collection[str]) -> Self:
        made = cls(PERMISSIONS[command] & frozenset(among))
        made.command = command
        return made


def expect_right(member: Member, roles: Collection[str], request: AsgiScope) -> None:
    """Raises PermissionMissing for who holds a set without the route's permission; others hold none.

    A set over a role that changes nothing opens no route that is closed to the role.
    """
    if member.permissions is None or request["path"] in OWN:
        return
    if member.role in READ_BY and member.role not in roles:
        raise PermissionMissing
    expect(member.permissions, permission_of(roles, request))


def permission_of(roles: Collection[str], request: AsgiScope) -> Permission | None:
    """None: no permission opens it."""
    is_reading = request["type"] == "http" and request["method"] in READING
    needed = RIGHTS.get(roles.command) if isinstance(roles, Givers) else None
    if isinstance(roles, Givers) and not (is_reading and needed and needed.endswith(":write")):
        return needed
    words = request["path"].split("/")
    if request["type"] != "http" or len(words) < 4 or words[:3] != ["", "api", "v1"]:
        return None
    reading, writing = ROUTES.get(words[3], (None, None))
    return reading if is_reading else writing
