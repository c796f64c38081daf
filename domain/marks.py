"""Marks: what agents write on a conversation: labels, a priority, attributes of the tenant's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Literal
from uuid import UUID

import msgspec

from domain.attributes import AttributeValue, attributes_in, changed_by, changes
from domain.kernel import NOWHERE, Event, PersonalEvent, Stamp
from domain.personal import Personal
from domain.quiet import Quiet
from domain.refusals import Invalid
from domain.values import required

Priority = Literal["low", "normal", "high", "urgent"]
MOST_LABELS = 50
LABEL_LENGTH = 50


class LabelsChanged(Event, frozen=True, kw_only=True):
    TYPE = "conversation.labels_changed.1"

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    def apply(self, aggregate: Marked) -> None:
        aggregate.labels = (aggregate.labels | set(self.added)) - set(self.removed)
        aggregate.stayed_quiet(self.originator_version)


class PriorityChanged(Event, frozen=True, kw_only=True):
    TYPE = "conversation.priority_changed.1"

    before: Priority | None = None
    after: Priority | None = None

    def apply(self, aggregate: Marked) -> None:
        aggregate.priority = self.after
        aggregate.stayed_quiet(self.originator_version)


class AttributesChanged(PersonalEvent, frozen=True, kw_only=True):
    """`values`: a JSON object of the named attributes, null where one was removed."""

    TYPE = "conversation.attributes_changed.1"

    names: tuple[str, ...]
    values: Personal

    def apply(self, aggregate: Marked) -> None:
        aggregate.attributes = changed_by(aggregate.attributes, attributes_in(self.names, self.values))
        aggregate.stayed_quiet(self.originator_version)


class Marked(Quiet):
    """The part of a conversation that carries marks."""

    contact_id: UUID = NOWHERE
    labels: frozenset[str] = frozenset()
    priority: Priority | None = None
    attributes: Mapping[str, AttributeValue] = MappingProxyType({})

    def change_labels(self, stamp: Stamp, add: Iterable[str] = (), remove: Iterable[str] = ()) -> None:
        """Labels that are there, or not there, already change nothing. Raises Invalid."""
        wanted, unwanted = {label(one) for one in add}, {label(one) for one in remove}
        if wanted & unwanted:
            raise Invalid("A label is added or removed, not both.")
        added, removed = wanted - self.labels, unwanted & self.labels
        if len((self.labels | added) - removed) > MOST_LABELS:
            raise Invalid(f"A conversation has at most {MOST_LABELS} labels.")
        if added or removed:
            self.record(LabelsChanged, stamp, added=tuple(sorted(added)), removed=tuple(sorted(removed)))

    def set_priority(self, stamp: Stamp, priority: Priority | None) -> None:
        """None takes it away."""
        if priority != self.priority:
            self.record(PriorityChanged, stamp, before=self.priority, after=priority)

    def set_attributes(self, stamp: Stamp, values: Mapping[str, AttributeValue]) -> None:
        """Only what differs is recorded. Raises Invalid."""
        changed = changes(self.attributes, values)
        if changed:
            text = msgspec.json.encode(changed).decode()
            names = tuple(sorted(changed))
            self.record(AttributesChanged, stamp, subject_id=self.contact_id, names=names, values=text)


def label(text: str) -> str:
    """Lower case, trimmed, 1 to 50 characters. Raises Invalid."""
    return required("label", text, LABEL_LENGTH).lower()


EVENTS: tuple[type[Event], ...] = (LabelsChanged, PriorityChanged, AttributesChanged)
