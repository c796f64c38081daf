"""Business time: how long somebody was there between two moments, and when so much of it will have passed.

It agrees with `Hours.is_open` at every minute, also where the clocks change: an hour that a clock change skips is
no opening, one that it repeats is open twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from domain.hours import LOOK_AHEAD, Hours, Opening

Span = tuple[datetime, datetime]

_NONE = timedelta(0)
_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)


def business_time(hours: Hours | None, start: datetime, stop: datetime) -> timedelta:
    """Between them, never negative. `hours` None: always open."""
    if hours is None:
        return max(stop - start, _NONE)
    return sum((end - begin for begin, end in open_spans(hours, start, stop)), _NONE)


def deadline(hours: Hours | None, start: datetime, amount: timedelta) -> datetime | None:
    """When `amount` of business time has passed since `start`, UTC; None where it never does within 400 days.

    Nothing left to pass: `start` itself. What ends with an opening is due when that opening ends.
    """
    if amount <= _NONE:
        return start
    if hours is None:
        return start + amount
    left = amount
    for begin, end in open_spans(hours, start, start + LOOK_AHEAD + amount):
        if begin + left <= end:
            return begin + left
        left -= end - begin
    return None


def open_spans(hours: Hours, start: datetime, stop: datetime) -> Iterator[Span]:
    """What is open between them, UTC, in order and apart from each other."""
    zone = ZoneInfo(hours.time_zone)
    holidays, by_day = frozenset(hours.holidays), _by_day(hours.openings)
    if not by_day:
        return
    for begin, end in _segments(zone, start.astimezone(UTC), stop.astimezone(UTC)):
        offset = begin.astimezone(zone).utcoffset() or _NONE
        here, there = (begin + offset).replace(tzinfo=None), (end + offset).replace(tzinfo=None)
        for opens, closes in _local_spans(by_day, holidays, here, there):
            yield (
                (max(opens, here) - offset).replace(tzinfo=UTC),
                (min(closes, there) - offset).replace(tzinfo=UTC),
            )


def _segments(zone: ZoneInfo, start: datetime, stop: datetime) -> Iterator[Span]:
    """The time between them, cut at midnight UTC and where the zone's clocks change."""
    while start < stop:
        end = min(stop, datetime.combine(start.date() + _DAY, time.min, UTC))
        change = _change(zone, start, end)
        yield start, change
        start = change


def _change(zone: ZoneInfo, start: datetime, end: datetime) -> datetime:
    """The minute at which the offset changes after `start`, `end` where it does not. At most one a day."""
    offset = start.astimezone(zone).utcoffset()
    if (end - timedelta(microseconds=1)).astimezone(zone).utcoffset() == offset:
        return end
    before, after = start.replace(second=0, microsecond=0), end
    while after - before > _MINUTE:
        middle = before + (after - before) // _MINUTE // 2 * _MINUTE
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after


def _local_spans(
    by_day: dict[int, list[tuple[timedelta, timedelta]]], holidays: frozenset[str], here: datetime, there: datetime
) -> Iterator[Span]:
    """Openings in local time that reach into this segment."""
    day = here.date()
    while (midnight := datetime.combine(day, time.min)) < there:
        for opens, closes in () if _is_holiday(day, holidays) else by_day.get(day.weekday(), ()):
            if midnight + opens < there and midnight + closes > here:
                yield midnight + opens, midnight + closes
        day += _DAY


def _is_holiday(day: date, holidays: frozenset[str]) -> bool:
    return bool(holidays) and day.isoformat() in holidays


def _by_day(openings: tuple[Opening, ...]) -> dict[int, list[tuple[timedelta, timedelta]]]:
    """The openings of each weekday as time since midnight, those that overlap or touch made one."""
    found: dict[int, list[tuple[timedelta, timedelta]]] = {}
    for one in sorted(openings, key=lambda one: (one.day, one.opens)):
        opens, closes = _since_midnight(one.opens), _since_midnight(one.closes)
        spans = found.setdefault(one.day, [])
        if spans and opens <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], closes))
        else:
            spans.append((opens, closes))
    return found


def _since_midnight(clock: str) -> timedelta:
    return timedelta(hours=int(clock[:2]), minutes=int(clock[3:]))
