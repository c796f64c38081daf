"""`verbatim migrate`: bring the database to this release."""

from __future__ import annotations

import click
import msgspec

from infrastructure.migrate import migrate as apply_migrations
from infrastructure.settings import Settings
from interfaces.cli.installation import json_option, with_settings


@click.command()
@with_settings
@json_option
def migrate(settings: Settings, as_json: bool) -> None:
    """Apply what is missing; safe to run anywhere, any number of times."""
    applied = apply_migrations(settings.database_url)
    if as_json:
        click.echo(msgspec.json.encode({"applied": applied}).decode())
        return
    click.echo("\n".join(f"applied {name}" for name in applied) or "nothing to do")
