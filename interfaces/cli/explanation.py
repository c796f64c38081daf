"""Explanation: a failed command in one sentence on stderr and an exit code, instead of a traceback."""

from __future__ import annotations

import click
import psycopg
from psycopg_pool import PoolTimeout

from domain.refusals import Refusal
from infrastructure.embedded.datadir import StartRefused
from infrastructure.migrate import MigrationChanged
from infrastructure.nats.connection import NatsUnreachable
from infrastructure.settings import SettingRefused

UNMIGRATED = (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedFunction, psycopg.errors.InvalidSchemaName)


def explain(error: Exception) -> int:
    """1: it did not work out. 2: it was not begun. Raises what nobody foresaw, as it is: that is a bug."""
    if isinstance(error, StartRefused | SettingRefused):
        return _say(str(error), 2)
    if isinstance(error, Refusal):
        return _say(error.message, 1)
    if isinstance(error, NatsUnreachable):
        return _say("NATS cannot be reached (VERBATIM_NATS_URL).", 1)
    if isinstance(error, MigrationChanged):
        return _say(f"The migration {error} was applied to this database with another text.", 1)
    if isinstance(error, UNMIGRATED):
        return _say("The database is not of this release: run `verbatim migrate` first.", 1)
    if isinstance(error, psycopg.OperationalError | PoolTimeout):
        return _say(f"PostgreSQL cannot be used (VERBATIM_DATABASE_URL): {_first_line(error)}", 1)
    raise error


def _say(sentence: str, code: int) -> int:
    click.echo(sentence, err=True)
    return code


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
