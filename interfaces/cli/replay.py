"""`verbatim replay`: the log as NDJSON on stdout."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from datetime import UTC, datetime

import click
import msgspec

from application.log import Recorded
from domain.catalog import EVENT_TYPES
from domain.ids import parse_tenant
from domain.refusals import NotFound
from infrastructure.eventstore.selection import Selection, selected
from infrastructure.eventstore.store import open_event_store
from infrastructure.settings import Settings
from interfaces.cli.installation import with_settings
from interfaces.event_body import EventBodies


@click.command()
@with_settings
@click.option("--tenant", help="Only this tenant (tnt_…).")
@click.option(
    "--from", "first", metavar="POSITION|TIME", help="Begin here (a position, or a time like 2026-01-31)."
)
@click.option("--to", "last", metavar="POSITION|TIME", help="End here; a time is exclusive, a position inclusive.")
@click.option("--types", help="Only these types, separated by commas, with version or without (docs/events.md).")
@click.option(
    "--speed",
    type=click.FloatRange(min=0),
    default=0.0,
    help="1 keeps the original pace, 2 is twice as fast; 0 (default) flat out.",
)
@click.option("--without-personal", is_flag=True, help="Leave out what people said and are.")
def replay(
    settings: Settings,
    tenant: str | None,
    first: str | None,
    last: str | None,
    types: str | None,
    speed: float,
    without_personal: bool,
) -> None:
    """Print events as one JSON object a line, in order."""
    since, until = _place(first), _place(last)
    wanted = Selection(
        first=since if isinstance(since, int) else 1,
        last=until if isinstance(until, int) else None,
        tenant_id=_tenant(tenant) if tenant else None,
        since=since if isinstance(since, datetime) else None,
        until=until if isinstance(until, datetime) else None,
        types=_types(types) if types else (),
    )
    try:
        asyncio.run(_replay(settings, wanted, speed, EventBodies(personal=not without_personal)))
    except BrokenPipeError:
        # Who read has enough. Python would flush into the closed pipe once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


async def _replay(settings: Settings, wanted: Selection, speed: float, bodies: EventBodies) -> None:
    pace = _Pace(speed)
    async with open_event_store(settings.database_url, settings.master_key) as store:
        async for page in selected(store.database, store.mapper, wanted):
            for recorded in page:
                await pace.wait(recorded)
                sys.stdout.buffer.write(msgspec.json.encode(bodies.body(recorded)) + b"\n")
            sys.stdout.buffer.flush()


class _Pace:
    """Waits as long between two events as there was between them, divided by `speed`."""

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._before: datetime | None = None

    async def wait(self, recorded: Recorded) -> None:
        if self._speed and self._before is not None:
            gap = (recorded.at - self._before).total_seconds() / self._speed
            if gap > 0:
                sys.stdout.buffer.flush()
                await asyncio.sleep(gap)
        self._before = recorded.at


def _tenant(text: str) -> int:
    try:
        return parse_tenant(text)
    except NotFound as error:
        raise click.BadParameter(f"{text} is not a tenant's id (tnt_…).") from error


def _types(text: str) -> tuple[str, ...]:
    found: list[str] = []
    for name in (part.strip() for part in text.split(",")):
        meant = [known for known in EVENT_TYPES if name in {known, known.rpartition(".")[0]}]
        if not meant:
            raise click.BadParameter(f"{name} is not a type of event (docs/events.md).")
        found += meant
    return tuple(found)


def _place(text: str | None) -> int | datetime | None:
    if text is None:
        return None
    if re.fullmatch(r"\d{1,18}", text):
        return int(text)
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter(f"{text} is neither a position nor a time.") from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)
