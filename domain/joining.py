"""Joining: two contacts are one person. Said on both their streams at once, and it can be taken back.

Linked: the person proved it, by a signed identity. Merged: an agent says so; a visitor sees nothing more by it.
Both leave every conversation where it is; read models list it under the contact that survives.
"""

from __future__ import annotations

from uuid import UUID

from domain.ids import wire
from domain.kernel import Aggregate, Event, Stamp
from domain.refusals import ContactIsErased, ContactIsMerged, Invalid


class ContactLinked(Event, frozen=True, kw_only=True):
    """This browser's anonymous contact is the known contact `into_id`: a signed identity proved it."""

    TYPE = "contact.linked.1"

    into_id: UUID

    def apply(self, aggregate: Joined) -> None:
        aggregate.merged_into, aggregate.is_linked = self.into_id, True


class ContactMerged(Event, frozen=True, kw_only=True):
    """An agent found that this contact and `into_id`, which survives, are one person."""

    TYPE = "contact.merged.1"

    into_id: UUID

    def apply(self, aggregate: Joined) -> None:
        aggregate.merged_into, aggregate.is_linked = self.into_id, False


class ContactAbsorbed(Event, frozen=True, kw_only=True):
    """The other side of a link or a merge: `contact_id` is part of this contact."""

    TYPE = "contact.absorbed.1"

    contact_id: UUID

    def apply(self, aggregate: Joined) -> None:
        aggregate.absorbed = aggregate.absorbed | {self.contact_id}


class ContactUnmerged(Event, frozen=True, kw_only=True):
    """A link or a merge is taken back: they are two people after all."""

    TYPE = "contact.unmerged.1"

    from_id: UUID

    def apply(self, aggregate: Joined) -> None:
        aggregate.merged_into, aggregate.is_linked = None, False
        aggregate.parted = aggregate.parted | {self.from_id}


class ContactReleased(Event, frozen=True, kw_only=True):
    """The other side of an unmerge."""

    TYPE = "contact.released.1"

    contact_id: UUID

    def apply(self, aggregate: Joined) -> None:
        aggregate.absorbed = aggregate.absorbed - {self.contact_id}


class Joined(Aggregate):
    """The part of a contact that knows which others are the same person."""

    merged_into: UUID | None = None
    is_linked = False
    """True: it was joined by a signed identity, so the known contact may read what this one wrote."""
    absorbed: frozenset[UUID] = frozenset()
    parted: frozenset[UUID] = frozenset()
    """Whom it was taken apart from: no signed identity joins them again, only an agent."""
    is_erased = False

    def link_into(self, stamp: Stamp, known: Joined) -> None:
        """Changes nothing where it is somebody's already, or was taken apart from `known`."""
        if self.id == known.id or self.merged_into is not None or known.id in self.parted:
            return
        self.record(ContactLinked, stamp, into_id=known.id)
        known.record(ContactAbsorbed, stamp, contact_id=self.id)

    def merge_into(self, stamp: Stamp, survivor: Joined) -> None:
        """Again changes nothing. Raises Invalid, ContactIsMerged, ContactIsErased."""
        if self.id == survivor.id:
            raise Invalid("A contact cannot be merged into itself.")
        if self.merged_into == survivor.id:
            return
        for contact in (self, survivor):
            contact.refuse_erased()
            contact.refuse_merged()
        self.record(ContactMerged, stamp, into_id=survivor.id)
        survivor.record(ContactAbsorbed, stamp, contact_id=self.id)

    def unmerge(self, stamp: Stamp, survivor: Joined) -> None:
        """Both are again what they were; what was not merged stays so. Raises ContactIsErased."""
        if self.merged_into != survivor.id:
            return
        self.refuse_erased()
        self.record(ContactUnmerged, stamp, from_id=survivor.id)
        survivor.record(ContactReleased, stamp, contact_id=self.id)

    def refuse_merged(self) -> None:
        """Raises ContactIsMerged: ask the contact that survives."""
        if self.merged_into is not None:
            raise ContactIsMerged(id=_wire(self.id), into=_wire(self.merged_into))

    def refuse_erased(self) -> None:
        """Raises ContactIsErased."""
        if self.is_erased:
            raise ContactIsErased(id=_wire(self.id))


def _wire(id: UUID) -> str:
    return wire("contact", id)


EVENTS: tuple[type[Event], ...] = (ContactLinked, ContactMerged, ContactAbsorbed, ContactUnmerged, ContactReleased)
