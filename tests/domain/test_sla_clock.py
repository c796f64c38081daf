"""The clock of a conversation: whatever happens in whatever order, each promise is told once, and truly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.conversation import Conversation
from domain.handling import Reopened
from domain.hours import Hours, Opening
from domain.kernel import Aggregate, Event, Stamp
from domain.sla_clock import (
    Choice,
    ClockMoved,
    SlaApplied,
    SlaBreached,
    SlaClock,
    SlaMet,
    SlaStopped,
    SlaWarned,
    clock_of,
)
from domain.sla_policy import OnReopen, SlaTarget, SlaTargets, WarnBefore
from domain.sla_reckoning import Terms, reckon
from tests.support.stamps import NEW_YEAR, refolded, stamp

CHAT = UUID(int=1)
POLICY = UUID(int=9)
MINUTE = timedelta(minutes=1)
OFFICE = Hours("Europe/Berlin", tuple(Opening(day, "09:00", "17:00") for day in range(5)), ("2030-01-01",))
TARGETS = SlaTargets(first_response=30 * 60, next_response=60 * 60, resolution=8 * 3600)
HALF = WarnBefore(percent=50)


def terms(
    hours: Hours | None = None,
    targets: SlaTargets = TARGETS,
    reopen: OnReopen = "restart",
    warn: WarnBefore = HALF,
    version: int = 1,
    policy: UUID = POLICY,
) -> Terms:
    return Terms(policy, version, targets, warn, reopen, hours)


class Story:
    """A conversation, and its clock that hears of every event at once, as the policy and the timers have it."""

    def __init__(self, under: Terms | None, *, with_bot: bool = False) -> None:
        self.chat = Conversation(CHAT)
        self.clock = SlaClock(clock_of(CHAT))
        self.events: list[Event] = []
        self.told: list[ClockMoved] = []
        self.minute = 0
        self.under = under
        self.chat.start(self.by("visitor"), tenant_id=1, contact_id=UUID(int=2), assistant_id=UUID(int=3))
        if not with_bot:
            self.chat.hand_over(self.by("visitor"), "asked")
        self.hear()

    @property
    def now(self) -> datetime:
        return NEW_YEAR + self.minute * MINUTE

    def by(self, kind: Any) -> Stamp:
        return stamp(kind, 7, hours=self.minute / 60)

    def later(self, minutes: int) -> Story:
        """Time passes; timers tell what is due at its minute."""
        end = self.minute + minutes
        while self._next_due() is not None and (due := self._next_due()) <= NEW_YEAR + end * MINUTE:
            self.minute = max(self.minute, -((NEW_YEAR - due) // MINUTE))
            before = self.clock.version
            self.clock.keep(self.by("system"), self.events, self.now)
            self._collect()
            assert self.clock.version > before, "a timer that has nothing to do would ring for ever"
        self.minute = end
        return self

    def say(self, kind: str) -> Story:
        self.chat.post(self.by(kind), UUID(int=5), "Hello")
        return self.hear()

    def snooze(self) -> Story:
        self.chat.snooze(self.by("agent"))
        return self.hear()

    def awaken(self) -> Story:
        self.chat.awaken(self.by("agent"), "agent")
        return self.hear()

    def end(self) -> Story:
        self.chat.end(self.by("agent"))
        return self.hear()

    def reopen(self) -> Story:
        self.chat.reopen(self.by("agent"))
        return self.hear()

    def hand_over(self) -> Story:
        self.chat.hand_over(self.by("assistant"), "asked")
        return self.hear()

    def fits(self, under: Terms | None) -> Story:
        """Something of the conversation changes, so that these terms fit."""
        self.under = under
        self.chat.set_priority(self.by("agent"), "urgent" if self.chat.priority is None else None)
        return self.hear()

    def hear(self) -> Story:
        for event in self.chat.collect_events():
            self.events.append(event)
            self.clock.promise(self.by("system"), self._choice(event), self.events)
            self.clock.keep(self.by("system"), self.events, event.at)
        self._collect()
        return self

    def types(self) -> list[str]:
        """What was told since the last look, with its target."""
        told, self.told = self.told, []
        return [" ".join([one.TYPE.split(".")[1], *filter(None, [getattr(one, "target", None)])]) for one in told]

    def due(self, target: SlaTarget) -> datetime | None:
        return next((one.due_at for one in self.clock.watches if one.target == target), None)

    def _choice(self, event: Event) -> Choice:
        return Choice(event.originator_version, self.under, is_anew=isinstance(event, Reopened))

    def _next_due(self) -> Any:
        return min((one.next_at for one in self.clock.watches if one.next_at is not None), default=None)

    def _collect(self) -> None:
        self.told += self.clock.collect_events()


def test_a_first_answer_in_time_is_met_and_the_assistant_answers_nothing() -> None:
    story = Story(terms(), with_bot=True)
    assert story.types() == ["applied"]
    story.say("visitor").later(5)
    assert story.due("firstResponse") is None
    story.hand_over()
    assert story.due("firstResponse") == story.now + 30 * MINUTE
    story.later(10).say("agent")
    assert story.types() == ["started firstResponse", "met firstResponse"]
    assert story.due("resolution") == NEW_YEAR + timedelta(hours=8)


def test_what_is_due_is_warned_of_and_breached_once_at_its_second() -> None:
    story = Story(terms()).later(14)
    assert story.types() == ["applied", "started firstResponse"]
    story.later(1)
    assert story.types() == ["warned firstResponse"]
    story.later(15)
    assert story.types() == ["breached firstResponse"]
    breached = next(one for one in story.clock.watches if one.target == "firstResponse")
    assert (breached.status, breached.due_at) == ("breached", NEW_YEAR + 30 * MINUTE)
    story.later(60).say("agent")
    assert story.types() == ["stopped firstResponse"]


def test_an_answer_that_timers_were_too_late_for_is_a_breach_nevertheless() -> None:
    story = Story(terms())
    story.minute = 31
    story.say("agent")
    assert story.types() == ["applied", "started firstResponse", "breached firstResponse", "stopped firstResponse"]


def test_an_answer_that_was_under_way_when_the_breach_was_told_does_not_undo_it() -> None:
    story = Story(terms()).later(29)
    answered = story.by("agent")
    story.later(1)
    story.chat.post(answered, UUID(int=5), "Hello")
    story.hear()
    assert story.types()[-2:] == ["breached firstResponse", "stopped firstResponse"]


def test_a_timer_that_rings_before_the_policy_has_heard_of_the_answer_says_no_breach() -> None:
    story = Story(terms()).later(10)
    story.chat.post(story.by("agent"), UUID(int=5), "Hello")
    unheard = [*story.events, *story.chat.collect_events()]
    story.minute = 40
    story.types()
    story.clock.keep(story.by("system"), unheard, story.now)
    story.told += story.clock.collect_events()
    assert story.types() == ["met firstResponse"]


def test_a_later_wait_is_the_next_response_and_writing_twice_does_not_prolong_it() -> None:
    story = Story(terms()).say("agent").later(5).say("visitor")
    first = story.due("nextResponse")
    assert first == story.now + 60 * MINUTE
    story.later(10).say("visitor")
    assert story.due("nextResponse") == first
    story.say("agent")
    assert story.types()[-1] == "met nextResponse"


def test_a_snooze_stops_the_clock_and_what_was_left_is_left_afterwards() -> None:
    story = Story(terms()).later(10).snooze()
    assert story.types()[-1] == "paused"
    assert story.due("firstResponse") is None
    story.later(600).awaken()
    assert story.types() == ["resumed"]
    assert story.due("firstResponse") == story.now + 20 * MINUTE


def test_a_resolved_conversation_has_no_clock_that_could_be_missed() -> None:
    """cw#10178"""
    story = Story(terms()).later(10).end()
    assert story.types()[-2:] == ["met resolution", "stopped firstResponse"]
    assert story.clock.watches == ()
    story.later(10_000)
    assert story.types() == []


