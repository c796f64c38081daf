"""SlaClock: what one conversation is promised, and what became of it; a stream beside the conversation's own.

The conversation's events say everything (domain/sla_reckoning.py); this stream holds what was told of it, each
thing once, at the second it was due. Every event carries all open watches: the newest says what is due next.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Literal
from uuid import UUID, uuid5

import msgspec

from domain.kernel import NOWHERE, Aggregate, Event, Stamp
from domain.sla_policy import SlaTarget
from domain.sla_reckoning import Run, RunEnd, Terms, reckon

WatchStatus = Literal["running", "warned", "breached"]


class Watch(msgspec.Struct, frozen=True, omit_defaults=True):
    """One open target. `version`: of the conversation's event that began it. `due_at` None: it stands still, or
    nobody is ever there; a breached one's is when its time was over."""

    target: SlaTarget
    version: int
    started_at: datetime
    due_at: datetime | None = None
    warn_at: datetime | None = None
    status: WatchStatus = "running"
    is_paused: bool = False

    @property
    def next_at(self) -> datetime | None:
        """When there is something to tell of it."""
        if self.is_paused or self.status == "breached":
            return None
        return self.warn_at if self.warn_at is not None and self.status == "running" else self.due_at


class Choice(msgspec.Struct, frozen=True):
    """The terms that fit a conversation as it was at one version, None where no policy does.

    `is_anew`: it was reopened, so the policy's newest version counts.
    """

    at_version: int
    terms: Terms | None
    is_anew: bool = False


class ClockMoved(Event, frozen=True, kw_only=True):
    """`seen`: the conversation's version that was looked at. `watches`: what is open after this event."""

    conversation_id: UUID
    seen: int
    watches: tuple[Watch, ...] = ()

    @property
    def next_at(self) -> datetime | None:
        """What a timer waits for."""
        return min((one.next_at for one in self.watches if one.next_at is not None), default=None)

    def apply(self, aggregate: SlaClock) -> None:
        aggregate.conversation_id = self.conversation_id
        aggregate.watches, aggregate.seen = self.watches, self.seen


class SlaApplied(ClockMoved, frozen=True, kw_only=True):
    """A policy is in force, in the version that `terms` names. `chosen_at`: the conversation's version it fits."""

    TYPE = "sla_clock.applied.1"

    terms: Terms
    chosen_at: int

    def create(self) -> Aggregate:
        return SlaClock(self.originator_id)

    def apply(self, aggregate: SlaClock) -> None:
        ClockMoved.apply(self, aggregate)
        aggregate.terms, aggregate.chosen_at, aggregate.applied_at = self.terms, self.chosen_at, self.seen


class SlaLifted(ClockMoved, frozen=True, kw_only=True):
    """No policy fits any more."""

    TYPE = "sla_clock.lifted.1"

    chosen_at: int

    def apply(self, aggregate: SlaClock) -> None:
        ClockMoved.apply(self, aggregate)
        aggregate.terms, aggregate.chosen_at = None, self.chosen_at


class SlaStarted(ClockMoved, frozen=True, kw_only=True):
    """One more target runs: a visitor waits again, or the conversation was reopened."""

    TYPE = "sla_clock.started.1"

    target: SlaTarget


class SlaPaused(ClockMoved, frozen=True, kw_only=True):
    """The conversation sleeps."""

    TYPE = "sla_clock.paused.1"


class SlaResumed(ClockMoved, frozen=True, kw_only=True):
    """It goes on, with the time that was left."""

    TYPE = "sla_clock.resumed.1"


class SlaWarned(ClockMoved, frozen=True, kw_only=True):
    TYPE = "sla_clock.warned.1"

    target: SlaTarget
    due_at: datetime | None = None


class SlaBreached(ClockMoved, frozen=True, kw_only=True):
    """Its time is over, and it was not met."""

    TYPE = "sla_clock.breached.1"

    target: SlaTarget
    due_at: datetime


class TargetEnded(ClockMoved, frozen=True, kw_only=True):
    """`run`: the version of the conversation's event that began it. `elapsed`: business seconds it took."""

    target: SlaTarget
    run: int
    elapsed: int

    def apply(self, aggregate: SlaClock) -> None:
        ClockMoved.apply(self, aggregate)
        aggregate.settled = {**aggregate.settled, self.target: self.run}


class SlaMet(TargetEnded, frozen=True, kw_only=True):
    """In time."""

    TYPE = "sla_clock.met.1"


class SlaStopped(TargetEnded, frozen=True, kw_only=True):
    """It ended without being met: `answered` or resolved too late, or `resolved` before anybody answered."""

    TYPE = "sla_clock.stopped.1"

    reason: RunEnd


