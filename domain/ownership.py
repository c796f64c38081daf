"""Ownership: who owns the tenant. One stream, so that two owners cannot take it from each other at once."""

from __future__ import annotations

from uuid import UUID

from domain.kernel import Aggregate, Event, Stamp
from domain.refusals import Conflict


class LastOwner(Conflict):
    code = "last_owner"
    sentence = "This is the last owner. Make somebody else an owner first."


class OwnerAdded(Event, frozen=True, kw_only=True):
    TYPE = "ownership.owner_added.1"

    tenant_id: int
    agent_id: UUID

    def create(self) -> Aggregate:
        return Ownership(self.originator_id)

    def apply(self, aggregate: Ownership) -> None:
        aggregate.owners |= {self.agent_id}


class OwnerRemoved(Event, frozen=True, kw_only=True):
    TYPE = "ownership.owner_removed.1"

    agent_id: UUID

    def apply(self, aggregate: Ownership) -> None:
        aggregate.owners -= {self.agent_id}


class Ownership(Aggregate):
    KIND = "ownership"

    owners: frozenset[UUID] = frozenset()

    def add(self, stamp: Stamp, tenant_id: int, agent_id: UUID) -> None:
        """Adding twice changes nothing."""
        if agent_id not in self.owners:
            self.record(OwnerAdded, stamp, tenant_id=tenant_id, agent_id=agent_id)

    def remove(self, stamp: Stamp, agent_id: UUID) -> None:
        """Removing twice changes nothing. Raises LastOwner where nobody else is one."""
        if not self.owners - {agent_id}:
            raise LastOwner
        if agent_id in self.owners:
            self.record(OwnerRemoved, stamp, agent_id=agent_id)


EVENTS: tuple[type[Event], ...] = (OwnerAdded, OwnerRemoved)
