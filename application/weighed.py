"""Weighed: what the rules for leads found of conversations, so that a word which changes nothing is not weighed.

A finding stands until something else of the conversation or its contact changes; whoever hears of it forgets the
finding. What was forgotten while it was being found is not kept.
"""

from __future__ import annotations

import itertools
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from uuid import UUID

import msgspec

MOST_CONTACTS = 10_000
FINDING_AGE = 300.0
"""Seconds that a finding stands: another process may have led meanwhile, and have heard of a change."""


class Place(msgspec.Struct, frozen=True):
    """A conversation, and whose it is."""

    tenant_id: int
    contact_id: UUID
    conversation_id: UUID


class Finding(msgspec.Struct, frozen=True):
    """`version`: of the rules by which it was no lead; None: the rules have no more to say about it."""

    version: int | None = None


class Weighed:
    """By contact; the least recently weighed are forgotten first."""

    def __init__(self, now: Callable[[], float] = time.monotonic, size: int = MOST_CONTACTS) -> None:
        """`now` is monotonic seconds, `size` counts contacts."""
        self._now = now
        self._size = size
        self._numbers = itertools.count()
        self._found: OrderedDict[tuple[int, UUID], dict[UUID, _Entry]] = OrderedDict()

    def find(self, place: Place) -> Finding | None:
        """None where it is not known, or being found out."""
        entry = self._entry(place)
        if entry is None or self._now() - entry.at > FINDING_AGE:
            return None
        return entry.finding

    def begin(self, place: Place) -> int:
        """Before anything is read. The number is for `end`."""
        return self._put(place, None)

    def end(self, place: Place, number: int, finding: Finding) -> None:
        """Keeps it, unless it was forgotten or begun anew since `begin`."""
        entry = self._entry(place)
        if entry is not None and entry.number == number:
            self._put(place, finding)

    def note(self, place: Place, finding: Finding) -> None:
        """For what took no reading."""
        self._put(place, finding)

    def forget(self, place: Place) -> None:
        """This conversation alone."""
        self._found.get((place.tenant_id, place.contact_id), {}).pop(place.conversation_id, None)

    def forget_contacts(self, tenant_id: int, contact_ids: Iterable[UUID]) -> None:
        """All conversations that are theirs."""
        for contact_id in contact_ids:
            self._found.pop((tenant_id, contact_id), None)

    def _entry(self, place: Place) -> _Entry | None:
        return self._found.get((place.tenant_id, place.contact_id), {}).get(place.conversation_id)

    def _put(self, place: Place, finding: Finding | None) -> int:
        number, key = next(self._numbers), (place.tenant_id, place.contact_id)
        self._found.setdefault(key, {})[place.conversation_id] = _Entry(number, self._now(), finding)
        self._found.move_to_end(key)
        if len(self._found) > self._size:
            self._found.popitem(last=False)
        return number


class _Entry(msgspec.Struct, frozen=True):
    """`finding` None: it is being found out. `at` in monotonic seconds."""

    number: int
    at: float
    finding: Finding | None
