"""`verbatim tenant plan`: the limits of a tenant's plan, and what is used of them this month."""

from __future__ import annotations

import asyncio
from typing import Any

import click
import msgspec

from application.actor import system
from application.plan import ChangePlan
from domain.metering import period_of
from domain.plan import METERS, Limits
from infrastructure.clock import now
from infrastructure.settings import Settings
from interfaces.cli.installation import json_option, with_tenant
from interfaces.write_side import open_write_side
from projections.usage import read_totals

NONE = "unlimited"


class _Amount(click.ParamType):
    """A number from 0 on, or `unlimited` (-1)."""

    name = f"number|{NONE}"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if value == NONE:
            return -1
        if not str(value).isascii() or not str(value).isdigit():
            self.fail(f"{value} is neither a number nor {NONE}.", param, ctx)
        return int(value)


class MeterLine(msgspec.Struct, frozen=True, rename="camel"):
    """One meter: `limit` None is no limit."""

    meter: str
    used: int
    limit: int | None


@click.command()
@with_tenant
@click.option("--messages", type=_Amount(), help="Visitors' messages a month.")
@click.option("--tokens", type=_Amount(), help="Tokens of language models a month, by weight.")
@click.option("--voice-seconds", type=_Amount(), help="Seconds of calls a month.")
@click.option("--storage-bytes", type=_Amount(), help="Bytes of files at any time.")
@click.option("--campaigns", type=_Amount(), help="Campaigns a month.")
@json_option
def plan(settings: Settings, tenant_id: int, as_json: bool, **given: int | None) -> None:
    """Show a tenant's plan; each option changes one limit, the others stay."""
    lines = asyncio.run(
        _plan(settings, tenant_id, {name: value for name, value in given.items() if value is not None})
    )
    if as_json:
        click.echo(msgspec.json.encode(lines).decode())
        return
    for line in lines:
        click.echo(f"{line.meter:<14} {line.used:>14} of {NONE if line.limit is None else line.limit}")


async def _plan(settings: Settings, tenant_id: int, given: dict[str, int]) -> tuple[MeterLine, ...]:
    async with open_write_side(settings) as side:
        held = await side.allowance.plan(tenant_id)
        if given:
            changed = {name: None if value < 0 else value for name, value in given.items()}
            limits = Limits(*(changed.get(meter, held.limits.of(meter)) for meter in METERS))
            await side.bus.execute(system(tenant_id), ChangePlan(limits=limits, weights=held.weights))
            held = await side.allowance.fresh_plan(tenant_id)
        async with side.store.database.tenant(tenant_id) as connection:
            totals = await read_totals(connection, tenant_id, period_of("messages", now()))
        return tuple(MeterLine(meter, totals.get(meter, 0), held.limits.of(meter)) for meter in METERS)
