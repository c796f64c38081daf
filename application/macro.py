"""Commands about macros. Agents keep private ones of their own; shared ones are the supervisors'."""

from __future__ import annotations

from uuid import UUID

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from application.command import Command, Handlers
from application.conversation import AboutConversation
from application.reach import changed_reach, refuse_missing_team, refuse_readers, refuse_strangers, wanted_reach
from application.rule_actions import carry_out, refuse_strangers_in
from application.work import Work
from domain.canned_response import Reach, Scope
from domain.conversation import Conversation
from domain.kernel import TenantRule
from domain.macro import Macro, MacroContent, macro_content
from domain.refusals import NotFound
from domain.rule_actions import Action, named_in


class CreateMacro(Command, frozen=True, kw_only=True):
    """`team_id` with the scope team only; a private one is the acting agent's."""

    name: str
    actions: tuple[Action, ...]
    scope: Scope = "tenant"
    team_id: UUID | None = None


class _AboutMacro(Command, frozen=True, kw_only=True):
    macro_id: UUID

    @property
    def turn(self) -> UUID:
        return self.macro_id


class ChangeMacro(_AboutMacro, frozen=True, kw_only=True):
    """What is left out stays. `expected_version`: refuse if somebody else has changed it."""

    name: str | UnsetType = UNSET
    actions: tuple[Action, ...] | UnsetType = UNSET
    scope: Scope | UnsetType = UNSET
    team_id: UUID | UnsetType | None = UNSET
    expected_version: int | None = None


class RemoveMacro(_AboutMacro, frozen=True, kw_only=True):
    """What it did stays."""


class ApplyMacro(AboutConversation, frozen=True, kw_only=True):
    """All its actions in one append, or none. `expected_version`: refuse if the conversation has moved."""

    macro_id: UUID
    expected_version: int | None = None


async def create_macro(work: Work, command: CreateMacro) -> None:
    wanted = wanted_reach(work, command.scope, command.team_id)
    await _write(work, work.create(Macro), macro_content(command.name, command.actions), wanted)


async def change_macro(work: Work, command: ChangeMacro) -> None:
    macro = await work.get(Macro, command.macro_id)
    await refuse_readers(work, macro.reach)
    if macro.is_removed:
        raise NotFound
    content = macro_content(
        macro.content.name if command.name is UNSET else command.name,
        macro.content.actions if command.actions is UNSET else command.actions,
    )
    wanted = changed_reach(work, macro.reach, command.scope, command.team_id)
    await _write(work, macro, content, wanted, command.expected_version)


async def remove_macro(work: Work, command: RemoveMacro) -> None:
    macro = await work.get(Macro, command.macro_id)
    await refuse_readers(work, macro.reach)
    macro.remove(work.stamp)


async def apply_macro(work: Work, command: ApplyMacro) -> None:
    macro = await work.get(Macro, command.macro_id)
    await refuse_strangers(work, macro.reach)
    if macro.is_removed:
        raise NotFound
    conversation = await work.get(Conversation, command.conversation_id)
    conversation.guard_version(command.expected_version)
    rule = TenantRule("macro", macro.id, macro.version, macro.content.name)
    stamp = replace(work.stamp, cause=replace(work.stamp.cause, rule=rule))
    await carry_out(work, conversation, macro.content.actions, stamp)


async def _write(
    work: Work, macro: Macro, content: MacroContent, wanted: Reach, expected_version: int | None = None
) -> None:
    await refuse_readers(work, wanted)
    await refuse_missing_team(work, wanted, macro.reach)
    known = set(named_in(macro.content.actions))
    await refuse_strangers_in(work, sorted(set(named_in(content.actions)) - known))
    macro.save(work.stamp, work.actor.tenant_id, content, wanted, expected_version)


HANDLERS: Handlers = {
    CreateMacro: create_macro,
    ChangeMacro: change_macro,
    RemoveMacro: remove_macro,
    ApplyMacro: apply_macro,
}
