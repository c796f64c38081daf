"""The JSON of automations, of their runs and of a rehearsal. Conditions and actions are as the domain has them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from application.automation_rehearsal import Rehearsal
from domain.automation import LAST_PLACE, AutomationRules, AutomationSaved
from domain.automation_conditions import Condition, Match
from domain.automation_triggers import Trigger
from domain.ids import event_wire, wire
from domain.kernel import Event
from domain.refusals import NotFound
from domain.rule_actions import Action
from projections.automation_runs import Outcome, RunRow
from projections.automations import AutomationRow
from projections.sentences import SENTENCES

Place = Annotated[int, msgspec.Meta(ge=0, le=LAST_PLACE)]


class NewAutomation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When `trigger` happens and `all` (or `any`) conditions hold: the actions. The lowest `order` is first."""

    name: str
    trigger: Trigger
    actions: tuple[Action, ...]
    conditions: tuple[Condition, ...] = ()
    match: Match = "all"
    enabled: bool = True
    order: Place = 0

    @property
    def rules(self) -> AutomationRules:
        return AutomationRules(
            self.name, self.trigger, self.actions, self.conditions, self.match, self.enabled, self.order
        )


class AutomationChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is left out stays; conditions and actions are replaced as a whole."""

    name: str | UnsetType = UNSET
    trigger: Trigger | UnsetType = UNSET
    actions: tuple[Action, ...] | UnsetType = UNSET
    conditions: tuple[Condition, ...] | UnsetType = UNSET
    match: Match | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    order: Place | UnsetType = UNSET


class AutomationBody(msgspec.Struct, frozen=True, rename="camel"):
    """`version` counts its saves: what it does names the version that did it."""

    id: str
    name: str
    trigger: Trigger
    match: Match
    conditions: tuple[Condition, ...]
    actions: tuple[Action, ...]
    enabled: bool
    order: int
    version: int
    updated_at: datetime


class AutomationListBody(msgspec.Struct, frozen=True, rename="camel"):
    data: tuple[AutomationBody, ...]
    next_cursor: str | None = None


class RunBody(msgspec.Struct, frozen=True, rename="camel"):
    """`id`: of the event that says it. `code` and `message`: why it failed or was stopped.

    `position`: of the event that it reacted to; `depth`: how many automations had led to that one.
    """

    id: str
    conversation_id: str
    version: int
    outcome: Outcome
    code: str | None
    message: str | None
    position: int
    depth: int
    seq: int
    at: datetime


class RunListBody(msgspec.Struct, frozen=True, rename="camel"):
    data: tuple[RunBody, ...]
    next_cursor: str | None = None


class RehearsalRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    conversation_id: str


class ConditionResult(msgspec.Struct, frozen=True):
    condition: Condition
    holds: bool


class WouldBody(msgspec.Struct, frozen=True):
    """An event that would be recorded, and what the history would say of it."""

    type: str
    what: str


class RefusedBody(msgspec.Struct, frozen=True):
    code: str
    message: str


class RehearsalBody(msgspec.Struct, frozen=True):
    """Nothing was stored. `refused`: why it would fail as a whole, null where it would not."""

    holds: bool
    conditions: tuple[ConditionResult, ...]
    would: tuple[WouldBody, ...]
    refused: RefusedBody | None


def automation_of_row(row: AutomationRow) -> AutomationBody:
    return _body(wire("automation", row.automation_id), row.rules, row.version, row.updated_at)


def automation_of_events(events: Iterable[Event]) -> AutomationBody:
    """As the last of these that saved it says. Raises NotFound where none did."""
    saved = [event for event in events if isinstance(event, AutomationSaved)]
    if not saved:
        raise NotFound
    last = saved[-1]
    return _body(wire("automation", last.originator_id), last.rules, last.originator_version, last.at)


def run_of_row(row: RunRow) -> RunBody:
    return RunBody(
        id=event_wire(row.run_id, row.run_version),
        conversation_id=wire("conversation", row.conversation_id),
        version=row.automation_version,
        outcome=row.outcome,
        code=row.code,
        message=row.message,
        position=row.position,
        depth=row.depth,
        seq=row.seq,
        at=row.at,
    )


def rehearsal_body(done: Rehearsal) -> RehearsalBody:
    refusal = done.refusal
    return RehearsalBody(
        holds=done.holds,
        conditions=tuple(ConditionResult(one, result) for one, result in done.conditions),
        would=tuple(WouldBody(event.TYPE, SENTENCES[type(event)](event, {})) for event in done.would),
        refused=None if refusal is None else RefusedBody(refusal.code, refusal.message),
    )


def _body(id: str, rules: AutomationRules, version: int, at: datetime) -> AutomationBody:
    return AutomationBody(
        id=id,
        name=rules.name,
        trigger=rules.trigger,
        match=rules.match,
        conditions=rules.conditions,
        actions=rules.actions,
        enabled=rules.enabled,
        order=rules.place,
        version=version,
        updated_at=at,
    )
