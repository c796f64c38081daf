"""Commands that run automations: the policy's. Each looks at the conversation itself before it does anything."""

from __future__ import annotations

import copy
from uuid import UUID

from msgspec.structs import replace

from application.command import Handlers
from application.conversation import AboutConversation
from application.conversation_facts import facts_of
from application.rule_actions import carry_out
from application.work import Work
from domain.automation import AutomationRules
from domain.automation_conditions import hold
from domain.automation_run import AutomationRun, Occasion, run_id
from domain.conversation import Conversation
from domain.kernel import Stamp, TenantRule


class ApplyAutomation(AboutConversation, frozen=True, kw_only=True):
    """All actions in one append, or none; nothing where the conditions do not hold or there is nothing to do.

    Where the loop guard forbids it, that is recorded instead. `automation_id` at `automation_version`, which says
    `rules`, because of the event at `position`; `origin` and `depth`: where that event came from, see Occasion.
    `text`: the message that the event brought.
    """

    automation_id: UUID
    automation_version: int
    rules: AutomationRules
    position: int
    origin: int
    depth: int = 0
    text: str | None = None

    @property
    def occasion(self) -> Occasion:
        return Occasion(
            self.automation_id,
            self.automation_version,
            self.conversation_id,
            self.position,
            self.origin,
            self.depth,
        )


class NoteFailedAutomation(AboutConversation, frozen=True, kw_only=True):
    """What was `asked` for was refused: `code` and `message` are the refusal's."""

    asked: ApplyAutomation
    code: str
    message: str


async def apply_automation(work: Work, command: ApplyAutomation) -> None:
    # Before the conversation: the seq of an answer is that of its last event.
    run = await work.load(AutomationRun, run_id(work.actor.tenant_id, command.occasion))
    conversation = await work.get(Conversation, command.conversation_id)
    rules = command.rules
    if not hold(rules.match, rules.conditions, await facts_of(work, conversation, rules.conditions, command.text)):
        return
    reason = run.stop_reason(command.occasion)
    if reason is not None:
        if await _would_change(work, conversation, command):
            run.stop(_stamp(work, command), work.actor.tenant_id, command.occasion, reason)
        return
    before = conversation.version
    await carry_out(work, conversation, rules.actions, _stamp(work, command))
    if conversation.version != before:
        run.apply_all(_stamp(work, command), work.actor.tenant_id, command.occasion)


async def note_failed_automation(work: Work, command: NoteFailedAutomation) -> None:
    await work.get(Conversation, command.conversation_id)
    occasion = command.asked.occasion
    run = await work.load(AutomationRun, run_id(work.actor.tenant_id, occasion))
    stamp = _stamp(work, command.asked)
    run.fail(stamp, work.actor.tenant_id, occasion, command.code, command.message)


async def _would_change(work: Work, conversation: Conversation, command: ApplyAutomation) -> bool:
    """On a copy: what had nothing to do anyway need not be stopped."""
    draft = copy.deepcopy(conversation)
    await carry_out(work, draft, command.rules.actions, work.stamp)
    return draft.version != conversation.version


def _stamp(work: Work, command: ApplyAutomation) -> Stamp:
    """What is done names the automation, and how far the chain has come."""
    rule = TenantRule("automation", command.automation_id, command.automation_version, command.rules.name)
    cause = replace(work.stamp.cause, rule=rule, depth=command.depth + 1, origin=command.origin)
    return replace(work.stamp, cause=cause)


HANDLERS: Handlers = {
    ApplyAutomation: apply_automation,
    NoteFailedAutomation: note_failed_automation,
}
