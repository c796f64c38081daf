"""ApiKey: an integration's credential. The log knows that there is one and what it may do, never the secret."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from domain.kernel import Aggregate, Event, Stamp
from domain.refusals import Invalid
from domain.values import required

Scope = Literal[
    "agents:read",
    "campaigns:manage",
    "contacts:read",
    "contacts:write",
    "conversations:read",
    "conversations:write",
    "events:read",
    "knowledge:read",
    "knowledge:write",
    "reports:read",
    "webhooks:manage",
]
"""What a key may be let to do. A name never changes its meaning."""


class ApiKeyIssued(Event, frozen=True, kw_only=True):
    TYPE = "api_key.issued.1"

    tenant_id: int
    name: str
    scopes: tuple[Scope, ...]
    expires_at: datetime | None = None

    def create(self) -> Aggregate:
        return ApiKey(self.originator_id)


class ApiKeyRevoked(Event, frozen=True, kw_only=True):
    TYPE = "api_key.revoked.1"

    def apply(self, aggregate: ApiKey) -> None:
        aggregate.is_revoked = True


class ApiKey(Aggregate):
    KIND = "api_key"

    is_revoked = False

    def issue(
        self, stamp: Stamp, tenant_id: int, name: str, scopes: tuple[Scope, ...], expires_at: datetime | None
    ) -> None:
        """Issuing twice changes nothing. Raises Invalid."""
        if self.exists:
            return
        if not scopes:
            raise Invalid("scopes is needed: a key without any opens nothing.")
        if expires_at is not None and (expires_at.tzinfo is None or expires_at <= stamp.at):
            raise Invalid("expiresAt is a time to come, with its zone.")
        self.record(
            ApiKeyIssued,
            stamp,
            tenant_id=tenant_id,
            name=required("name", name),
            scopes=tuple(sorted(set(scopes))),
            expires_at=expires_at,
        )

    def revoke(self, stamp: Stamp) -> None:
        """Revoking twice changes nothing."""
        if not self.is_revoked:
            self.record(ApiKeyRevoked, stamp)


EVENTS: tuple[type[Event], ...] = (ApiKeyIssued, ApiKeyRevoked)