def test_reopening_begins_anew_or_goes_on_as_the_policy_says() -> None:
    for how, left in (("restart", 8 * 60), ("continue", 8 * 60 - 60)):
        story = Story(terms(reopen=how)).say("agent").later(60).end().later(30).reopen()  # pyright: ignore[reportArgumentType]
        assert story.due("resolution") == story.now + left * MINUTE


def test_what_was_missed_is_not_promised_again_where_it_goes_on() -> None:
    story = Story(terms(reopen="continue")).say("agent").later(9 * 60).end().reopen()
    assert story.due("resolution") is None


def test_the_version_in_force_stays_until_the_conversation_is_reopened() -> None:
    story = Story(terms(version=1))
    story.fits(terms(version=2))
    assert story.clock.terms == terms(version=1)
    story.end()
    story.under = terms(version=2)
    story.reopen()
    assert story.clock.terms == terms(version=2)


def test_another_policy_counts_from_where_the_wait_began_and_none_lifts_it() -> None:
    story = Story(terms()).later(20)
    urgent = terms(targets=SlaTargets(first_response=25 * 60), policy=UUID(int=10))
    story.fits(urgent)
    assert story.due("firstResponse") == NEW_YEAR + 25 * MINUTE
    assert story.due("resolution") is None
    story.fits(None)
    assert story.types()[-1] == "lifted"
    assert story.later(600).types() == []


