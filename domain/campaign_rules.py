"""Campaign rules: whom a campaign is for, and on which pages and when it is shown. Pure: no clock, no query."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import datetime
from fnmatch import fnmatchcase

import msgspec

from domain.attributes import AttributeValue
from domain.hours import Hours, business_hours
from domain.refusals import Invalid
from domain.values import bounded, required

MOST_PATTERNS = 20
PATTERN_LENGTH = 500
LONGEST_STAY = 3600
MOST_DAYS = 366
MOST_ATTRIBUTES = 10

_STARS = re.compile(r"\*{2,}")


class Person(msgspec.Struct, frozen=True):
    """Who is asked about: `labels` of all their conversations, `last_at` the last thing they did."""

    is_verified: bool
    attributes: Mapping[str, AttributeValue]
    labels: Collection[str]
    last_at: datetime


class Segment(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which contacts; what is None or empty asks nothing. All that is asked must hold."""

    verified: bool | None = None
    attributes: dict[str, AttributeValue] = {}
    label: str | None = None
    seen_since: datetime | None = None

    @property
    def asks_nothing(self) -> bool:
        return self == Segment()

    def includes(self, person: Person | None) -> bool:
        """None: a visitor nobody has met, who belongs to a segment only if it asks nothing."""
        if person is None:
            return self.asks_nothing
        if self.verified is not None and person.is_verified != self.verified:
            return False
        if self.label is not None and self.label not in person.labels:
            return False
        if self.seen_since is not None and person.last_at < self.seen_since:
            return False
        return all(_same(person.attributes.get(name), value) for name, value in self.attributes.items())


class Visit(msgspec.Struct, frozen=True):
    """Somebody on a page: its path, for how many seconds by now, at what time."""

    path: str
    seconds: float
    at: datetime


class Showing(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where and when an ongoing campaign is shown. `pages`: globs on the path, any of them; none is every page.

    `every_days`: how long until the same visitor may see it again; None: once. `hours`: only while these are open.
    """

    pages: tuple[str, ...] = ()
    seconds: int = 0
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    hours: Hours | None = None
    every_days: int | None = None

    def is_on(self, at: datetime) -> bool:
        """By the calendar alone."""
        if self.starts_at is not None and at < self.starts_at:
            return False
        if self.ends_at is not None and at >= self.ends_at:
            return False
        return self.hours is None or self.hours.is_open(at)

    def matches(self, visit: Visit) -> bool:
        on_page = not self.pages or any(fnmatchcase(visit.path, pattern) for pattern in self.pages)
        return on_page and visit.seconds >= self.seconds and self.is_on(visit.at)


def valid_segment(segment: Segment) -> Segment:
    """Raises Invalid."""
    if len(segment.attributes) > MOST_ATTRIBUTES:
        raise Invalid(f"A segment asks for at most {MOST_ATTRIBUTES} attributes.")
    for name, value in segment.attributes.items():
        required("attribute", name)
        if isinstance(value, str):
            bounded("attribute", value, 500)
    _expect_zone("seenSince", segment.seen_since)
    label = None if segment.label is None else required("label", segment.label, 50)
    return msgspec.structs.replace(segment, label=label)


def valid_showing(showing: Showing) -> Showing:
    """Raises Invalid."""
    if len(showing.pages) > MOST_PATTERNS:
        raise Invalid(f"pages names at most {MOST_PATTERNS} patterns.")
    if not 0 <= showing.seconds <= LONGEST_STAY:
        raise Invalid(f"seconds is 0 to {LONGEST_STAY}.")
    if showing.every_days is not None and not 1 <= showing.every_days <= MOST_DAYS:
        raise Invalid(f"everyDays is 1 to {MOST_DAYS}, or null for once.")
    _expect_zone("startsAt", showing.starts_at)
    _expect_zone("endsAt", showing.ends_at)
    if showing.starts_at and showing.ends_at and showing.starts_at >= showing.ends_at:
        raise Invalid("startsAt is before endsAt.")
    hours = None if showing.hours is None else business_hours(showing.hours)
    pages = tuple(dict.fromkeys(_pattern(one) for one in showing.pages))
    return msgspec.structs.replace(showing, pages=pages, hours=hours)


def _pattern(text: str) -> str:
    """A path with `*` for anything and `?` for one character; no classes, so that browsers read it alike."""
    pattern = _STARS.sub("*", required("pages", text, PATTERN_LENGTH))
    if not pattern.startswith(("/", "*")) or "[" in pattern:
        raise Invalid("A page is a path like /pricing or /shop/*.")
    return pattern


def _expect_zone(name: str, at: datetime | None) -> None:
    if at is not None and at.tzinfo is None:
        raise Invalid(f"{name} has a zone.")


def _same(known: AttributeValue | None, wanted: AttributeValue) -> bool:
    """1 is 1.0, but true is not 1."""
    return known == wanted and isinstance(known, bool) == isinstance(wanted, bool)
