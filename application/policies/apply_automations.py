"""Whenever something happens to a conversation, the tenant's automations for it are applied, in their order."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

from application.actor import system
from application.automation_run import ApplyAutomation, NoteFailedAutomation
from application.bus import CommandBus, Request
from application.causes import Chain, StreamOf, chain_of
from application.command import Command
from application.known_rules import KnownRules
from application.log import EventLog, Recorded
from application.rule_ports import ActiveAutomation, Automations
from domain import automation
from domain.automation_conditions import may_hold
from domain.automation_triggers import trigger_of
from domain.conversation import MessagePosted
from domain.personal import readable
from domain.refusals import IdempotencyMismatch, Refusal, Unavailable


class ApplyAutomations:
    """One command per automation whose trigger it is. A tenant without any costs a look into a dict per event."""

    name = "apply_automations"

    def __init__(
        self,
        log: EventLog,
        bus: CommandBus,
        automations: Automations,
        stream_of: StreamOf,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`now` is monotonic seconds."""
        self._log = log
        self._bus = bus
        self._stream_of = stream_of
        self._rules = KnownRules(automations.active, now)

    def concerns(self, recorded: Recorded) -> bool:
        return isinstance(recorded.event, automation.EVENTS) or trigger_of(recorded.event) is not None

    async def react(self, recorded: Recorded) -> None:
        """Raises Unavailable, also where the read model is behind; every other refusal is recorded as a run."""
        if isinstance(recorded.event, automation.EVENTS):
            self._rules.heard(recorded)
            return
        mine = [one for one in await self._rules.of(recorded) if _may_concern(one, recorded)]
        if not mine:
            return
        chain = await chain_of(self._log, self._stream_of, recorded)
        for one in mine:
            await self._run(one, recorded, chain)

    async def _run(self, one: ActiveAutomation, recorded: Recorded, chain: Chain) -> None:
        command = ApplyAutomation(
            conversation_id=recorded.stream_id,
            automation_id=one.automation_id,
            automation_version=one.version,
            rules=one.rules,
            position=recorded.position,
            origin=chain.origin,
            depth=chain.depth,
            text=_text(recorded),
        )
        key = f"{self.name}:{recorded.position}:{one.automation_id.hex}"
        try:
            await self._give(recorded, command, key)
        except Unavailable:
            raise
        except Refusal as refusal:
            failed = NoteFailedAutomation(
                conversation_id=recorded.stream_id, asked=command, code=refusal.code, message=refusal.message
            )
            await self._give(recorded, failed, f"{key}:failed")

    async def _give(self, recorded: Recorded, command: Command, key: str) -> None:
        request = Request(key, policy=self.name, position=recorded.position)
        with suppress(IdempotencyMismatch):  # an earlier run of this reaction did it, maybe by older rules
            await self._bus.execute(system(recorded.tenant_id), command, request)


def _may_concern(one: ActiveAutomation, recorded: Recorded) -> bool:
    """Its trigger, and what it says of the message's words, which nothing changes any more."""
    rules = one.rules
    return rules.trigger == trigger_of(recorded.event) and may_hold(rules.match, rules.conditions, _text(recorded))


def _text(recorded: Recorded) -> str | None:
    return readable(recorded.event.text) if isinstance(recorded.event, MessagePosted) else None