def test_what_was_over_before_a_policy_came_into_force_is_not_told() -> None:
    story = Story(None).later(100).say("agent").later(5).say("visitor")
    story.fits(terms())
    assert story.types() == ["applied"]
    assert {one.target for one in story.clock.watches} == {"nextResponse", "resolution"}


def test_a_breach_is_not_told_again_under_other_hours() -> None:
    story = Story(terms()).later(31)
    always = Hours("UTC", tuple(Opening(day, "00:00", "24:00") for day in range(7)))
    story.types()
    story.fits(terms(hours=always))
    assert story.types() == ["applied"]


def test_an_older_choice_changes_nothing() -> None:
    story = Story(terms()).fits(terms(policy=UUID(int=10)))
    story.types()
    story.clock.promise(story.by("system"), Choice(1, terms()), story.events)
    assert story.clock.collect_events() == []


def test_at_night_and_on_holidays_no_time_passes() -> None:
    story = Story(terms(hours=OFFICE))
    assert story.due("firstResponse") == datetime.fromisoformat("2030-01-02T09:30+01:00")
    assert story.due("resolution") == datetime.fromisoformat("2030-01-02T17:00+01:00")


ACTS = ["visitor", "agent", "snooze", "awaken", "end", "reopen", "urgent"]
steps = st.lists(st.tuples(st.integers(0, 700), st.sampled_from(ACTS)), max_size=14)
laws = st.builds(
    terms,
    hours=st.sampled_from([None, OFFICE]),
    targets=st.builds(
        SlaTargets,
        first_response=st.sampled_from([None, 60, 1800, 4 * 3600]),
        next_response=st.sampled_from([None, 60, 3600]),
        resolution=st.sampled_from([60, 3600, 8 * 3600]),
    ),
    reopen=st.sampled_from(["restart", "continue"]),
    warn=st.sampled_from([WarnBefore(), HALF, WarnBefore(seconds=600)]),
)


@settings(max_examples=150, deadline=None)
@given(acts=steps, law=laws, other=laws)
def test_whatever_happens_each_promise_has_one_end_and_its_time_is_true(
    acts: list[tuple[int, str]], law: Terms, other: Terms
) -> None:
    story = Story(law)
    changes = False
    for minutes, act in acts:
        story.later(minutes)
        changes = changes or act == "urgent"
        _act(story, act, law, other)
    story.later(5_000)
    _each_end_is_told_once(story.told)
    for run in reckon(story.events, law).runs:
        assert run.used >= timedelta(0)
        assert run.used == _walked(story.events, law, run.target, run.version, story.now), run
    if not changes:
        _told_is_what_was_reckoned(story, law)
    refolded_clock = refolded(story.told) if story.told else None  # pyright: ignore[reportArgumentType]
    assert refolded_clock is None or vars(refolded_clock) | {"_recorded": []} == vars(story.clock)