class SlaClock(Aggregate):
    """`settled`: of each target the run that was told to its end last."""

    KIND = "sla_clock"

    conversation_id: UUID = NOWHERE
    terms: Terms | None = None
    chosen_at = 0
    applied_at = 0
    seen = 0
    watches: tuple[Watch, ...] = ()
    settled: Mapping[SlaTarget, int] = MappingProxyType({})

    def promise(self, stamp: Stamp, choice: Choice, events: Sequence[Event]) -> None:
        """What is promised of a conversation with these events. The same terms, a choice that is older than the
        last one, or a resolved conversation change nothing."""
        if choice.at_version <= self.chosen_at or self._holds(choice):
            return
        last, terms = events[-1], choice.terms
        if terms is None:
            if self.terms is not None:
                self._note(SlaLifted, stamp, last, (), chosen_at=choice.at_version)
            return
        reckoned = reckon(events, terms, self.settled)
        if reckoned.handling.status != "resolved":
            watches = tuple(self._carried(run, last.at) for run in reckoned.open_runs if not self._is_over(run))
            self._note(SlaApplied, stamp, last, watches, terms=terms, chosen_at=choice.at_version)

    def keep(self, stamp: Stamp, events: Sequence[Event], now: datetime) -> None:
        """Tells what these events and the time that has passed by `now` have made of the terms in force."""
        last = events[-1]
        if self.terms is None or last.originator_version < self.seen:
            return
        reckoned = reckon(events, self.terms, self.settled)
        for run in reckoned.runs:
            ended_before = run.ended_version is not None and run.ended_version <= self.applied_at
            if not ended_before and not self._is_over(run):
                self._tell(stamp, run, last, now)
        self._adjust(stamp, reckoned.open_runs, last)

    def _tell(self, stamp: Stamp, run: Run, last: Event, now: datetime) -> None:
        """In the order it happened; what is overdue is not warned of."""
        if run.is_open and self._watch(run) is None:
            self._note(SlaStarted, stamp, last, (*self.watches, _watch_of(run)), target=run.target)
        known, missed_at = self._watch(run), run.missed_by(now)
        if missed_at is not None and (known is None or known.status != "breached"):
            watches = self._with(_watch_of(run, "breached"))
            self._note(SlaBreached, stamp, last, watches, target=run.target, due_at=missed_at)
        elif known is not None and known.status == "running" and run.warn_at is not None and run.warn_at <= now:
            watches = self._with(_watch_of(run, "warned"))
            self._note(SlaWarned, stamp, last, watches, target=run.target, due_at=run.due_at)
        if not run.is_open:
            self._settle(stamp, run, last)

    def _settle(self, stamp: Stamp, run: Run, last: Event) -> None:
        """A breach that was told stands, also where an answer that was under way just then came in after it."""
        known = self._watch(run)
        rest = tuple(one for one in self.watches if one.target != run.target)
        facts = {"target": run.target, "run": run.version, "elapsed": int(run.used.total_seconds())}
        if run.is_met and (known is None or known.status != "breached"):
            self._note(SlaMet, stamp, last, rest, **facts)
        elif known is not None:
            self._note(SlaStopped, stamp, last, rest, reason=run.ending, **facts)

    def _adjust(self, stamp: Stamp, runs: Sequence[Run], last: Event) -> None:
        """The clock stood still, or went on, or both."""
        by_target = {run.target: run for run in runs}
        left = (one for one in self.watches if one.target in by_target)
        now_so = tuple(_watch_of(by_target[one.target], one.status) for one in left)
        if now_so == self.watches:
            return
        stands = any(one.is_paused for one in now_so)
        self._note(SlaPaused if stands else SlaResumed, stamp, last, now_so)

    def _holds(self, choice: Choice) -> bool:
        """These are the terms in force; a newer version of the policy is not, until it is asked for anew."""
        old, new = self.terms, choice.terms
        if old is None or new is None or (old.policy_id, old.hours) != (new.policy_id, new.hours):
            return False
        return not choice.is_anew or old.policy_version == new.policy_version

    def _carried(self, run: Run, now: datetime) -> Watch:
        """What was told of it before, where it is still so under other terms: nothing is told twice."""
        known = self._watch(run)
        if known is None or known.status == "running":
            return _watch_of(run)
        if known.status == "breached" and run.missed_by(now) is not None:
            return _watch_of(run, "breached")
        is_late = run.warn_at is not None and run.warn_at <= now
        return _watch_of(run, "warned" if is_late else "running")

    def _is_over(self, run: Run) -> bool:
        return run.version <= self.settled.get(run.target, 0)

    def _watch(self, run: Run) -> Watch | None:
        """What is open of this very run."""
        return next((one for one in self.watches if (one.target, one.version) == (run.target, run.version)), None)

    def _with(self, watch: Watch) -> tuple[Watch, ...]:
        return (*(one for one in self.watches if one.target != watch.target), watch)

    def _note(
        self, kind: type[ClockMoved], stamp: Stamp, last: Event, watches: tuple[Watch, ...], **facts: object
    ) -> None:
        seen = last.originator_version
        self.record(kind, stamp, conversation_id=last.originator_id, seen=seen, watches=watches, **facts)


def clock_of(conversation_id: UUID) -> UUID:
    """The stream of a conversation's clock."""
    return uuid5(conversation_id, SlaClock.KIND)


def _watch_of(run: Run, status: WatchStatus = "running") -> Watch:
    place = (run.target, run.version, run.started_at, run.due_at, run.warn_at)
    return Watch(*place, status, is_paused=run.since is None)


EVENTS: tuple[type[Event], ...] = (
    SlaApplied,
    SlaLifted,
    SlaStarted,
    SlaPaused,
    SlaResumed,
    SlaWarned,
    SlaBreached,
    SlaMet,
    SlaStopped,
)
