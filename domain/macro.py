"""Macro: actions under a name that an agent applies by hand; for everybody, one team, or its author."""

from __future__ import annotations

from uuid import UUID

import msgspec

from domain.canned_response import EVERYBODY, Reach, Scope
from domain.kernel import Aggregate, Event, Stamp
from domain.refusals import Conflict
from domain.rule_actions import Action, valid_actions
from domain.values import required

NAME_LENGTH = 100


class MacroContent(msgspec.Struct, frozen=True):
    """Made by `macro_content`."""

    name: str
    actions: tuple[Action, ...]


class MacroSaved(Event, frozen=True, kw_only=True):
    """New, or changed: the whole of it, which is this version of the macro."""

    TYPE = "macro.saved.1"

    tenant_id: int
    name: str
    actions: tuple[Action, ...]
    scope: Scope = "tenant"
    team_id: UUID | None = None
    owner_id: UUID | None = None

    def create(self) -> Aggregate:
        return Macro(self.originator_id)

    def apply(self, aggregate: Macro) -> None:
        aggregate.content = MacroContent(self.name, self.actions)
        aggregate.reach = Reach(self.scope, self.team_id, self.owner_id)
        aggregate.is_removed = False


class MacroRemoved(Event, frozen=True, kw_only=True):
    TYPE = "macro.removed.1"

    def apply(self, aggregate: Macro) -> None:
        aggregate.is_removed = True


class Macro(Aggregate):
    KIND = "macro"

    content = MacroContent("", ())
    reach = EVERYBODY
    is_removed = False

    def save(
        self,
        stamp: Stamp,
        tenant_id: int,
        content: MacroContent,
        reach: Reach,
        expected_version: int | None = None,
    ) -> None:
        """The same again changes nothing. Raises Conflict where `expected_version` is another than the stored."""
        if expected_version is not None and expected_version != self.version:
            raise Conflict(expected=expected_version, version=self.version)
        if self.exists and not self.is_removed and (content, reach) == (self.content, self.reach):
            return
        facts = {"name": content.name, "actions": content.actions} | msgspec.structs.asdict(reach)
        self.record(MacroSaved, stamp, tenant_id=tenant_id, **facts)

    def remove(self, stamp: Stamp) -> None:
        """Removing twice changes nothing."""
        if self.exists and not self.is_removed:
            self.record(MacroRemoved, stamp)


def macro_content(name: str, actions: tuple[Action, ...]) -> MacroContent:
    """Raises Invalid; NotFound for an id that names nothing."""
    return MacroContent(required("name", name, NAME_LENGTH), valid_actions(actions, knows_me=True))


EVENTS: tuple[type[Event], ...] = (MacroSaved, MacroRemoved)
