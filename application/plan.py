"""Commands about a tenant's plan."""

from __future__ import annotations

from uuid import UUID

from application.command import Command, Handlers
from application.work import Work
from domain.ids import natural_key
from domain.plan import Limits, Meter, ModelWeight, Plan


class ChangePlan(Command, frozen=True, kw_only=True):
    """All of it: a limit that is left out is none."""

    limits: Limits
    weights: tuple[ModelWeight, ...] = ()


class NoticeUsage(Command, frozen=True, kw_only=True):
    """So much of a meter is used in this period."""

    meter: Meter
    period: int
    used: int


async def change_plan(work: Work, command: ChangePlan) -> None:
    plan = await work.load(Plan, plan_key(work.actor.tenant_id))
    plan.change(work.stamp, work.actor.tenant_id, command.limits, command.weights)


async def notice_usage(work: Work, command: NoticeUsage) -> None:
    plan = await work.load(Plan, plan_key(work.actor.tenant_id))
    plan.notice(work.stamp, command.meter, command.period, command.used)


def plan_key(tenant_id: int) -> UUID:
    """A tenant has one plan."""
    return natural_key(tenant_id, Plan.KIND)


HANDLERS: Handlers = {ChangePlan: change_plan, NoticeUsage: notice_usage}
