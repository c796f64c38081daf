"""Blocking: a visitor who may not write for a while, or for good."""

from __future__ import annotations

from datetime import datetime

import msgspec

from domain.kernel import Aggregate, Event, PersonalEvent, Stamp
from domain.personal import Personal
from domain.refusals import Invalid, VisitorBlocked
from domain.values import required


class Block(msgspec.Struct, frozen=True):
    """`until` None: until somebody takes it back."""

    reason: Personal
    until: datetime | None
    since: datetime


class ContactBlocked(PersonalEvent, frozen=True, kw_only=True):
    TYPE = "contact.blocked.1"

    reason: Personal
    until: datetime | None = None

    def apply(self, aggregate: Blocked) -> None:
        aggregate.blocked = Block(self.reason, self.until, self.at)


class ContactUnblocked(Event, frozen=True, kw_only=True):
    TYPE = "contact.unblocked.1"

    def apply(self, aggregate: Blocked) -> None:
        aggregate.blocked = None


class Blocked(Aggregate):
    """The part of a contact that says whether they may write."""

    blocked: Block | None = None

    def block(self, stamp: Stamp, reason: str, until: datetime | None = None) -> None:
        """The same block again changes nothing. Raises Invalid."""
        words = required("reason", reason, 500)
        if until is not None and (until.tzinfo is None or until <= stamp.at):
            raise Invalid("until is a time to come, with its zone.")
        known = self.blocked
        if known is not None and (known.reason, known.until) == (words, until):
            return
        self.record(ContactBlocked, stamp, subject_id=self.id, reason=words, until=until)

    def unblock(self, stamp: Stamp) -> None:
        """Who is not blocked stays so."""
        if self.blocked is not None:
            self.record(ContactUnblocked, stamp)

    def is_blocked(self, at: datetime) -> bool:
        return self.blocked is not None and (self.blocked.until is None or self.blocked.until > at)

    def refuse_blocked(self, at: datetime) -> None:
        """Raises VisitorBlocked while the block holds; its reason is for agents and is not told."""
        if self.blocked is not None and self.is_blocked(at):
            until = self.blocked.until
            raise VisitorBlocked(until=None if until is None else until.isoformat())


EVENTS: tuple[type[Event], ...] = (ContactBlocked, ContactUnblocked)
