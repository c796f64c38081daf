"""Business hours are a team's own local time: clock changes, holidays and weekends are theirs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.hours import Hours, Opening, business_hours
from domain.refusals import Invalid

WEEKDAYS = tuple(Opening(day, "09:00", "17:00") for day in range(5))
BERLIN = Hours("Europe/Berlin", WEEKDAYS, ("2026-12-25",))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-11-20T08:00", True),  # Friday, 09:00 in Berlin
        ("2026-11-20T07:59", False),
        ("2026-11-20T15:59", True),
        ("2026-11-20T16:00", False),
        ("2026-11-21T10:00", False),  # Saturday
        ("2026-07-17T07:00", True),  # summer: two hours ahead
        ("2026-12-25T10:00", False),  # a holiday
    ],
)
def test_open_is_local_time(at: str, expected: bool) -> None:
    assert BERLIN.is_open(utc(at)) is expected


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-11-20T16:00", "2026-11-23T08:00"),  # over the weekend
        ("2026-11-20T05:00", "2026-11-20T08:00"),
        ("2026-11-20T10:00", "2026-11-23T08:00"),  # open now: the one after
        ("2026-12-24T20:00", "2026-12-28T08:00"),  # over the holiday and the weekend
        ("2026-03-27T20:00", "2026-03-30T07:00"),  # over the change to summer time
    ],
)
def test_the_next_opening_skips_what_is_closed(at: str, expected: str) -> None:
    assert BERLIN.opens_after(utc(at)) == utc(expected)


def test_open_now_means_now_and_never_open_means_never() -> None:
    noon = utc("2026-11-20T12:00")
    assert BERLIN.next_open_at(noon) == noon
    assert Hours("UTC").next_open_at(noon) is None


def test_midnight_is_the_end_of_a_day() -> None:
    always = Hours("UTC", tuple(Opening(day, "00:00", "24:00") for day in range(7)))
    assert always.is_open(utc("2026-11-20T23:59:59"))
    assert always.opens_after(utc("2026-11-20T12:00")) == utc("2026-11-21T00:00")


@pytest.mark.parametrize(
    "wrong",
    [
        Hours("Mars/Olympus"),
        Hours("../etc/passwd"),
        Hours("UTC", (Opening(7, "09:00", "17:00"),)),
        Hours("UTC", (Opening(0, "9:00", "17:00"),)),
        Hours("UTC", (Opening(0, "17:00", "09:00"),)),
        Hours("UTC", (Opening(0, "24:00", "24:00"),)),
        Hours("UTC", holidays=("25.12.2026",)),
        Hours("UTC", holidays=("2026-02-30",)),
        Hours("UTC", tuple(Opening(0, "09:00", f"10:{minute:02}") for minute in range(51))),
    ],
)
def test_what_makes_no_sense_is_refused(wrong: Hours) -> None:
    with pytest.raises(Invalid):
        business_hours(wrong)


def test_the_same_hours_in_another_order_are_the_same() -> None:
    assert business_hours(Hours("Europe/Berlin", WEEKDAYS[::-1] + WEEKDAYS)) == Hours("Europe/Berlin", WEEKDAYS)


CLOCKS = st.integers(0, 24 * 60).map(lambda minute: f"{minute // 60:02}:{minute % 60:02}")
OPENINGS = st.builds(Opening, st.integers(0, 6), CLOCKS, CLOCKS).filter(lambda one: one.opens < one.closes)


@given(
    st.lists(OPENINGS, max_size=6),
    st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Apia", "Australia/Lord_Howe"]),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),
)
def test_it_is_open_when_it_opens_and_not_before(openings: list[Opening], zone: str, naive: datetime) -> None:
    hours, at = business_hours(Hours(zone, tuple(openings))), naive.replace(tzinfo=UTC)
    opens = hours.opens_after(at)
    if opens is None:
        return
    assert opens > at
    assert hours.is_open(opens)
    if not hours.is_open(at) and opens - at < timedelta(days=1):
        middle = at + (opens - at) / 2
        assert not hours.is_open(middle) or zone != "UTC"
