"""What a credential proves. Frozen; every one names its tenant."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from domain.agent import Role


class Member(msgspec.Struct, frozen=True):
    """An agent of the tenant, in the role the log gives them now. `session_id` is the login they came by.

    With `scopes` it is no person but an API key: both ids are the key's. `permissions` are those of the set that
    they hold now, if any: they stand in place of the role's rights.
    """

    tenant_id: int
    agent_id: UUID
    role: Role
    expires_at: datetime
    session_id: UUID
    scopes: frozenset[str] | None = None
    permissions: frozenset[str] | None = None

    @property
    def is_key(self) -> bool:
        return self.scopes is not None


class WidgetGrant(msgspec.Struct, frozen=True):
    """A site that may talk to this widget."""

    tenant_id: int
    widget_id: UUID
    token_id: UUID


class VisitorGrant(msgspec.Struct, frozen=True):
    """One browser of one contact. `widget_id`: by which it came first, None where that was not noted."""

    tenant_id: int
    contact_id: UUID
    widget_id: UUID | None = None


class Session(msgspec.Struct, frozen=True):
    """What a login or a refresh hands out. `expires_in` is the access token's life in seconds."""

    access_token: str
    refresh_token: str
    expires_in: int
    member: Member
