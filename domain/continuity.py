"""Continuity: what an absent visitor of one conversation is told by mail; a stream beside the conversation's own.

While a reply waits for them there is one due time, moved at most once per wait: a conversation that is read as
it goes costs few events. A notice begins a quiet period, which lasts until the visitor is seen again. Nothing
personal is in these events: they name messages, never texts or addresses.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID, uuid5

from domain.absence import Absence, UnreadReply
from domain.kernel import NOWHERE, Aggregate, Event, Stamp

Step = Literal["idle", "awaiting", "sending", "retrying"]
Via = Literal["email", "log"]
Obstacle = Literal["off", "no_address", "erased", "blocked"]
EndReason = Literal["read", "off", "no_address", "erased", "blocked"]
Refused = Literal["address_refused", "content_refused", "server_refused", "unavailable", "timeout"]
FailReason = Refused | Obstacle

RETRIES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30))
"""After the first, second and third failure of one notice; after the fourth it is over."""


class ContinuityMoved(Event, frozen=True, kw_only=True):
    """`next_at`: when a timer looks again, None: there is nothing to look for. `seen`: the conversation's version
    that was looked at last."""

    conversation_id: UUID
    contact_id: UUID
    seen: int
    next_at: datetime | None = None

    def apply(self, aggregate: Continuity) -> None:
        aggregate.conversation_id, aggregate.contact_id = self.conversation_id, self.contact_id
        aggregate.next_at, aggregate.seen = self.next_at, self.seen


class ReplyAwaited(ContinuityMoved, frozen=True, kw_only=True):
    """The reply at the conversation's version `since` is the first that the visitor has not read."""

    TYPE = "continuity.reply_awaited.1"

    since: int

    def create(self) -> Aggregate:
        return Continuity(self.originator_id)

    def apply(self, aggregate: Continuity) -> None:
        ContinuityMoved.apply(self, aggregate)
        aggregate.step = "awaiting"


class WaitEnded(ContinuityMoved, frozen=True, kw_only=True):
    """Nobody is to be told: all was read, or it may not be told (any more)."""

    TYPE = "continuity.wait_ended.1"

    reason: EndReason

    def apply(self, aggregate: Continuity) -> None:
        ContinuityMoved.apply(self, aggregate)
        aggregate.step = "idle"


class NoticeDue(ContinuityMoved, frozen=True, kw_only=True):
    """The visitor is away and these replies are unread: whoever sends begins. `up_to`: the last one's version.

    A further attempt has the same `notice_id`.
    """

    TYPE = "continuity.notice_due.1"

    notice_id: UUID
    attempt: int
    message_ids: tuple[UUID, ...]
    up_to: int

    def apply(self, aggregate: Continuity) -> None:
        ContinuityMoved.apply(self, aggregate)
        if self.attempt == 1:
            aggregate.told_before = aggregate.told_to
        aggregate.step, aggregate.is_settled = "sending", False
        aggregate.notice_id, aggregate.attempt = self.notice_id, self.attempt
        aggregate.replies = len(self.message_ids)
        aggregate.told_to, aggregate.quiet_from, aggregate.told_at = self.up_to, self.seen, self.at


class NoticeSent(ContinuityMoved, frozen=True, kw_only=True):
    """`via` "log": no mail server is set, so it was only noted that one would have been sent."""

    TYPE = "continuity.notice_sent.1"

    notice_id: UUID
    via: Via
    replies: int

    def apply(self, aggregate: Continuity) -> None:
        _settle(self, aggregate)


class NoticeFailed(ContinuityMoved, frozen=True, kw_only=True):
    """`will_retry`: it is tried again at `next_at`; else it is over, as if it were sent."""

    TYPE = "continuity.notice_failed.1"

    notice_id: UUID
    attempt: int
    reason: FailReason
    replies: int
    will_retry: bool = False

    def apply(self, aggregate: Continuity) -> None:
        _settle(self, aggregate)
        if self.will_retry:
            aggregate.step = "retrying"


