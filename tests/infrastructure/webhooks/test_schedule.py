"""When a failed delivery is tried again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from infrastructure.webhooks.schedule import DELAYS, HELD_ATTEMPTS, Schedule, retry_after

NOW = datetime(2030, 1, 1, tzinfo=UTC)
FULL = Schedule(spread=lambda: 1.0)


def test_ten_attempts_within_three_days_then_no_more() -> None:
    waits = [FULL.next_at(attempts, NOW, None) for attempts in range(1, 11)]
    assert [at - NOW for at in waits[:-1] if at] == [timedelta(seconds=delay) for delay in DELAYS]
    assert waits[-1] is None
    assert timedelta(days=2) < timedelta(seconds=sum(DELAYS)) < timedelta(days=3)


def test_a_wait_is_anywhere_between_nothing_and_the_delay() -> None:
    waits = [Schedule().next_at(4, NOW, None) for _ in range(200)]
    seconds = [(at - NOW).total_seconds() for at in waits if at]
    assert 0 <= min(seconds) < 120 < 480 < max(seconds) <= 600


def test_what_was_asked_for_is_waited_even_if_it_is_longer() -> None:
    assert FULL.next_at(1, NOW, 90.0) == NOW + timedelta(seconds=90)
    assert FULL.next_at(1, NOW, 1.0) == NOW + timedelta(seconds=5)


def test_an_address_that_is_down_is_tried_every_ten_minutes_for_ever() -> None:
    assert FULL.probe_at(500, NOW, None) == NOW + timedelta(seconds=DELAYS[HELD_ATTEMPTS - 1])


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None), ("120", 120), ("0", 0), ("999999999", 86_400), ("-5", None), ("soon", None), ("", None),
        ("Tue, 01 Jan 2030 00:01:00 GMT", 60), ("Mon, 31 Dec 2029 00:00:00 GMT", 0),
    ],
)  # fmt: skip
def test_retry_after_is_seconds_or_a_date(text: str | None, seconds: float | None) -> None:
    assert retry_after(text, NOW) == seconds
