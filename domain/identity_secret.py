"""IdentitySecrets: with which secrets the tenant's own server signs who somebody is. Two at most are in force."""

from __future__ import annotations

from uuid import UUID

from domain.kernel import Aggregate, Event, Stamp
from domain.refusals import NotFound

IN_FORCE = 2


class IdentitySecretIssued(Event, frozen=True, kw_only=True):
    """The secret itself is elsewhere, sealed; the log only knows that there is one."""

    TYPE = "identity_secret.issued.1"

    tenant_id: int
    secret_id: UUID

    def create(self) -> Aggregate:
        return IdentitySecrets(self.originator_id)

    def apply(self, aggregate: IdentitySecrets) -> None:
        aggregate.in_force = (*aggregate.in_force, self.secret_id)


class IdentitySecretRevoked(Event, frozen=True, kw_only=True):
    TYPE = "identity_secret.revoked.1"

    secret_id: UUID

    def apply(self, aggregate: IdentitySecrets) -> None:
        aggregate.in_force = tuple(one for one in aggregate.in_force if one != self.secret_id)
        aggregate.revoked = aggregate.revoked | {self.secret_id}


class IdentitySecrets(Aggregate):
    KIND = "identity_secret"

    in_force: tuple[UUID, ...] = ()
    """Oldest first."""
    revoked: frozenset[UUID] = frozenset()

    def issue(self, stamp: Stamp, tenant_id: int, secret_id: UUID) -> None:
        """One more; the oldest goes where there would be three. The same again changes nothing."""
        if secret_id in self.in_force or secret_id in self.revoked:
            return
        self.record(IdentitySecretIssued, stamp, tenant_id=tenant_id, secret_id=secret_id)
        for oldest in self.in_force[:-IN_FORCE]:
            self.record(IdentitySecretRevoked, stamp, secret_id=oldest)

    def revoke(self, stamp: Stamp, secret_id: UUID) -> None:
        """Revoking twice changes nothing. Raises NotFound for one that never was."""
        if secret_id in self.revoked:
            return
        if secret_id not in self.in_force:
            raise NotFound
        self.record(IdentitySecretRevoked, stamp, secret_id=secret_id)


EVENTS: tuple[type[Event], ...] = (IdentitySecretIssued, IdentitySecretRevoked)