class Continuity(Aggregate):
    """`told_to`: the last reply that a notice named; `told_before`: the one before the notice that is under way.

    `quiet_from`: the conversation's version when the quiet period began, 0 before the first.
    """

    KIND = "continuity"

    conversation_id: UUID = NOWHERE
    contact_id: UUID = NOWHERE
    step: Step = "idle"
    next_at: datetime | None = None
    seen = 0
    notice_id: UUID = NOWHERE
    attempt = 0
    replies = 0
    is_settled = True
    told_to = told_before = 0
    quiet_from = 0
    told_at: datetime | None = None

    def watch(self, stamp: Stamp, absence: Absence, after: timedelta, *, was_back: bool = False) -> None:
        """A reply was given: is there one to wait for? While one is waited for, or it is quiet, nothing changes.

        `was_back`: the visitor was seen on the site since the last notice, though not in the conversation.
        """
        if self.step in {"awaiting", "retrying"} or self._is_quiet(absence, was_back=was_back):
            return
        untold = _after(absence, self.told_to)
        if untold:
            self._await(stamp, absence, untold[0], after)

    def look(self, stamp: Stamp, absence: Absence, after: timedelta, notice_id: UUID) -> None:
        """At a due time, and the visitor is away. Before it, and where nothing is waited for, nothing changes."""
        if self.next_at is None or stamp.at < self.next_at:
            return
        is_retry = self.step == "retrying"
        untold = _after(absence, self.told_before if is_retry else self.told_to)
        if not untold:
            self.end(stamp, "read")
        elif not is_retry and untold[0].at + after > stamp.at:
            self._await(stamp, absence, untold[0], after)
        else:
            self._begin(stamp, absence, untold, self.notice_id if is_retry else notice_id)

    def end(self, stamp: Stamp, reason: EndReason) -> None:
        """Nothing is waited for any more. Where nothing was, nothing changes."""
        if self.next_at is not None:
            self._note(WaitEnded, stamp, self.seen, None, reason=reason)

    def is_sending(self, notice_id: UUID, attempt: int) -> bool:
        """What became of this attempt was not noted yet."""
        return not self.is_settled and (self.notice_id, self.attempt) == (notice_id, attempt)

    def note_sent(self, stamp: Stamp, notice_id: UUID, attempt: int, via: Via) -> None:
        """Noting an attempt twice changes nothing."""
        if self.is_sending(notice_id, attempt):
            facts = {"notice_id": notice_id, "replies": self.replies}
            self._note(NoticeSent, stamp, self.seen, self.next_at, via=via, **facts)

    def note_failed(
        self, stamp: Stamp, notice_id: UUID, attempt: int, reason: FailReason, *, is_final: bool = False
    ) -> None:
        """It is tried again unless that is hopeless, was done often enough, or something newer is waited for."""
        if not self.is_sending(notice_id, attempt):
            return
        will_retry = not is_final and attempt <= len(RETRIES) and self.step == "sending"
        next_at = stamp.at + RETRIES[attempt - 1] if will_retry else self.next_at
        facts = {"notice_id": notice_id, "attempt": attempt, "reason": reason, "replies": self.replies}
        self._note(NoticeFailed, stamp, self.seen, next_at, will_retry=will_retry, **facts)

    def _is_quiet(self, absence: Absence, *, was_back: bool) -> bool:
        return self.quiet_from > 0 and not was_back and absence.visited <= self.quiet_from

    def _await(self, stamp: Stamp, absence: Absence, first: UnreadReply, after: timedelta) -> None:
        place = {"conversation_id": absence.conversation_id, "contact_id": absence.contact_id}
        facts = {"seen": absence.version, "since": first.version}
        self.record(ReplyAwaited, stamp, next_at=first.at + after, **place, **facts)

    def _begin(self, stamp: Stamp, absence: Absence, untold: tuple[UnreadReply, ...], notice_id: UUID) -> None:
        self._note(
            NoticeDue,
            stamp,
            absence.version,
            None,
            notice_id=notice_id,
            attempt=self.attempt + 1 if notice_id == self.notice_id else 1,
            message_ids=tuple(one.message_id for one in untold),
            up_to=untold[-1].version,
        )

    def _note(
        self, kind: type[ContinuityMoved], stamp: Stamp, seen: int, next_at: datetime | None, **facts: object
    ) -> None:
        place = {"conversation_id": self.conversation_id, "contact_id": self.contact_id}
        self.record(kind, stamp, seen=seen, next_at=next_at, **place, **facts)


def continuity_of(conversation_id: UUID) -> UUID:
    """The stream of a conversation's continuity."""
    return uuid5(conversation_id, Continuity.KIND)


def _settle(event: NoticeSent | NoticeFailed, continuity: Continuity) -> None:
    ContinuityMoved.apply(event, continuity)
    continuity.is_settled = True
    if continuity.step == "sending":
        continuity.step = "idle"


def _after(absence: Absence, version: int) -> tuple[UnreadReply, ...]:
    return tuple(one for one in absence.unread if one.version > version)


EVENTS: tuple[type[Event], ...] = (ReplyAwaited, WaitEnded, NoticeDue, NoticeSent, NoticeFailed)
