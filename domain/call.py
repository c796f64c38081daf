"""Call: the telephone call that a conversation by voice is. It rings, is answered, ends, and never goes back.

Its facts are the conversation's own: starting it starts the conversation in one append, whoever may see the one
sees the other, and inbox, history and frames need no second stream. What comes twice, or late, changes nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from msgspec.structs import replace

from domain.kernel import NOWHERE, Aggregate, Event, PersonalEvent, Stamp
from domain.personal import Personal
from domain.refusals import Invalid, NotFound
from domain.values import bounded
from domain.voice import Provider

CallStatus = Literal["started", "ringing", "answered", "ended"]
EndReason = Literal["completed", "missed", "busy", "failed", "canceled", "too_long"]

DIAL_SECONDS = 120
"""How long the visitor has to dial."""
RING_SECONDS = 90
"""How long it rings, once it does."""
GRACE_SECONDS = 60
"""Beyond a call's cap, for the provider's own word on how it ended."""
LONGEST_LINK = 2_000
LONGEST_TRANSCRIPT = 100_000
LONGEST_SECONDS = 86_400


class Call(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where it stands. `due`: when it is ended if nothing happens before. `longest` in seconds."""

    status: CallStatus
    phone_number: str
    provider: Provider
    started_at: datetime
    longest: int
    due: datetime | None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    seconds: int | None = None
    reason: EndReason | None = None

    @property
    def is_over(self) -> bool:
        return self.status == "ended"


class CallStarted(Event, frozen=True, kw_only=True):
    """A number is this call's alone. `longest`: its cap in seconds; it is missed if nothing is heard by `due`."""

    TYPE = "conversation.call_started.1"

    phone_number: str
    provider: Provider
    longest: int
    due: datetime

    def apply(self, aggregate: Called) -> None:
        aggregate.call = call_after(None, self)


class CallRang(Event, frozen=True, kw_only=True):
    """The visitor has dialled. It is missed if nobody answers by `due`."""

    TYPE = "conversation.call_rang.1"

    due: datetime

    def apply(self, aggregate: Called) -> None:
        aggregate.call = call_after(aggregate.call, self)


class CallAnswered(Event, frozen=True, kw_only=True):
    """`due`: when its cap is over, and the provider has had time to say so."""

    TYPE = "conversation.call_answered.1"

    due: datetime

    def apply(self, aggregate: Called) -> None:
        aggregate.call = call_after(aggregate.call, self)


class CallEnded(Event, frozen=True, kw_only=True):
    """`seconds` are what is metered: the provider's where it says so, else those since it was answered."""

    TYPE = "conversation.call_ended.1"

    reason: EndReason
    seconds: int

    def apply(self, aggregate: Called) -> None:
        aggregate.call = call_after(aggregate.call, self)


class CallRecorded(PersonalEvent, frozen=True, kw_only=True):
    """Where the recording can be listened to; it lies with the provider."""

    TYPE = "conversation.call_recorded.1"

    link: Personal

    def apply(self, aggregate: Called) -> None:
        aggregate.recording = self.link


class CallTranscribed(PersonalEvent, frozen=True, kw_only=True):
    """What was said in the call, in words."""

    TYPE = "conversation.call_transcribed.1"

    text: Personal

    def apply(self, aggregate: Called) -> None:
        aggregate.call_transcript = self.text


Stage = CallStarted | CallRang | CallAnswered | CallEnded
"""What moves a call on."""


def call_after(call: Call | None, event: Stage) -> Call | None:
    """The call once this has happened; aggregate and read models share it."""
    if isinstance(event, CallStarted):
        return Call("started", event.phone_number, event.provider, event.at, event.longest, event.due)
    if call is None:
        return None
    match event:
        case CallRang(due=due):
            return replace(call, status="ringing", due=due)
        case CallAnswered(due=due):
            return replace(call, status="answered", answered_at=event.at, due=due)
        case CallEnded(reason=reason, seconds=seconds):
            return replace(call, status="ended", ended_at=event.at, reason=reason, seconds=seconds, due=None)


class Called(Aggregate):
    """The part of a conversation that is a call; `call` is None where it is none."""

    contact_id: UUID = NOWHERE
    call: Call | None = None
    recording: Personal | None = None
    call_transcript: Personal | None = None

    def start_call(self, stamp: Stamp, number: str, provider: Provider, longest: int) -> None:
        """Starting twice changes nothing."""
        if self.call is None:
            due = stamp.at + timedelta(seconds=DIAL_SECONDS)
            facts = {"phone_number": number, "provider": provider, "longest": longest, "due": due}
            self.record(CallStarted, stamp, **facts)

    def ring(self, stamp: Stamp) -> None:
        """Only before anybody answered. Raises NotFound."""
        if self._expected().status == "started":
            self.record(CallRang, stamp, due=stamp.at + timedelta(seconds=RING_SECONDS))

    def answer_call(self, stamp: Stamp) -> None:
        """Once, and not after its end. Raises NotFound."""
        call = self._expected()
        if call.status in ("started", "ringing"):
            self.record(CallAnswered, stamp, due=stamp.at + timedelta(seconds=call.longest + GRACE_SECONDS))

    def end_call(self, stamp: Stamp, reason: EndReason, seconds: int | None = None) -> None:
        """Once. Nobody had answered: it was missed. Raises NotFound, Invalid."""
        call = self._expected()
        if seconds is not None and not 0 <= seconds <= LONGEST_SECONDS:
            raise Invalid(f"seconds is 0 to {LONGEST_SECONDS}.")
        if call.is_over:
            return
        if call.answered_at is None and reason == "completed" and not seconds:
            reason = "missed"
        used = _seconds_since(call.answered_at, stamp.at) if seconds is None else seconds
        self.record(CallEnded, stamp, reason=reason, seconds=used)

    def end_overdue_call(self, stamp: Stamp) -> None:
        """Missed, or cut off at its cap; nothing to do where something has happened in time. Raises NotFound."""
        call = self._expected()
        if call.due is None or call.due > stamp.at:
            return
        if call.answered_at is None:
            self.record(CallEnded, stamp, reason="missed", seconds=0)
        else:
            self.record(CallEnded, stamp, reason="too_long", seconds=call.longest)

    def keep_recording(self, stamp: Stamp, link: str) -> None:
        """The same link again changes nothing. Raises NotFound, Invalid."""
        self._expected()
        if urlsplit(bounded("recordingUrl", link, LONGEST_LINK)).scheme != "https":
            raise Invalid("recordingUrl begins with https.")
        if link != self.recording:
            self.record(CallRecorded, stamp, subject_id=self.contact_id, link=link)

    def transcribe(self, stamp: Stamp, text: str) -> None:
        """The same words again change nothing. Raises NotFound, Invalid."""
        self._expected()
        words = bounded("transcript", text, LONGEST_TRANSCRIPT)
        if words.strip() and words != self.call_transcript:
            self.record(CallTranscribed, stamp, subject_id=self.contact_id, text=words)

    def _expected(self) -> Call:
        if self.call is None:
            raise NotFound
        return self.call


def _seconds_since(answered_at: datetime | None, at: datetime) -> int:
    return 0 if answered_at is None else max(0, round((at - answered_at).total_seconds()))


EVENTS: tuple[type[Event], ...] = (
    CallStarted,
    CallRang,
    CallAnswered,
    CallEnded,
    CallRecorded,
    CallTranscribed,
)
