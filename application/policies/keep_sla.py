"""Whenever something happens in a conversation, its clock hears of it.

Where it may come under another policy, that is chosen: the first that fits, by order. One command per event, and
none for a tenant that never had a policy.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from application.actor import system
from application.bus import CommandBus, Request
from application.log import EventLog, Recorded
from application.rule_ports import SlaPolicies, SlaRule
from application.sla_clock import KeepSla
from application.work import fold
from domain.conversation import Conversation, ConversationStarted, MessagePosted
from domain.handling import HandlingChanged, Reopened
from domain.hours import Hours
from domain.kernel import Event
from domain.marks import LabelsChanged, PriorityChanged
from domain.refusals import IdempotencyMismatch
from domain.sla_clock import Choice
from domain.sla_reckoning import Terms
from domain.team import Team

_CONCERNS = (ConversationStarted, MessagePosted, HandlingChanged, LabelsChanged, PriorityChanged)


class KeepSlaClocks:
    """A `Policy`. What is due later is the timers' (infrastructure/timers.py)."""

    name = "keep_sla"

    def __init__(self, log: EventLog, bus: CommandBus, policies: SlaPolicies) -> None:
        self._log = log
        self._bus = bus
        self._policies = policies

    def concerns(self, recorded: Recorded) -> bool:
        return isinstance(recorded.event, _CONCERNS)

    async def react(self, recorded: Recorded) -> None:
        """Raises ProjectionBehind where the read model does not keep up."""
        policies = await self._policies.of(recorded.tenant_id, recorded.seq)
        if policies is None:
            return
        choice = await self._choice(recorded, policies) if _may_change_policy(recorded.event) else None
        command = KeepSla(conversation_id=recorded.stream_id, version=recorded.version, choice=choice)
        request = Request(f"{self.name}:{recorded.position}", policy=self.name, position=recorded.position)
        try:
            await self._bus.execute(system(recorded.tenant_id), command, request)
        except IdempotencyMismatch:
            return  # an earlier run of this reaction has done it, under the policies of then

    async def _choice(self, recorded: Recorded, policies: Sequence[SlaRule]) -> Choice | None:
        """Of the conversation as this event left it."""
        stream = await self._log.load(recorded.tenant_id, recorded.stream_id)
        chat = None
        for event in stream.events[: recorded.version]:
            chat = event.mutate(chat)
        if not isinstance(chat, Conversation):
            return None
        terms = None
        found = next((one for one in policies if _fits(one, chat)), None)
        if found is not None:
            terms = _terms(found, await self._hours(recorded.tenant_id, found, chat.handling.team_id))
        return Choice(recorded.version, terms, is_anew=isinstance(recorded.event, Reopened))

    async def _hours(self, tenant_id: int, policy: SlaRule, team_id: UUID | None) -> Hours | None:
        if policy.definition.hours == "always" or team_id is None:
            return None
        team = fold(await self._log.load(tenant_id, team_id))
        return team.routing.hours if isinstance(team, Team) else None


def _may_change_policy(event: Event) -> bool:
    if isinstance(event, HandlingChanged):
        return isinstance(event, Reopened) or event.before.team_id != event.after.team_id
    return not isinstance(event, MessagePosted)


def _fits(policy: SlaRule, chat: Conversation) -> bool:
    return policy.definition.conditions.fit(chat.handling, chat.labels, chat.priority, chat.widget_id)


def _terms(policy: SlaRule, hours: Hours | None) -> Terms:
    said = policy.definition
    return Terms(policy.policy_id, policy.version, said.targets, said.warn_before, said.on_reopen, hours)
