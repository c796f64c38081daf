"""The tables of usage: what each stream used of which meter, and the sums of that, by month."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID, uuid5

import msgspec

from application.log import Recorded
from application.projection import Connection
from domain.conversation import ConversationStarted
from domain.file import FileUploaded
from domain.handling import HandlingChanged
from domain.ids import natural_key
from domain.metering import METERED, Measure, Weights, measured, period_of
from domain.plan import Plan, PlanChanged
from projections.table import Key, Table

_ROWS = UUID("b1c7f0de-4a39-5c0e-8d5f-6a2f1f0c7d31")


class SourceRow(msgspec.Struct):
    """A conversation's widget and whoever has it; of a file, its uploader. Up to `version` all is counted."""

    tenant_id: int
    stream_id: UUID
    widget_id: UUID | None
    agent_id: UUID | None
    version: int


class PartRow(msgspec.Struct):
    """What one stream used. `part_id` is made of all that is not the amount."""

    tenant_id: int
    part_id: UUID
    total_id: UUID
    stream_id: UUID
    amount: int


class TotalRow(msgspec.Struct):
    """The parts of all streams, added up. `period` is yyyymm, 0 for a level."""

    tenant_id: int
    total_id: UUID
    period: int
    meter: str
    widget_id: UUID | None
    agent_id: UUID | None
    model: str | None
    amount: int


class PlanRow(msgspec.Struct):
    """The plan's weights as the fold has reached them."""

    tenant_id: int
    plan_id: UUID
    weights: Weights


SOURCES = Table("usage_source", SourceRow, ("stream_id",))
PARTS = Table("usage_part", PartRow, ("part_id",), ("tenant_id, stream_id",))
TOTALS = Table("usage_total", TotalRow, ("total_id",), ("tenant_id, period, meter",))
PLANS = Table("usage_plan", PlanRow, ("plan_id",))
TABLES = (SOURCES, PARTS, TOTALS, PLANS)
MOVING = tuple(sorted(HandlingChanged.__subclasses__(), key=lambda event: event.TYPE))


class Usage:
    """Folds what is metered, as `domain.metering` says it."""

    name = "usage"
    version = 1
    tables = tuple(table.name for table in TABLES)
    concerns = METERED | {event.TYPE for event in (ConversationStarted, PlanChanged, *MOVING)}

    def ddl(self, build: int) -> str:
        return "".join(table.ddl(build) for table in TABLES)

    async def fold(self, connection: Connection, build: int, recorded: Sequence[Recorded]) -> None:
        streams = {(one.tenant_id, one.stream_id) for one in recorded}
        sources = await SOURCES.load(connection, build, streams)
        plans = await PLANS.load(connection, build, {_plan_of(one.tenant_id) for one in recorded})
        uses: dict[Key, _Use] = {}
        for one in recorded:
            if _fold_plan(plans, one):
                continue
            source = sources.setdefault((one.tenant_id, one.stream_id), _source(one))
            if one.version > source.version:
                _fold_source(source, one)
                _fold_use(uses, source, plans, one)
        await SOURCES.upsert(connection, build, sources.values())
        await PLANS.upsert(connection, build, plans.values())
        await _add(connection, build, uses)

    async def forget(self, connection: Connection, build: int, tenant_id: int, stream_id: UUID) -> None:
        parts, totals = f"read.{PARTS.name}_{build}", f"read.{TOTALS.name}_{build}"
        await connection.execute(
            f"UPDATE {totals} t SET amount = t.amount - p.amount FROM (SELECT tenant_id, total_id, "
            f"sum(amount)::bigint AS amount FROM {parts} WHERE tenant_id = %s AND stream_id = %s GROUP BY 1, 2) p "
            "WHERE t.tenant_id = p.tenant_id AND t.total_id = p.total_id".encode(),
            (tenant_id, stream_id),
        )
        await connection.execute(
            f"DELETE FROM {parts} WHERE tenant_id = %s AND stream_id = %s".encode(), (tenant_id, stream_id)
        )
        for table in (SOURCES, PLANS):
            await table.delete(connection, build, tenant_id, stream_id)


class _Use(msgspec.Struct):
    """A part that grows by `part.amount`, and the sum that it belongs to."""

    part: PartRow
    total: TotalRow


def _plan_of(tenant_id: int) -> Key:
    return tenant_id, natural_key(tenant_id, Plan.KIND)


def _source(one: Recorded) -> SourceRow:
    return SourceRow(one.tenant_id, one.stream_id, None, None, 0)


def _fold_source(source: SourceRow, one: Recorded) -> None:
    source.version = one.version
    match one.event:
        case ConversationStarted() as started:
            source.widget_id, source.agent_id = started.widget_id, started.handling.assignee_id
        case HandlingChanged() as moved:
            source.agent_id = moved.after.assignee_id
        case FileUploaded(by=by):
            source.agent_id = by.id if by.kind == "agent" else None
        case _:
            pass


def _fold_plan(plans: dict[Key, PlanRow], one: Recorded) -> bool:
    """True for an event of a plan: weights that hold for what comes after it."""
    if isinstance(one.event, PlanChanged):
        key = _plan_of(one.tenant_id)
        plans[key] = PlanRow(*key, one.event.weights)
    return isinstance(one.event, PlanChanged)


def _fold_use(uses: dict[Key, _Use], source: SourceRow, plans: dict[Key, PlanRow], one: Recorded) -> None:
    plan = plans.get(_plan_of(one.tenant_id))
    measure = measured(one.event, () if plan is None else plan.weights)
    if measure is None:
        return
    total = _total(one, measure, source)
    part_id = uuid5(_ROWS, f"{total.total_id}/{one.stream_id}")
    part = PartRow(one.tenant_id, part_id, total.total_id, one.stream_id, 0)
    uses.setdefault((one.tenant_id, part_id), _Use(part, total)).part.amount += measure.amount


def _total(one: Recorded, measure: Measure, source: SourceRow) -> TotalRow:
    period, who = period_of(measure.meter, one.at), (source.widget_id, source.agent_id)
    total_id = uuid5(_ROWS, f"{one.tenant_id}/{period}/{measure.meter}/{who[0]}/{who[1]}/{measure.model}")
    return TotalRow(one.tenant_id, total_id, period, measure.meter, *who, measure.model, 0)


async def _add(connection: Connection, build: int, uses: dict[Key, _Use]) -> None:
    parts = await PARTS.load(connection, build, uses.keys())
    totals = await TOTALS.load(connection, build, {(key[0], use.total.total_id) for key, use in uses.items()})
    for key, use in uses.items():
        amount, total_key = use.part.amount, (key[0], use.total.total_id)
        use.part.amount += parts[key].amount if key in parts else 0
        totals.setdefault(total_key, use.total).amount += amount
    await PARTS.upsert(connection, build, [use.part for use in uses.values()])
    await TOTALS.upsert(connection, build, totals.values())
