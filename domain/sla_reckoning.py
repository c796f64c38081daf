"""Reckoning: what a conversation's events mean for its targets: pure arithmetic, from the first event, every time.

A run is one stretch of one target: the wait for a first answer, one later wait, the way to the conversation's
end. A visitor waits for a human from their first word that no agent has answered, or from the moment the assistant
hands over; what the assistant says answers nothing. A snooze stops the clock; the conversation's end ends it all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Literal
from uuid import UUID

import msgspec

from domain.business_time import business_time, deadline
from domain.conversation import ConversationStarted, MessagePosted
from domain.handling import Handling, HandlingChanged
from domain.hours import Hours
from domain.kernel import Event
from domain.sla_policy import OnReopen, SlaTarget, SlaTargets, WarnBefore

RunEnd = Literal["answered", "resolved"]
Settled = Mapping[SlaTarget, int]
NOTHING_SETTLED: Settled = MappingProxyType({})

_NONE = timedelta(0)


class Terms(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is promised: a policy as it stood in one version, with the hours that it meant. None: always open."""

    policy_id: UUID
    policy_version: int
    targets: SlaTargets
    warn_before: WarnBefore = WarnBefore()
    on_reopen: OnReopen = "restart"
    hours: Hours | None = None


class Run(msgspec.Struct):
    """`version`: of the conversation's event that began it. `used`: business time up to `since`, or to its end.

    `since` None: it stands still, or has ended. `missed_at`: when its time was over before it stood still.
    """

    target: SlaTarget
    version: int
    started_at: datetime
    limit: timedelta
    terms: Terms
    used: timedelta = _NONE
    since: datetime | None = None
    missed_at: datetime | None = None
    ended_version: int | None = None
    ending: RunEnd | None = None

    @property
    def is_open(self) -> bool:
        return self.ending is None

    @property
    def is_met(self) -> bool:
        """Ended in time, and by what was promised."""
        wanted = "resolved" if self.target == "resolution" else "answered"
        return self.ending == wanted and self.missed_at is None

    @property
    def due_at(self) -> datetime | None:
        """When its time is over; None while it stands still, or where nobody is ever there."""
        return self.missed_at or self._reaches(self.limit)

    @property
    def warn_at(self) -> datetime | None:
        """None also where there is no warning."""
        margin = self.terms.warn_before.margin(round(self.limit.total_seconds()))
        return None if margin is None else self._reaches(self.limit - timedelta(seconds=margin))

    def missed_by(self, now: datetime) -> datetime | None:
        """When its time was over, None where it is not by then."""
        due_at = self.due_at if self.since is not None else self.missed_at
        return due_at if due_at is not None and due_at <= now else None

    def stand(self, at: datetime) -> None:
        """The clock stands still from here. At the moment it was due its time was over."""
        if self.since is None:
            return
        passed = business_time(self.terms.hours, self.since, at)
        if self.missed_at is None and self.used + passed >= self.limit:
            self.missed_at = self._reaches(self.limit) or at
        self.used += passed
        self.since = None

    def _reaches(self, amount: timedelta) -> datetime | None:
        """When so much of its time has passed, if the clock goes on."""
        return None if self.since is None else deadline(self.terms.hours, self.since, amount - self.used)


class Reckoning:
    """`runs`: all there have been, in the order they began. `handling`: where the conversation stands.

    `settled`: of each target the last run that nobody asks about any more: what it took is not reckoned again.
    """

    def __init__(self, terms: Terms, settled: Settled = NOTHING_SETTLED) -> None:
        self.runs: list[Run] = []
        self.handling = Handling(status="open", handled_by="queue")
        self._terms = terms
        self._settled = settled
        self._open: dict[SlaTarget, Run] = {}
        self._was_answered = False

    @property
    def open_runs(self) -> list[Run]:
        return list(self._open.values())

    def take(self, event: Event) -> None:
        """The conversation's next event."""
        match event:
            case ConversationStarted():
                self.handling = event.handling
                self._begin("resolution", event)
            case HandlingChanged():
                self._move(event)
            case MessagePosted() if event.by.kind == "visitor" and self.handling.handled_by != "bot":
                self._wait(event)
            case MessagePosted() if event.by.kind == "agent":
                self._was_answered = True
                for target in ("firstResponse", "nextResponse"):
                    self._end(target, event, "answered")
            case _:
                pass

    def _move(self, event: HandlingChanged) -> None:
        before, after = event.before, event.after
        self.handling = after
        if after.status == "resolved":
            for target in tuple(self._open):
                self._end(target, event, "resolved")
            return
        if before.status == "resolved":
            self._reopen(event)
        elif after.status == "snoozed":
            for run in self._open.values():
                run.stand(event.at)
        elif before.status == "snoozed":
            for run in self._open.values():
                run.since = None if self._is_settled(run) else event.at
        if before.handled_by == "bot" and after.handled_by == "queue":
            self._wait(event)

    def _reopen(self, event: HandlingChanged) -> None:
        """Everything begins anew, or the resolution goes on; what was missed once is not promised again."""
        last = next((run for run in reversed(self.runs) if run.target == "resolution"), None)
        if self._terms.on_reopen == "restart":
            self._was_answered = False
            self._begin("resolution", event)
        elif last is None or last.missed_at is None:
            self._begin("resolution", event, _NONE if last is None else last.used)

    def _wait(self, event: Event) -> None:
        """For a human; who waits already goes on waiting."""
        if not {"firstResponse", "nextResponse"} & self._open.keys():
            self._begin("nextResponse" if self._was_answered else "firstResponse", event)

    def _begin(self, target: SlaTarget, event: Event, used: timedelta = _NONE) -> None:
        limit = self._terms.targets.of(target)
        if limit is None:
            return
        run = Run(target, event.originator_version, event.at, timedelta(seconds=limit), self._terms, used)
        self.runs.append(run)
        self._open[target] = run
        if self.handling.status != "snoozed" and not self._is_settled(run):
            run.since = event.at

    def _end(self, target: SlaTarget, event: Event, ending: RunEnd) -> None:
        run = self._open.pop(target, None)
        if run is not None:
            run.stand(event.at)
            run.ended_version, run.ending = event.originator_version, ending

    def _is_settled(self, run: Run) -> bool:
        """A resolution that may go on is needed to its end."""
        is_needed = run.target == "resolution" and self._terms.on_reopen == "continue"
        return run.version <= self._settled.get(run.target, 0) and not is_needed


def reckon(events: Iterable[Event], terms: Terms, settled: Settled = NOTHING_SETTLED) -> Reckoning:
    """Of one conversation, from its start on."""
    reckoning = Reckoning(terms, settled)
    for event in events:
        reckoning.take(event)
    return reckoning
