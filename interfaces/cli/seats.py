"""`verbatim seats`: the open conversations at agents' desks, counted from the log anew."""

from __future__ import annotations

import asyncio

import click
import msgspec

from infrastructure.eventstore.seat_corrections import rebuild_seats
from infrastructure.settings import Settings
from interfaces.cli.installation import json_option, with_settings


@click.group()
def seats() -> None:
    """Who has which open conversation, as the append counts it."""


@seats.command()
@with_settings
@json_option
def rebuild(settings: Settings, as_json: bool) -> None:
    """Make them what the log says, while everything runs; needed after an older release wrote beside this one."""
    corrected = asyncio.run(rebuild_seats(settings.database_url))
    click.echo(msgspec.json.encode({"corrected": corrected}).decode() if as_json else f"{corrected} corrected")
