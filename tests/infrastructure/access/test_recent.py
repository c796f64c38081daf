"""What a process remembers of a look-up, and for how long."""

from __future__ import annotations

from infrastructure.access.recent import WINDOW, Recent


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_the_window_keeps_the_promise_of_five_seconds() -> None:
    assert WINDOW < 5.0


def test_an_answer_ages_from_when_it_was_asked() -> None:
    clock = Clock()
    recent = Recent[str, int](window=4.0, clock=clock)
    asked_at = recent.now()
    clock.now += 3.0
    recent.keep("a", 1, asked_at)
    assert recent.find("a") == 1
    clock.now += 1.0
    assert recent.find("a") is None


def test_finding_does_not_make_it_younger() -> None:
    clock = Clock()
    recent = Recent[str, int](window=4.0, clock=clock)
    recent.keep("a", 1, recent.now())
    for _ in range(3):
        clock.now += 1.0
        assert recent.find("a") == 1
    clock.now += 1.0
    assert recent.find("a") is None


def test_the_least_recently_used_makes_room() -> None:
    recent = Recent[str, int](size=2)
    recent.keep("a", 1, recent.now())
    recent.keep("b", 2, recent.now())
    recent.find("a")
    recent.keep("c", 3, recent.now())
    assert [recent.find(key) for key in "abc"] == [1, None, 3]


def test_what_matches_is_forgotten() -> None:
    recent = Recent[str, int]()
    recent.keep("a", 1, recent.now())
    recent.keep("b", 2, recent.now())
    recent.forget(lambda value: value == 1)
    assert [recent.find(key) for key in "ab"] == [None, 2]
