"""`verbatim import-dialogues`: real two-party dialogues, played through the public command path."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable, Sequence
from pathlib import Path

import click
import msgspec

from infrastructure.settings import Settings
from interfaces.cli.installation import json_option, with_tenant
from interfaces.cli.progress import progress
from interfaces.dialogues import Dialogue, Imported, play_dialogues
from interfaces.write_side import open_write_side


@click.command("import-dialogues")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@with_tenant
@click.option("--limit", type=click.IntRange(min=1), help="Only the first of them.")
@json_option
def import_dialogues(settings: Settings, file: Path, tenant_id: int, limit: int | None, as_json: bool) -> None:
    """Import FILE (JSON lines, .gz or plain: {"id", "turns": [["visitor"|"agent", text], ...]}).

    Importing the same file again changes nothing.
    """
    dialogues = read_dialogues(file)[:limit]
    with progress("importing", sum(len(one.turns) for one in dialogues)) as advance:
        outcome = asyncio.run(_import(settings, tenant_id, dialogues, advance))
    if as_json:
        click.echo(msgspec.json.encode(outcome).decode())
        return
    click.echo(
        f"{outcome.conversations} conversations, {outcome.turns} turns, {outcome.replayed} of them were there"
    )


def read_dialogues(file: Path) -> list[Dialogue]:
    """Raises click.BadParameter where a line is not a dialogue."""
    opened = gzip.open(file, "rb") if file.suffix == ".gz" else file.open("rb")  # noqa: SIM115 - closed below
    decoder = msgspec.json.Decoder(Dialogue)
    with opened as lines:
        try:
            return [decoder.decode(line) for line in lines if line.strip()]
        except (msgspec.DecodeError, OSError, EOFError) as error:
            raise click.BadParameter(f"{file} is not a file of dialogues: {error}") from error


async def _import(
    settings: Settings, tenant_id: int, dialogues: Sequence[Dialogue], advance: Callable[[int], None]
) -> Imported:
    async with open_write_side(settings) as side:
        return await play_dialogues(side.bus, tenant_id, dialogues, advance)
