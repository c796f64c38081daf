"""Whenever something happens to a conversation, the tenant's automations for it are applied, in their order."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress

import msgspec

from application.actor import system
from application.automation_run import ApplyAutomation, NoteFailedAutomation
from application.bus import CommandBus, Request
from application.causes import Chain, StreamOf, chain_of
from application.command import Command
from application.log import EventLog, Recorded
from application.rule_ports import ActiveAutomation, Automations
from domain import automation
from domain.automation_conditions import may_hold
from domain.automation_triggers import trigger_of
from domain.conversation import MessagePosted
from domain.personal import readable
from domain.refusals import IdempotencyMismatch, Refusal, Unavailable

RULES_AGE = 30.0
"""Seconds after which a tenant's automations are read again, though nothing was heard of a change: another process
may have led meanwhile, and have heard it."""


class ApplyAutomations:
    """One command per automation whose trigger it is. A tenant without any costs a look into a dict per event.

    A change of an automation is an event of the same log: whoever hears of it reads the rules anew, as of then.
    """

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
        self._automations = automations
        self._stream_of = stream_of
        self._now = now
        self._known: dict[int, _Known] = {}
        self._changed: dict[int, int] = {}

    def concerns(self, recorded: Recorded) -> bool:
        return isinstance(recorded.event, automation.EVENTS) or trigger_of(recorded.event) is not None

    async def react(self, recorded: Recorded) -> None:
        """Raises Unavailable, also where the read model is behind; every other refusal is recorded as a run."""
        if isinstance(recorded.event, automation.EVENTS):
            self._changed[recorded.tenant_id] = max(recorded.seq, self._changed.get(recorded.tenant_id, 0))
            return
        mine = [one for one in await self._active(recorded) if _may_concern(one, recorded)]
        if not mine:
            return
        chain = await chain_of(self._log, self._stream_of, recorded)
        for one in mine:
            await self._run(one, recorded, chain)

    async def _active(self, recorded: Recorded) -> Sequence[ActiveAutomation]:
        tenant_id = recorded.tenant_id
        known = self._known.get(tenant_id)
        if known is None or not self._is_good(tenant_id, known):
            at = self._now()
            active = await self._automations.active(tenant_id, recorded.seq)
            known = self._known[tenant_id] = _Known(at, recorded.seq, tuple(active))
        return known.automations

    def _is_good(self, tenant_id: int, known: _Known) -> bool:
        """No change was heard of since these were asked for, and that is not long ago."""
        return known.seq >= self._changed.get(tenant_id, 0) and self._now() - known.at <= RULES_AGE

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


class _Known(msgspec.Struct, frozen=True):
    """A tenant's automations as of its `seq` or later, and when they were asked for (monotonic s)."""

    at: float
    seq: int
    automations: tuple[ActiveAutomation, ...]


def _may_concern(one: ActiveAutomation, recorded: Recorded) -> bool:
    """Its trigger, and what it says of the message's words, which nothing changes any more."""
    rules = one.rules
    return rules.trigger == trigger_of(recorded.event) and may_hold(rules.match, rules.conditions, _text(recorded))


def _text(recorded: Recorded) -> str | None:
    return readable(recorded.event.text) if isinstance(recorded.event, MessagePosted) else None
