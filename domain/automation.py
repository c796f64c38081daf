"""Automation: whenever this happens to a conversation and that is so, do these. Each save is a new version."""

from __future__ import annotations

import msgspec

from domain.automation_conditions import Condition, Match, valid_conditions
from domain.automation_triggers import Trigger
from domain.kernel import Aggregate, Event, Stamp
from domain.refusals import Conflict, Invalid
from domain.rule_actions import Action, valid_actions
from domain.values import required

NAME_LENGTH = 100
LAST_PLACE = 10_000


class AutomationRules(msgspec.Struct, frozen=True):
    """All that an automation says. `place`: the lowest is asked first. Made by `automation_rules`."""

    name: str
    trigger: Trigger
    actions: tuple[Action, ...]
    conditions: tuple[Condition, ...] = ()
    match: Match = "all"
    enabled: bool = True
    place: int = 0


class AutomationSaved(Event, frozen=True, kw_only=True):
    """New, or changed: the whole of it, which is this version of the automation."""

    TYPE = "automation.saved.1"

    tenant_id: int
    rules: AutomationRules

    def create(self) -> Aggregate:
        return Automation(self.originator_id)

    def apply(self, aggregate: Automation) -> None:
        aggregate.rules = self.rules
        aggregate.is_removed = False


class AutomationRemoved(Event, frozen=True, kw_only=True):
    TYPE = "automation.removed.1"

    def apply(self, aggregate: Automation) -> None:
        aggregate.is_removed = True


class Automation(Aggregate):
    KIND = "automation"

    rules = AutomationRules(name="", trigger="started", actions=(), enabled=False)
    is_removed = False

    def save(
        self, stamp: Stamp, tenant_id: int, rules: AutomationRules, expected_version: int | None = None
    ) -> None:
        """The same again changes nothing. Raises Conflict where `expected_version` is another than the stored."""
        if expected_version is not None and expected_version != self.version:
            raise Conflict(expected=expected_version, version=self.version)
        if self.exists and not self.is_removed and rules == self.rules:
            return
        self.record(AutomationSaved, stamp, tenant_id=tenant_id, rules=rules)

    def remove(self, stamp: Stamp) -> None:
        """Removing twice changes nothing."""
        if self.exists and not self.is_removed:
            self.record(AutomationRemoved, stamp)


def automation_rules(rules: AutomationRules) -> AutomationRules:
    """The same, valid. Raises Invalid; NotFound for an id that names nothing."""
    if not 0 <= rules.place <= LAST_PLACE:
        raise Invalid(f"order is 0 to {LAST_PLACE}.")
    return msgspec.structs.replace(
        rules,
        name=required("name", rules.name, NAME_LENGTH),
        conditions=valid_conditions(rules.conditions),
        actions=valid_actions(rules.actions, knows_me=False),
    )


EVENTS: tuple[type[Event], ...] = (AutomationSaved, AutomationRemoved)
