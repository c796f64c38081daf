"""`verbatim projections`: how the read models stand, and folding one anew."""

from __future__ import annotations

import asyncio

import click
import msgspec

from application.projection import Projection
from infrastructure.eventstore.store import open_event_store
from infrastructure.projector.builds import Standing, read_standings
from infrastructure.projector.rebuild import rebuild as rebuild_projection
from infrastructure.settings import Settings
from interfaces.cli.installation import json_option, with_settings
from interfaces.cli.progress import progress
from projections.registry import PROJECTIONS


@click.group()
def projections() -> None:
    """Read models: folded from the log, rebuilt from it at any time."""


@projections.command("list")
@with_settings
@json_option
def list_projections(settings: Settings, as_json: bool) -> None:
    """Every build, its state, its position and how many streams it parked."""
    standings = asyncio.run(_standings(settings))
    if as_json:
        click.echo(msgspec.json.encode(standings).decode())
        return
    for one in standings:
        note = f"  halted: {one.halted}" if one.halted else f"  {one.parked} parked" if one.parked else ""
        click.echo(f"{one.name:<12} build {one.build:<4} {one.state:<9} position {one.position}{note}")


@projections.command()
@click.argument("name", type=click.Choice([one.name for one in PROJECTIONS]))
@with_settings
@json_option
def rebuild(settings: Settings, name: str, as_json: bool) -> None:
    """Fold NAME anew beside the live one, then put it in its place; readers notice nothing."""
    projection = next(one for one in PROJECTIONS if one.name == name)
    build = asyncio.run(_rebuild(settings, projection))
    click.echo(
        msgspec.json.encode({"name": name, "build": build}).decode()
        if as_json
        else f"{name} build {build} is live"
    )


async def _standings(settings: Settings) -> tuple[Standing, ...]:
    async with (
        open_event_store(settings.database_url, settings.master_key) as store,
        store.database.worker() as connection,
    ):
        return await read_standings(connection)


async def _rebuild(settings: Settings, projection: Projection) -> int:
    async with open_event_store(settings.database_url, settings.master_key) as store:
        head = await store.reader.head()
        with progress(f"rebuilding {projection.name}", head) as advance:
            done = 0

            def moved(folded: int, _: int) -> None:
                nonlocal done
                advance(folded - done)
                done = folded

            return await rebuild_projection(store.database, store.reader, projection, moved)
