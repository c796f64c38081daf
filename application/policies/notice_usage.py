"""Whenever a limited meter is used: are 80 % of it gone? That is said once per meter and period."""

from __future__ import annotations

from contextlib import suppress

from application.actor import system
from application.allowance import Allowance
from application.bus import CommandBus, Request
from application.log import Recorded
from application.plan import NoticeUsage
from application.ports import Counters
from domain.metering import MEASURES, measured, period_of
from domain.plan import NOTICE_PERCENT
from domain.refusals import IdempotencyMismatch


class NoticeNearLimits:
    """Tenants without limits cost a look into a dict per event, the others one look at the counter."""

    name = "notice_usage"

    def __init__(self, allowance: Allowance, counters: Counters, bus: CommandBus) -> None:
        self._allowance = allowance
        self._counters = counters
        self._bus = bus

    def concerns(self, recorded: Recorded) -> bool:
        return type(recorded.event) in MEASURES

    async def react(self, recorded: Recorded) -> None:
        plan = await self._allowance.plan(recorded.tenant_id)
        measure = measured(recorded.event, plan.weights)
        limit = None if measure is None else plan.limits.of(measure.meter)
        if measure is None or limit is None or measure.amount < 0:
            return
        meter, period = measure.meter, period_of(measure.meter, recorded.at)
        if (meter, period) in plan.noticed:
            return
        used = await self._counters.used(recorded.tenant_id, meter, period)
        if used * 100 >= limit * NOTICE_PERCENT:
            request = Request(f"{self.name}:{recorded.position}", policy=self.name, position=recorded.position)
            command = NoticeUsage(meter=meter, period=period, used=used)
            with suppress(IdempotencyMismatch):  # an earlier run of this reaction said it, when less was used
                await self._bus.execute(system(recorded.tenant_id), command, request)
