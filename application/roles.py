"""Roles: who they are together, as the permission table names them."""

from __future__ import annotations

Roles = frozenset[str]

SYSTEM: Roles = frozenset(["system"])
ADMINS: Roles = frozenset(["owner", "admin", "system"])
SUPERVISORS: Roles = ADMINS | {"supervisor"}
AGENTS: Roles = SUPERVISORS | {"agent"}
VISITORS: Roles = frozenset(["visitor"])
AGENTS_AND_VISITORS: Roles = AGENTS | VISITORS
