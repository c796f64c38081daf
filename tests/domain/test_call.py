"""A call rings, is answered and ends; it never goes back, and what is said twice is recorded once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.call import DIAL_SECONDS, GRACE_SECONDS, RING_SECONDS, CallEnded, CallRecorded, CallStarted
from domain.conversation import Conversation
from domain.kernel import By, Cause, Event, Stamp
from domain.metering import Measure, measured
from domain.refusals import Invalid, NotFound

START = datetime(2026, 11, 21, 12, tzinfo=UTC)
RANK = ("started", "ringing", "answered", "ended")


def at(seconds: float = 0) -> Stamp:
    return Stamp(By("system"), START + timedelta(seconds=seconds), Cause("Test"))


def begun(longest: int = 600) -> Conversation:
    conversation = Conversation(UUID(int=1))
    conversation.start(at(), tenant_id=7, contact_id=UUID(int=2), channel="voice")
    conversation.start_call(at(), "+14165550101", "pool", longest)
    return conversation


def told(conversation: Conversation) -> list[str]:
    return [event.TYPE.split(".")[1] for event in conversation.collect_events()]


def ended(conversation: Conversation) -> CallEnded:
    return next(event for event in conversation.collect_events() if isinstance(event, CallEnded))


def test_from_its_start_to_its_end() -> None:
    conversation = begun()
    conversation.ring(at(10))
    conversation.answer_call(at(15))
    conversation.end_call(at(75.4), "completed")
    assert told(conversation) == ["started", "call_started", "call_rang", "call_answered", "call_ended"]
    call = conversation.call
    assert call is not None
    assert (call.status, call.seconds, call.reason, call.due) == ("ended", 60, "completed", None)


def test_starting_twice_changes_nothing() -> None:
    conversation = begun()
    conversation.start_call(at(1), "+14165550102", "pool", 60)
    assert sum(isinstance(event, CallStarted) for event in conversation.collect_events()) == 1


def test_a_conversation_that_is_no_call_has_nothing_to_report() -> None:
    conversation = Conversation(UUID(int=1))
    conversation.start(at(), tenant_id=7, contact_id=UUID(int=2))
    for report in (
        lambda: conversation.ring(at()),
        lambda: conversation.answer_call(at()),
        lambda: conversation.end_call(at(), "completed"),
        lambda: conversation.end_overdue_call(at()),
        lambda: conversation.keep_recording(at(), "https://x.test/1"),
        lambda: conversation.transcribe(at(), "x"),
    ):
        with pytest.raises(NotFound):
            report()


@given(st.lists(st.sampled_from(["ring", "answer", "end", "overdue"]), max_size=12))
def test_it_never_goes_back(steps: list[str]) -> None:
    conversation, events, seconds = begun(), list[Event](), 0.0
    ranks = [0]
    for step in steps:
        seconds += 50
        match step:
            case "ring":
                conversation.ring(at(seconds))
            case "answer":
                conversation.answer_call(at(seconds))
            case "end":
                conversation.end_call(at(seconds), "completed")
            case _:
                conversation.end_overdue_call(at(seconds))
        assert conversation.call is not None
        ranks.append(RANK.index(conversation.call.status))
    assert ranks == sorted(ranks)
    events += conversation.collect_events()
    types = [event.TYPE for event in events]
    assert len(types) == len(set(types))


def test_the_providers_seconds_are_metered_else_those_since_the_answer() -> None:
    conversation = begun()
    conversation.answer_call(at(10))
    conversation.end_call(at(100), "completed", 61)
    assert measured(ended(conversation), ()) == Measure("voice_seconds", 61)
    unanswered = begun()
    unanswered.end_call(at(100), "completed")
    missed = ended(unanswered)
    assert (missed.reason, missed.seconds, measured(missed, ())) == ("missed", 0, None)


def test_a_call_that_was_only_told_of_at_its_end_is_metered() -> None:
    conversation = begun()
    conversation.end_call(at(100), "completed", 42)
    event = ended(conversation)
    assert (event.reason, event.seconds) == ("completed", 42)


@pytest.mark.parametrize("seconds", [-1, 86_401])
def test_seconds_beyond_reason_are_refused(seconds: int) -> None:
    with pytest.raises(Invalid):
        begun().end_call(at(), "completed", seconds)


def test_nobody_dials_and_nobody_answers_is_missed_at_its_second() -> None:
    silent = begun()
    silent.end_overdue_call(at(DIAL_SECONDS - 0.1))
    assert silent.call is not None
    assert silent.call.status == "started"
    silent.end_overdue_call(at(DIAL_SECONDS))
    assert silent.call.reason == "missed"
    ringing = begun()
    ringing.ring(at(100))
    ringing.end_overdue_call(at(DIAL_SECONDS))
    assert ringing.call is not None
    assert ringing.call.status == "ringing"
    ringing.end_overdue_call(at(100 + RING_SECONDS))
    assert ringing.call.reason == "missed"


def test_a_call_is_cut_off_at_its_cap_whatever_the_provider_forgets() -> None:
    conversation = begun(longest=60)
    conversation.answer_call(at(10))
    conversation.end_overdue_call(at(10 + 60 + GRACE_SECONDS - 1))
    assert conversation.call is not None
    assert conversation.call.status == "answered"
    conversation.end_overdue_call(at(10 + 60 + GRACE_SECONDS))
    assert (conversation.call.reason, conversation.call.seconds) == ("too_long", 60)
    conversation.end_call(at(500), "completed", 4_000)
    assert conversation.call.seconds == 60


def test_a_recording_is_kept_once_and_only_from_https() -> None:
    conversation = begun()
    for _ in range(2):
        conversation.keep_recording(at(), "https://x.test/1")
    assert sum(isinstance(event, CallRecorded) for event in conversation.collect_events()) == 1
    for link in ("http://x.test/1", "javascript:alert(1)", "https://x.test/" + "x" * 2_000):
        with pytest.raises(Invalid):
            conversation.keep_recording(at(), link)


def test_a_transcript_is_kept_once_and_not_without_words() -> None:
    conversation = begun()
    for words in ("Hello", "Hello", " "):
        conversation.transcribe(at(), words)
    assert told(conversation)[2:] == ["call_transcribed"]
    with pytest.raises(Invalid):
        conversation.transcribe(at(), "x" * 100_001)
