"""AutomationRun: what became of one automation in one conversation, after one event that somebody else caused.

Its id is made of the three, so an automation acts once for one such event, however many events follow from it: it
can trigger itself neither directly nor through others. The depth bounds chains of different automations.
"""

from __future__ import annotations

from typing import Literal
from uuid import UUID

import msgspec

from domain.ids import natural_key
from domain.kernel import Aggregate, Event, Stamp

StopReason = Literal["too_deep", "again"]

MOST_DEPTH = 3
"""Automations that follow from one another: what the third one did sets off no other."""


class Occasion(msgspec.Struct, frozen=True):
    """Which version ran, where, and the position of the event it reacted to. `depth`: automations before it.

    `origin`: the position of the event that began it all, the same one where `depth` is 0.
    """

    automation_id: UUID
    automation_version: int
    conversation_id: UUID
    position: int
    origin: int
    depth: int = 0


class _Run(Event, frozen=True, kw_only=True):
    tenant_id: int
    occasion: Occasion


class AutomationApplied(_Run, frozen=True, kw_only=True):
    """All actions were carried out; those that had nothing to do count too."""

    TYPE = "automation_run.applied.1"

    def create(self) -> Aggregate:
        return AutomationRun(self.originator_id)

    def apply(self, aggregate: AutomationRun) -> None:
        aggregate.has_run = True


class AutomationFailed(_Run, frozen=True, kw_only=True):
    """An action was refused, for the reason that `code` names, so none was carried out."""

    TYPE = "automation_run.failed.1"

    code: str
    message: str

    def create(self) -> Aggregate:
        return AutomationRun(self.originator_id)

    def apply(self, aggregate: AutomationRun) -> None:
        aggregate.has_run = True


class AutomationStopped(_Run, frozen=True, kw_only=True):
    """It would have acted, but automations had led here: too many of them, or this very one."""

    TYPE = "automation_run.stopped.1"

    reason: StopReason

    def create(self) -> Aggregate:
        return AutomationRun(self.originator_id)

    def apply(self, aggregate: AutomationRun) -> None:
        aggregate.was_stopped = True


class AutomationRun(Aggregate):
    KIND = "automation_run"

    has_run = False
    was_stopped = False

    def stop_reason(self, occasion: Occasion) -> StopReason | None:
        """Why it must not act now; None where it may."""
        if self.has_run:
            return "again"
        return "too_deep" if occasion.depth >= MOST_DEPTH else None

    def apply_all(self, stamp: Stamp, tenant_id: int, occasion: Occasion) -> None:
        self.record(AutomationApplied, stamp, tenant_id=tenant_id, occasion=occasion)

    def fail(self, stamp: Stamp, tenant_id: int, occasion: Occasion, code: str, message: str) -> None:
        """Once: what failed, or ran, is not tried again."""
        if not self.has_run:
            facts = {"code": code, "message": message}
            self.record(AutomationFailed, stamp, tenant_id=tenant_id, occasion=occasion, **facts)

    def stop(self, stamp: Stamp, tenant_id: int, occasion: Occasion, reason: StopReason) -> None:
        """Said once; stopping again changes nothing."""
        if not self.was_stopped:
            self.record(AutomationStopped, stamp, tenant_id=tenant_id, occasion=occasion, reason=reason)


def run_id(tenant_id: int, occasion: Occasion) -> UUID:
    """The one run of this automation in this conversation that follows from this origin."""
    name = f"{occasion.automation_id.hex}/{occasion.conversation_id.hex}/{occasion.origin}"
    return natural_key(tenant_id, AutomationRun.KIND, name)


EVENTS: tuple[type[Event], ...] = (AutomationApplied, AutomationFailed, AutomationStopped)
