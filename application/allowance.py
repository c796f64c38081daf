"""Allowance: what each append uses of its tenant's plan, and what happens when there is no more.

Only events of a meter that the plan limits are charged; all others cost a look into a dict. A visitor's message
over a limit is stored all the same and goes to humans; whatever else is over it is refused.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

import msgspec

from application.log import Charge, EventLog, LimitReached, Slice
from application.plan import plan_key
from application.ports import Counters
from application.work import Work, fold
from domain.call import DIAL_SECONDS, GRACE_SECONDS, RING_SECONDS, CallEnded, CallStarted
from domain.conversation import AssistantReplied, Conversation, MessagePosted
from domain.handling import HandlingChanged
from domain.kernel import Event
from domain.metering import MEASURES, end_of, measured, period_of
from domain.plan import Meter, Plan
from domain.refusals import UsageLimitExceeded

PLAN_AGE = 5.0
"""Seconds after which a changed plan holds in every process."""
FULL_FOR = 1.0
"""Seconds for which a meter without room is not asked again by this process: a flood costs one try a second."""
CHECKS = (PLAN_AGE + 1, 3600.0)
"""Seconds until a counter is compared with the log again: first when every process knows the plan, then hourly."""
ANSWER_TOKENS = 2_000
"""Held for one answer of a model while it is under way, or what is left; the answer settles what it used."""
ANSWER_SECONDS = 600
"""A reservation that nobody settled (a crash) holds no longer than this; the next charge deletes it."""
AGAIN_FOR_LEVELS = 3600
SPENT: frozenset[Meter] = frozenset(["tokens", "voice_seconds"])
"""Known only when they are used up: they are counted, whatever the limit."""
SOFT: frozenset[Meter] = frozenset(["messages", "tokens"])

_STATES = (MessagePosted, AssistantReplied, HandlingChanged, CallStarted)


class Allowance:
    """One per process; `now` is monotonic seconds."""

    def __init__(self, log: EventLog, counters: Counters, now: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._counters = counters
        self._now = now
        self._plans: dict[int, _Known] = {}
        self._checked: dict[tuple[int, Meter, int], _Check] = {}
        self._checking = asyncio.Lock()
        self._full: dict[tuple[int, Meter], float] = {}

    async def plan(self, tenant_id: int) -> Plan:
        """At most 5 s old; an unlimited one where the tenant has none."""
        known = self._plans.get(tenant_id)
        if known is None or self._now() - known.at > PLAN_AGE:
            found = fold(await self._log.load(tenant_id, plan_key(tenant_id)))
            plan = found if isinstance(found, Plan) else Plan(plan_key(tenant_id))
            known = self._plans[tenant_id] = _Known(plan, self._now())
        return known.plan

    async def fresh_plan(self, tenant_id: int) -> Plan:
        """As the log has it now; this process goes by it from here on."""
        self._plans.pop(tenant_id, None)
        return await self.plan(tenant_id)

    def full(self, tenant_id: int) -> frozenset[str]:
        """Meters of which there was no more a moment ago."""
        if not self._full:
            return frozenset()
        late = self._now() - FULL_FOR
        return frozenset(meter for (tenant, meter), at in self._full.items() if tenant == tenant_id and at > late)

    async def charges(self, work: Work, slices: Sequence[Slice]) -> tuple[Charge, ...]:
        """What these events use of what the plan limits."""
        events = [event for piece in slices for event in piece.events if _may_count(event)]
        if not events:
            return ()
        plan = await self.plan(work.actor.tenant_id)
        charges = [*_used(plan, events)]
        if plan.limits.tokens is not None:
            charges += _held(work, plan, events, plan.limits.tokens)
        if plan.limits.voice_seconds is not None:
            charges += _held_for_calls(events, plan.limits.voice_seconds)
        for one in charges:
            await self._check(work.actor.tenant_id, one, plan)
        return tuple(charges)

    async def refused(self, tenant_id: int, reached: LimitReached, at: datetime) -> frozenset[str]:
        """Meters with which the command may be decided again. Raises UsageLimitExceeded where it may not."""
        for meter in reached.meters:
            self._full[tenant_id, meter] = self._now()
        self._forget_checks(tenant_id, reached.meters)
        hard = next(iter(sorted(reached.meters - SOFT)), None)
        if hard is not None:
            raise self.over_limit(await self.plan(tenant_id), hard, at)
        return reached.meters

    def over_limit(self, plan: Plan, meter: Meter, at: datetime, **details: object) -> UsageLimitExceeded:
        """The refusal, with when there is room again."""
        limit, end = plan.limits.of(meter), end_of(period_of(meter, at))
        seconds = AGAIN_FOR_LEVELS if end is None else max(1, int((end - at).total_seconds()) + 1)
        refusal = UsageLimitExceeded(seconds, meter=meter, limit=limit, resetAt=end, **details)
        if limit is not None:
            span = 31 * 86400 if end is None else int((end - _start(end)).total_seconds())
            refusal.policy = (meter, limit, span)
        return refusal

    async def _check(self, tenant_id: int, charge: Charge, plan: Plan) -> None:
        """The counter is there, and compared with the log lately."""
        key = (tenant_id, charge.meter, charge.period)
        if self._is_checked(key):
            return
        async with self._checking:
            if self._is_checked(key):
                return
            await self._counters.true_up(tenant_id, charge.meter, charge.period, plan.weights)
            count = self._checked[key].count if key in self._checked else 0
            self._checked[key] = _Check(count + 1, self._now() + CHECKS[min(count, 1)])

    def _is_checked(self, key: tuple[int, Meter, int]) -> bool:
        known = self._checked.get(key)
        return known is not None and self._now() < known.again

    def _forget_checks(self, tenant_id: int, meters: frozenset[Meter]) -> None:
        """A counter that refuses may be one that is not there: the next try looks, but not at every refusal."""
        for key, check in tuple(self._checked.items()):
            if key[0] == tenant_id and key[1] in meters and check.count > 1:
                del self._checked[key]


class _Known(msgspec.Struct, frozen=True):
    plan: Plan
    at: float


class _Check(msgspec.Struct, frozen=True):
    """How often it was done, and when it is due again."""

    count: int
    again: float


def _may_count(event: Event) -> bool:
    return type(event) in MEASURES or isinstance(event, _STATES)


def _used(plan: Plan, events: Sequence[Event]) -> Iterator[Charge]:
    for event in events:
        measure = measured(event, plan.weights)
        limit = None if measure is None else plan.limits.of(measure.meter)
        if measure is None or limit is None:
            continue
        is_spent = measure.meter in SPENT or measure.amount < 0
        period = period_of(measure.meter, event.at)
        yield Charge("used", measure.meter, period, measure.amount, None if is_spent else limit)


def _held(work: Work, plan: Plan, events: Sequence[Event], limit: int) -> Iterator[Charge]:
    """For each conversation that the assistant has to answer now; let go where it has answered or lost it."""
    for conversation in work.touched(Conversation):
        mine = [event for event in events if event.originator_id == conversation.id]
        if not mine:
            continue
        period = period_of("tokens", mine[-1].at)
        if not _is_bots(conversation) or isinstance(mine[-1], AssistantReplied):
            if any(isinstance(event, AssistantReplied | HandlingChanged) for event in mine):
                yield Charge("let_go", "tokens", period, key=conversation.id)
        elif any(isinstance(event, MessagePosted) and event.by.kind == "visitor" for event in mine):
            key, seconds = conversation.id, ANSWER_SECONDS
            yield Charge("held", "tokens", period, ANSWER_TOKENS, limit, key, seconds)


def _held_for_calls(events: Sequence[Event], limit: int) -> Iterator[Charge]:
    """A call's cap, or what is left, from its start until it ends or its time is over."""
    for event in events:
        period = period_of("voice_seconds", event.at)
        if isinstance(event, CallStarted):
            seconds = DIAL_SECONDS + RING_SECONDS + event.longest + GRACE_SECONDS
            yield Charge("held", "voice_seconds", period, event.longest, limit, event.originator_id, seconds)
        elif isinstance(event, CallEnded):
            yield Charge("let_go", "voice_seconds", period, key=event.originator_id)


def _is_bots(conversation: Conversation) -> bool:
    return conversation.handling.handled_by == "bot" and not conversation.is_ended


def _start(end: datetime) -> datetime:
    """Of the month that ends then."""
    return (end - timedelta(days=1)).replace(day=1)
