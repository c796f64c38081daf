"""Actor: who asks, for which tenant, in which role. Made from a credential, never from a body."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

import msgspec

from domain.kernel import NOWHERE, By

ActorRole = Literal[
    "owner", "admin", "supervisor", "agent", "analyst", "auditor", "visitor", "assistant", "system"
]


class Actor(msgspec.Struct, frozen=True):
    """The only carrier of tenancy: every load, query and subject starts from `tenant_id`.

    `scopes`: an API key's; None for everybody else. `permissions`: of who holds a permission set, in place of
    their role's rights; None for everybody else, whom the role alone bounds.
    """

    tenant_id: int
    by: By
    role: ActorRole
    scopes: frozenset[str] | None = None
    permissions: frozenset[str] | None = None


def visitor(tenant_id: int, contact_id: UUID) -> Actor:
    return Actor(tenant_id, By("visitor", contact_id), "visitor")


def assistant(tenant_id: int, assistant_id: UUID) -> Actor:
    return Actor(tenant_id, By("assistant", assistant_id), "assistant")


def system(tenant_id: int) -> Actor:
    """The product itself: set-up, timers, imports."""
    return Actor(tenant_id, By("system", NOWHERE), "system")