def _act(story: Story, act: str, law: Terms, other: Terms) -> None:
    is_ended = story.chat.is_ended
    match act:
        case "visitor" if not story.chat.is_past_reopening(story.now):
            story.say("visitor")
        case "agent" if not is_ended:
            story.say("agent")
        case "snooze" if not is_ended:
            story.snooze()
        case "urgent":
            story.fits(other if story.under is law else law)
        case "awaken" | "end" | "reopen":
            getattr(story, act)()
        case _:
            pass


def _each_end_is_told_once(told: Sequence[ClockMoved]) -> None:
    """Between two applications a run is breached once at most, and never met after it was breached."""
    open_breach: set[SlaTarget] = set()
    ends: Counter[tuple[str, int]] = Counter()
    for one in told:
        match one:
            case SlaBreached():
                assert one.target not in open_breach
                open_breach.add(one.target)
                assert one.due_at <= one.at
            case SlaWarned():
                assert one.target not in open_breach
            case SlaMet() | SlaStopped():
                assert not (isinstance(one, SlaMet) and one.target in open_breach)
                open_breach.discard(one.target)
                ends[one.target, one.run] += 1
                assert one.elapsed >= 0
            case SlaApplied():
                open_breach = {watch.target for watch in one.watches if watch.status == "breached"}
            case _:
                pass
        for watch in one.watches:
            assert watch.due_at is None or watch.due_at >= watch.started_at
    assert not [run for run, number in ends.items() if number > 1]


def _told_is_what_was_reckoned(story: Story, law: Terms) -> None:
    met = {(one.target, one.run, one.elapsed) for one in story.told if isinstance(one, SlaMet)}
    runs = reckon(story.events, law).runs
    assert met == {(run.target, run.version, int(run.used.total_seconds())) for run in runs if run.is_met}
    breached = Counter(one.target for one in story.told if isinstance(one, SlaBreached))
    assert breached == Counter(run.target for run in runs if run.missed_by(story.now) is not None)


def _walked(events: Sequence[Event], law: Terms, target: str, begun: int, now: datetime) -> timedelta:
    """Minute by minute: is this run's clock going, by the plainest reading of the rules?"""
    run = next(one for one in reckon(events, law).runs if (one.target, one.version) == (target, begun))
    goes, used = False, timedelta(0)
    if law.on_reopen == "continue" and target == "resolution":
        used = _before(events, law, begun)
    chat: Aggregate | None = None
    for place, event in enumerate(events):
        chat = event.mutate(chat)
        assert isinstance(chat, Conversation)
        version = event.originator_version
        if version < begun or (run.ended_version is not None and version >= run.ended_version):
            continue
        goes = not chat.is_ended and chat.handling.status != "snoozed"
        until = events[place + 1].at if place + 1 < len(events) else None
        if until is None:
            continue  # still open: what has run since is not in `used`
        minute = event.at
        while goes and minute < until and _stops_later(events, place, run.is_open):
            used += MINUTE if law.hours is None or law.hours.is_open(minute) else timedelta(0)
            minute += MINUTE
    return used


def _stops_later(events: Sequence[Event], place: int, is_open: bool) -> bool:
    """What runs now is counted once it stands still: of an open run, where a snooze comes."""
    if not is_open:
        return True
    return any(getattr(getattr(one, "after", None), "status", None) == "snoozed" for one in events[place + 1 :])


def _before(events: Sequence[Event], law: Terms, begun: int) -> timedelta:
    """What the resolution had used before it was reopened."""
    earlier = [one for one in reckon(events, law).runs if one.target == "resolution" and one.version < begun]
    return earlier[-1].used if earlier else timedelta(0)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"])
def test_one_run_over_a_clock_change_takes_as_long_as_somebody_was_there(zone: str) -> None:
    hours = Hours(zone, tuple(Opening(day, "00:30", "05:00") for day in range(7)))
    story = Story(terms(hours=hours, targets=SlaTargets(resolution=10**7)))
    story.minute = 200 * 24 * 60
    story.end()
    walked = sum(hours.is_open(NEW_YEAR + minute * MINUTE) for minute in range(0, story.minute))
    [met] = [one for one in story.told if isinstance(one, SlaMet)]
    assert met.elapsed == walked * 60
