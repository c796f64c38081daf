"""Bulk: one action on many conversations. Its stream names them; what was done to each is in their own streams,
where the cause of an event names the bulk. So a whole bulk is found, and taken back, by its id alone."""

from __future__ import annotations

from uuid import UUID

from domain.kernel import Aggregate, Event, Stamp
from domain.refusals import Invalid

MOST_CONVERSATIONS = 100


class BulkBegun(Event, frozen=True, kw_only=True):
    """`change`: what was asked for, in a word, the same for each of them. Some may have refused it."""

    TYPE = "bulk.begun.1"

    tenant_id: int
    conversation_ids: tuple[UUID, ...]
    change: str

    def create(self) -> Aggregate:
        return Bulk(self.originator_id)

    def apply(self, aggregate: Bulk) -> None:
        aggregate.conversation_ids = self.conversation_ids


class Bulk(Aggregate):
    KIND = "bulk"

    conversation_ids: tuple[UUID, ...] = ()

    def begin(self, stamp: Stamp, tenant_id: int, conversation_ids: tuple[UUID, ...], change: str) -> None:
        """Beginning twice changes nothing. Raises Invalid."""
        if len(conversation_ids) > MOST_CONVERSATIONS:
            raise Invalid(f"A bulk action is about {MOST_CONVERSATIONS} conversations at most.")
        if not self.exists:
            self.record(BulkBegun, stamp, tenant_id=tenant_id, conversation_ids=conversation_ids, change=change)


EVENTS: tuple[type[Event], ...] = (BulkBegun,)
