"""SlaPolicy: how soon conversations of a kind are to be answered and resolved. Each save is a version."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

import msgspec

from domain.handling import Handling
from domain.kernel import Aggregate, Event, Stamp
from domain.marks import Priority, label
from domain.refusals import Conflict, Invalid
from domain.values import required

SlaTarget = Literal["firstResponse", "nextResponse", "resolution"]
SlaHours = Literal["always", "team"]
OnReopen = Literal["restart", "continue"]

NAME_LENGTH = 100
LONGEST_TARGET = 366 * 24 * 3600
LAST_PLACE = 10_000
MOST_CONDITIONS = 100


class SlaConditions(msgspec.Struct, frozen=True, omit_defaults=True):
    """A conversation fits where each kind that is named has it; `labels`: any of them. Nothing named: all fit."""

    priorities: tuple[Priority, ...] = ()
    labels: tuple[str, ...] = ()
    team_ids: tuple[UUID, ...] = ()
    widget_ids: tuple[UUID, ...] = ()

    def fit(
        self, handling: Handling, labels: frozenset[str], priority: Priority | None, widget_id: UUID | None
    ) -> bool:
        return (
            (not self.priorities or priority in self.priorities)
            and (not self.labels or not labels.isdisjoint(self.labels))
            and (not self.team_ids or handling.team_id in self.team_ids)
            and (not self.widget_ids or widget_id in self.widget_ids)
        )


class SlaTargets(msgspec.Struct, frozen=True, omit_defaults=True):
    """Seconds; None: not promised.

    `first_response`: from the moment a visitor waits for a human to an agent's first message; `next_response`: the
    same for every later wait; `resolution`: from the conversation's start to its end.
    """

    first_response: int | None = None
    next_response: int | None = None
    resolution: int | None = None

    def of(self, target: SlaTarget) -> int | None:
        match target:
            case "firstResponse":
                return self.first_response
            case "nextResponse":
                return self.next_response
            case "resolution":
                return self.resolution


class WarnBefore(msgspec.Struct, frozen=True, omit_defaults=True):
    """How much of a target is left when it is warned of: `seconds`, or `percent` of it. Neither: no warning."""

    seconds: int | None = None
    percent: int | None = None

    def margin(self, target: int) -> int | None:
        """Seconds before the end of a target of so many; None for no warning, as where that is all of it."""
        left = self.seconds if self.percent is None else target * self.percent // 100
        return left if left is not None and 0 < left < target else None


class SlaDefinition(msgspec.Struct, frozen=True):
    """`order`: of those that fit the lowest is in force. `hours`: the conversation's team's, or always.

    `on_reopen`: a reopened conversation's resolution begins anew, or goes on with what it had used.
    """

    name: str = ""
    targets: SlaTargets = SlaTargets()
    conditions: SlaConditions = SlaConditions()
    hours: SlaHours = "always"
    warn_before: WarnBefore = WarnBefore()
    on_reopen: OnReopen = "restart"
    order: int = 0
    enabled: bool = True


class SlaPolicySaved(Event, frozen=True, kw_only=True):
    """New, or changed; all of it. The event's version is the policy's."""

    TYPE = "sla_policy.saved.1"

    tenant_id: int
    definition: SlaDefinition

    def create(self) -> Aggregate:
        return SlaPolicy(self.originator_id)

    def apply(self, aggregate: SlaPolicy) -> None:
        aggregate.definition = self.definition


class SlaPolicyRemoved(Event, frozen=True, kw_only=True):
    TYPE = "sla_policy.removed.1"

    def apply(self, aggregate: SlaPolicy) -> None:
        aggregate.is_removed = True


class SlaPolicy(Aggregate):
    KIND = "sla_policy"

    definition = SlaDefinition()
    is_removed = False

    def save(
        self, stamp: Stamp, tenant_id: int, definition: SlaDefinition, expected_version: int | None = None
    ) -> None:
        """New, or changed; the same again changes nothing. `definition` is made by `sla_definition`.

        Raises Conflict where `expected_version` is given and another one is stored.
        """
        if expected_version is not None and expected_version != self.version:
            raise Conflict(expected=expected_version, version=self.version)
        if not self.exists or definition != self.definition:
            self.record(SlaPolicySaved, stamp, tenant_id=tenant_id, definition=definition)

    def remove(self, stamp: Stamp) -> None:
        """Removing twice changes nothing. Conversations under it keep it until something of theirs changes."""
        if self.exists and not self.is_removed:
            self.record(SlaPolicyRemoved, stamp)


def sla_definition(given: SlaDefinition) -> SlaDefinition:
    """`given`, tidied. Raises Invalid."""
    if given.targets == SlaTargets():
        raise Invalid("A policy promises at least one of firstResponse, nextResponse and resolution.")
    for seconds in msgspec.structs.astuple(given.targets):
        if seconds is not None and not 1 <= seconds <= LONGEST_TARGET:
            raise Invalid(f"A target is 1 to {LONGEST_TARGET} seconds.")
    if not 0 <= given.order <= LAST_PLACE:
        raise Invalid(f"order is 0 to {LAST_PLACE}.")
    _refuse_warning(given.warn_before)
    name = required("name", given.name, NAME_LENGTH)
    return msgspec.structs.replace(given, name=name, conditions=_conditions(given.conditions))


def _refuse_warning(warn: WarnBefore) -> None:
    if warn.seconds is not None and warn.percent is not None:
        raise Invalid("warnBefore has seconds or percent, not both.")
    if warn.seconds is not None and not 1 <= warn.seconds <= LONGEST_TARGET:
        raise Invalid(f"warnBefore.seconds is 1 to {LONGEST_TARGET}.")
    if warn.percent is not None and not 1 <= warn.percent <= 99:
        raise Invalid("warnBefore.percent is 1 to 99.")


def _conditions(given: SlaConditions) -> SlaConditions:
    named = msgspec.structs.astuple(given)
    if any(len(one) > MOST_CONDITIONS for one in named):
        raise Invalid(f"A condition names at most {MOST_CONDITIONS}.")
    return SlaConditions(
        priorities=tuple(dict.fromkeys(given.priorities)),
        labels=tuple(dict.fromkeys(label(one) for one in given.labels)),
        team_ids=tuple(dict.fromkeys(given.team_ids)),
        widget_ids=tuple(dict.fromkeys(given.widget_ids)),
    )


EVENTS: tuple[type[Event], ...] = (SlaPolicySaved, SlaPolicyRemoved)
