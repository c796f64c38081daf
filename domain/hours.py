"""Hours: when a team is there: opening times by weekday in its own time zone, and holidays."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from domain.refusals import Invalid

MOST_OPENINGS = 50
MOST_HOLIDAYS = 400
LOOK_AHEAD = timedelta(days=400)
"""How far the next opening is looked for; beyond it there is none."""

_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d|24:00")
_ZONE = re.compile(r"[A-Za-z0-9_+\-]{1,32}(/[A-Za-z0-9_+\-]{1,32}){0,2}")
_DAY = timedelta(days=1)


class Opening(msgspec.Struct, frozen=True):
    """One span of a weekday (0 is Monday) in local time `HH:MM`; `closes` may be 24:00, and is after `opens`."""

    day: int
    opens: str
    closes: str


class Hours(msgspec.Struct, frozen=True, omit_defaults=True):
    """`time_zone` is an IANA name, `holidays` are local dates `YYYY-MM-DD`. Without openings it is never open."""

    time_zone: str = "UTC"
    openings: tuple[Opening, ...] = ()
    holidays: tuple[str, ...] = ()

    def is_open(self, at: datetime) -> bool:
        """At this moment. A clock change is the time zone's business."""
        local = at.astimezone(ZoneInfo(self.time_zone))
        if local.date().isoformat() in self.holidays:
            return False
        clock = f"{local:%H:%M}"
        return any(one.day == local.weekday() and one.opens <= clock < one.closes for one in self.openings)

    def opens_after(self, at: datetime) -> datetime | None:
        """The first moment after `at` when a span begins, UTC; None within 400 days."""
        return next((start for start in self._starts(at) if start > at and self.is_open(start)), None)

    def next_open_at(self, at: datetime) -> datetime | None:
        """`at` itself where it is open, else when it opens."""
        return at if self.is_open(at) else self.opens_after(at)

    def _starts(self, at: datetime) -> Iterator[datetime]:
        """The beginnings of all spans from the day of `at` on, in order."""
        zone = ZoneInfo(self.time_zone)
        day = at.astimezone(zone).date()
        last = day + LOOK_AHEAD
        ordered = sorted(self.openings, key=lambda one: one.opens)
        while day <= last and self.openings:
            for one in ordered:
                if one.day == day.weekday():
                    yield datetime.combine(day, time.fromisoformat(one.opens), zone).astimezone(UTC)
            day += _DAY


def business_hours(hours: Hours) -> Hours:
    """`hours`, sorted and without repetition. Raises Invalid."""
    if len(hours.openings) > MOST_OPENINGS or len(hours.holidays) > MOST_HOLIDAYS:
        raise Invalid(f"Business hours have at most {MOST_OPENINGS} openings and {MOST_HOLIDAYS} holidays.")
    _refuse_zone(hours.time_zone)
    for one in hours.openings:
        _refuse_opening(one)
    for text in hours.holidays:
        _refuse_date(text)
    openings = sorted(set(hours.openings), key=lambda one: (one.day, one.opens, one.closes))
    return Hours(hours.time_zone, tuple(openings), tuple(sorted(set(hours.holidays))))


def _refuse_zone(name: str) -> None:
    if not _ZONE.fullmatch(name):
        raise Invalid("timeZone is the name of a time zone, like Europe/Berlin.")
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Invalid("timeZone is the name of a time zone, like Europe/Berlin.") from None


def _refuse_opening(one: Opening) -> None:
    if not 0 <= one.day <= 6:
        raise Invalid("day is 0 (Monday) to 6 (Sunday).")
    if not (_CLOCK.fullmatch(one.opens) and _CLOCK.fullmatch(one.closes)) or one.opens >= one.closes:
        raise Invalid("opens and closes are times HH:MM of one day, opens before closes.")


def _refuse_date(text: str) -> None:
    try:
        is_plain = date.fromisoformat(text).isoformat() == text
    except ValueError:
        is_plain = False
    if not is_plain:
        raise Invalid("A holiday is a date YYYY-MM-DD.")
