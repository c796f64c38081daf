"""Commands about automations: admins write them. What they do is in `application/automation_run.py`."""

from __future__ import annotations

from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from application.command import Command, Handlers
from application.rule_actions import refuse_strangers_in
from application.work import Work
from domain import automation_conditions, rule_actions
from domain.automation import Automation, AutomationRules, automation_rules
from domain.automation_conditions import Condition, Match
from domain.automation_triggers import Trigger
from domain.refusals import NotFound
from domain.rule_actions import Action


class CreateAutomation(Command, frozen=True, kw_only=True):
    rules: AutomationRules


class _AboutAutomation(Command, frozen=True, kw_only=True):
    automation_id: UUID

    @property
    def turn(self) -> UUID:
        return self.automation_id


class ChangeAutomation(_AboutAutomation, frozen=True, kw_only=True):
    """What is left out stays. `expected_version`: refuse if somebody else has changed it."""

    name: str | UnsetType = UNSET
    trigger: Trigger | UnsetType = UNSET
    match: Match | UnsetType = UNSET
    conditions: tuple[Condition, ...] | UnsetType = UNSET
    actions: tuple[Action, ...] | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    place: int | UnsetType = UNSET
    expected_version: int | None = None


class RemoveAutomation(_AboutAutomation, frozen=True, kw_only=True):
    """What it did stays."""


async def create_automation(work: Work, command: CreateAutomation) -> None:
    rules = automation_rules(command.rules)
    await _refuse_missing(work, rules, set())
    work.create(Automation).save(work.stamp, work.actor.tenant_id, rules)


async def change_automation(work: Work, command: ChangeAutomation) -> None:
    automation = await work.get(Automation, command.automation_id)
    if automation.is_removed:
        raise NotFound
    said = {name: getattr(command, name) for name in AutomationRules.__struct_fields__}
    changes = {name: value for name, value in said.items() if value is not UNSET}
    rules = automation_rules(msgspec.structs.replace(automation.rules, **changes))
    await _refuse_missing(work, rules, _named(automation.rules))
    automation.save(work.stamp, work.actor.tenant_id, rules, command.expected_version)


async def remove_automation(work: Work, command: RemoveAutomation) -> None:
    (await work.get(Automation, command.automation_id)).remove(work.stamp)


async def _refuse_missing(work: Work, rules: AutomationRules, known: set[tuple[str, str]]) -> None:
    """What it newly names has to be there; what it had may have gone since."""
    await refuse_strangers_in(work, sorted(_named(rules) - known))


def _named(rules: AutomationRules) -> set[tuple[str, str]]:
    return {*automation_conditions.named_in(rules.conditions), *rule_actions.named_in(rules.actions)}


HANDLERS: Handlers = {
    CreateAutomation: create_automation,
    ChangeAutomation: change_automation,
    RemoveAutomation: remove_automation,
}
