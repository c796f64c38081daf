"""`verbatim audit`: proof that nobody changed the log."""

from __future__ import annotations

import asyncio

import click
import msgspec

from infrastructure.eventstore.store import open_event_store
from infrastructure.eventstore.verify import Verdict, verify_log
from infrastructure.settings import Settings
from interfaces.cli.installation import json_option, with_settings
from interfaces.cli.progress import progress


@click.group()
def audit() -> None:
    """The log's three hash chains."""


@audit.command()
@with_settings
@click.option("--from", "first", type=click.IntRange(min=1), default=1, show_default=True)
@click.option("--to", "last", type=click.IntRange(min=1), help="By default the head.")
@json_option
def verify(settings: Settings, first: int, last: int | None, as_json: bool) -> int:
    """Compute every chain anew; names the first position where one does not hold (exit code 1)."""
    verdict = asyncio.run(_verify(settings, first, last))
    click.echo(msgspec.json.encode(_body(verdict)).decode() if as_json else _sentence(verdict))
    return 0 if verdict.is_sound else 1


async def _verify(settings: Settings, first: int, last: int | None) -> Verdict:
    async with open_event_store(settings.database_url, settings.master_key) as store:
        total = (last or await store.reader.head()) - first + 1
        with progress("verifying", total) as advance:
            reached = first - 1

            def moved(position: int) -> None:
                nonlocal reached
                advance(position - reached)
                reached = position

            return await verify_log(store.database, first=first, last=last, on_progress=moved)


def _body(verdict: Verdict) -> dict[str, object]:
    return {**msgspec.to_builtins(verdict), "chain": verdict.chain.hex(), "sound": verdict.is_sound}


def _sentence(verdict: Verdict) -> str:
    if verdict.fault is None:
        span = f"{verdict.events} events in {verdict.batches} batches, positions {verdict.first} to {verdict.last}"
        return f"sound: {span}\nchain  {verdict.chain.hex()}"
    fault = verdict.fault
    return f"NOT SOUND from position {fault.position} on, in the {fault.chain} chain: {fault.reason}"
