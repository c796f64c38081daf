"""`verbatim doctor`: is everything that an installation needs there, and as it must be."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import click
import msgspec
import psycopg

from infrastructure.migrate import migrations
from infrastructure.nats.connection import NatsUnreachable, nats_connection
from infrastructure.postgres import conninfo
from infrastructure.settings import Settings
from interfaces.cli.installation import json_option, with_settings

REQUIRED = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}


class Finding(msgspec.Struct, frozen=True):
    name: str
    ok: bool
    detail: str


@click.command()
@with_settings
@json_option
def doctor(settings: Settings, as_json: bool) -> int:
    """Check PostgreSQL (version, durability, migrations) and NATS; exit code 1 where something is wrong."""
    findings = [*_postgres(settings), asyncio.run(_nats(settings))]
    if as_json:
        click.echo(msgspec.json.encode(findings).decode())
    else:
        for one in findings:
            click.echo(f"{'ok ' if one.ok else 'BAD'}  {one.name:<20} {one.detail}")
    return 0 if all(one.ok for one in findings) else 1


def _postgres(settings: Settings) -> Sequence[Finding]:
    try:
        with psycopg.connect(conninfo(settings.database_url, None), autocommit=True) as connection:
            return [_version(connection), *_durability(connection), _migrated(connection)]
    except psycopg.OperationalError as error:
        return [Finding("postgresql", ok=False, detail=str(error).strip())]


def _version(connection: psycopg.Connection) -> Finding:
    number = connection.info.server_version
    return Finding("postgresql", ok=number >= 150000, detail=f"version {number // 10000}")


def _durability(connection: psycopg.Connection) -> list[Finding]:
    found: list[Finding] = []
    for name, wanted in REQUIRED.items():
        row = connection.execute("SELECT current_setting(%s)", (name,)).fetchone()
        value = row[0] if row else "unknown"
        found.append(Finding(name, ok=value == wanted, detail=value))
    return found


def _migrated(connection: psycopg.Connection) -> Finding:
    there = connection.execute("SELECT to_regclass('public.verbatim_migration') IS NOT NULL").fetchone()
    applied = set[str]()
    if there and there[0]:
        applied = {row[0] for row in connection.execute("SELECT name FROM public.verbatim_migration").fetchall()}
    missing = [one.name for one in migrations() if one.name not in applied]
    detail = f"missing: {', '.join(missing)} (run `verbatim migrate`)" if missing else f"{len(applied)} applied"
    return Finding("migrations", ok=not missing, detail=detail)


async def _nats(settings: Settings) -> Finding:
    try:
        async with nats_connection(settings.nats_url, "verbatim-doctor") as nats:
            info = await nats.jetstream().account_info()
    except (NatsUnreachable, TimeoutError) as error:
        return Finding("nats", ok=False, detail=str(error) or type(error).__name__)
    return Finding("nats", ok=True, detail=f"JetStream with {info.streams} streams")
