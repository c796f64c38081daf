"""AutomationScene: a house where automations follow the log, as a reactor lets them: in order, at least once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from application.automation import CreateAutomation
from application.log import Recorded
from application.policies.apply_automations import ApplyAutomations
from application.ports import Policy
from application.rule_ports import ActiveAutomation
from application.work import fold
from domain.automation import Automation, AutomationRemoved, AutomationRules, AutomationSaved
from domain.automation_run import AutomationApplied, AutomationFailed, AutomationStopped
from domain.automation_triggers import Trigger
from domain.conversation import Conversation
from domain.rule_actions import Action
from tests.support.house import ADMIN, TENANT, House
from tests.support.memory_log import MemoryLog

Run = AutomationApplied | AutomationFailed | AutomationStopped


class MemoryAutomations:
    """The read model, folded from a log in memory at every question. `asked`: how often it was."""

    def __init__(self, log: MemoryLog) -> None:
        self._log = log
        self.asked = 0

    async def active(self, tenant_id: int, seq: int) -> Sequence[ActiveAutomation]:
        self.asked += 1
        found: dict[UUID, ActiveAutomation] = {}
        for one in self._log.recorded:
            if one.tenant_id != tenant_id:
                continue
            match one.event:
                case AutomationSaved(rules=rules):
                    found[one.stream_id] = ActiveAutomation(one.stream_id, one.version, rules)
                case AutomationRemoved():
                    del found[one.stream_id]
                case _:
                    pass
        enabled = [one for one in found.values() if one.rules.enabled]
        return sorted(enabled, key=lambda one: (one.rules.place, one.automation_id))


class AutomationScene(House):
    """`beside`: other policies that follow the same log, each event after the automations."""

    def __init__(self) -> None:
        self.memory = MemoryLog()
        super().__init__(self.memory)
        self.read = MemoryAutomations(self.memory)
        self.policy = self.new_policy()
        self.beside: list[Policy] = []
        self.followed = 0

    def new_policy(self) -> ApplyAutomations:
        return ApplyAutomations(self.memory, self.new_bus(), self.read, self.stream_of, lambda: 0.0)

    async def chat(self, text: str | None = "Hello", *, with_assistant: bool = False) -> UUID:
        return await super().chat(text, with_assistant=with_assistant)

    async def stream_of(self, tenant_id: int, stream_id: UUID) -> list[Recorded]:
        return [one for one in self.memory.recorded if one.stream_id == stream_id and one.tenant_id == tenant_id]

    async def follow(self, most: int = 10_000) -> None:
        """To the end of the log, which is no further than `most` events away."""
        end = self.followed + most
        while self.followed < len(self.memory.recorded):
            assert self.followed < end, "it never ends"
            one = self.memory.recorded[self.followed]
            self.followed += 1
            for policy in (self.policy, *self.beside):
                if policy.concerns(one):
                    await policy.react(one)

    async def automation(self, trigger: Trigger, *actions: Action, **more: Any) -> UUID:
        rules = AutomationRules(more.pop("name", "Rule"), trigger, actions, **more)
        return (await self.do(ADMIN, CreateAutomation(rules=rules))).events[0].originator_id

    async def saved(self, automation_id: UUID) -> Automation:
        found = fold(await self.memory.load(TENANT, automation_id))
        assert isinstance(found, Automation)
        return found

    async def conversation(self, chat: UUID) -> Conversation:
        found = fold(await self.memory.load(TENANT, chat))
        assert isinstance(found, Conversation)
        return found

    def runs(self) -> list[Run]:
        """All there were, oldest first."""
        return [one.event for one in self.memory.recorded if isinstance(one.event, Run)]

    def outcomes(self) -> list[str]:
        """applied, failed or stopped."""
        return [one.TYPE.split(".")[1] for one in self.runs()]
