"""Business time agrees with the opening hours at every minute, in every zone, over every clock change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.business_time import business_time, deadline
from domain.hours import Hours, Opening

MINUTE = timedelta(minutes=1)
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "Asia/Kolkata")
CHANGES = [datetime(2030, 3, 30), datetime(2030, 4, 25), datetime(2030, 10, 26), datetime(2030, 11, 2)]


def daily(one: Opening) -> tuple[Opening, ...]:
    """The same span every day: a clock change falls into it, or beside it."""
    return tuple(Opening(day, one.opens, one.closes) for day in range(7))


clocks = st.lists(st.integers(0, 96), min_size=2, max_size=2, unique=True).map(sorted)
openings = st.builds(
    lambda day, span: Opening(day, *(f"{quarter // 4:02}:{quarter % 4 * 15:02}" for quarter in span)),
    st.integers(0, 6),
    clocks,
)
hours = st.builds(
    Hours,
    time_zone=st.sampled_from(ZONES),
    openings=st.one_of(st.lists(openings, max_size=12).map(tuple), openings.map(daily)),
    holidays=st.sampled_from([(), ("2030-03-31",), ("2030-10-27", "2030-11-03")]),
)
moments = st.builds(
    lambda day, minutes: day.replace(tzinfo=UTC) + minutes * MINUTE, st.sampled_from(CHANGES), st.integers(0, 600)
)


@settings(max_examples=150, deadline=None)
@given(law=hours, start=moments, length=st.integers(0, 3_000))
def test_it_is_what_a_walk_from_minute_to_minute_finds(law: Hours, start: datetime, length: int) -> None:
    walked = sum(law.is_open(start + minute * MINUTE) for minute in range(length)) * MINUTE
    stop = start + length * MINUTE
    assert business_time(law, start, stop) == walked
    if walked:
        due = deadline(law, start, walked)
        assert due is not None
        assert start < due <= stop
        assert business_time(law, start, due) == walked


@pytest.mark.parametrize(
    ("zone", "day", "minutes"),
    [
        ("Europe/Berlin", "2030-03-31", 210),
        ("Europe/Berlin", "2030-10-27", 330),
        ("America/New_York", "2030-03-10", 210),
        ("Australia/Lord_Howe", "2030-04-07", 300),
        ("Africa/Cairo", "2030-04-26", 240),
    ],
)
def test_a_night_in_which_the_clocks_change_is_as_long_as_it_is(zone: str, day: str, minutes: int) -> None:
    night = Hours(zone, tuple(Opening(one, "00:30", "05:00") for one in range(7)))
    midnight = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    noon = datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    assert business_time(night, midnight, noon) == minutes * MINUTE
    assert deadline(night, midnight, minutes * MINUTE) is not None


def test_always_open_is_plain_time_and_never_negative() -> None:
    start = datetime(2030, 1, 1, tzinfo=UTC)
    assert business_time(None, start, start + MINUTE) == MINUTE
    assert business_time(None, start, start - MINUTE) == timedelta(0)
    assert deadline(None, start, MINUTE) == start + MINUTE
    assert deadline(None, start, timedelta(0)) == start


def test_who_is_never_there_is_never_late() -> None:
    assert deadline(Hours("UTC"), datetime(2030, 1, 1, tzinfo=UTC), MINUTE) is None


def test_a_deadline_weeks_of_openings_away_is_found() -> None:
    monday = Hours("UTC", (Opening(0, "09:00", "10:00"),))
    due = deadline(monday, datetime(2030, 1, 1, tzinfo=UTC), timedelta(hours=50))
    assert due == datetime(2030, 12, 16, 10, tzinfo=UTC)
