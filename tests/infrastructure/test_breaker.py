"""The breaker's three states, by a clock that the test turns."""

from __future__ import annotations

from infrastructure.breaker import Breaker, Breakers


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def opened(clock: Clock) -> Breaker:
    breaker = Breaker(failures=3, rest=30, clock=clock)
    for _ in range(3):
        assert breaker.permits()
        breaker.failed()
    return breaker


def test_failures_in_a_row_open_it() -> None:
    breaker = opened(Clock())
    assert breaker.is_open
    assert not breaker.permits()


def test_a_success_between_failures_keeps_it_closed() -> None:
    breaker = Breaker(failures=2)
    breaker.failed()
    breaker.succeeded()
    breaker.failed()
    assert breaker.permits()


def test_after_its_rest_one_trial_is_let_through() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now = 29.9
    assert not breaker.permits()
    clock.now = 30
    assert breaker.permits()
    assert not breaker.permits()


def test_a_good_trial_closes_it() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now = 30
    assert breaker.permits()
    breaker.succeeded()
    assert breaker.permits()
    assert breaker.permits()


def test_a_bad_trial_opens_it_for_another_rest() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now = 30
    assert breaker.permits()
    breaker.failed()
    clock.now = 59.9
    assert not breaker.permits()
    clock.now = 60
    assert breaker.permits()


def test_an_abandoned_trial_lets_another_try() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now = 30
    assert breaker.permits()
    breaker.abandoned()
    assert breaker.permits()


def test_a_late_failure_does_not_prolong_the_rest() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now = 20
    breaker.failed()
    clock.now = 30
    assert breaker.permits()


def test_one_tenants_failures_shut_out_nobody_else() -> None:
    breakers = Breakers(lambda: Breaker(failures=1))
    breakers.of(1, "http://model").failed()
    assert not breakers.of(1, "http://model").permits()
    assert breakers.of(2, "http://model").permits()
    assert breakers.of(1, None).permits()


def test_the_breaker_used_longest_ago_is_forgotten_first() -> None:
    breakers = Breakers(lambda: Breaker(failures=1), size=2)
    breakers.of(1, None).failed()
    breakers.of(2, None).failed()
    breakers.of(1, None)
    breakers.of(3, None)
    assert not breakers.of(1, None).permits()
    assert breakers.of(2, None).permits()
