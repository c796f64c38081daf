"""`verbatim migrate`: an empty database becomes one of this release, once."""

from __future__ import annotations

import msgspec
import psycopg
import pytest

from infrastructure.migrate import migrations
from tests.interfaces.cli.conftest import Command


@pytest.fixture
def empty(empty_url: str, installed: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database in which nothing is, and which the program is told of."""
    monkeypatch.setenv("VERBATIM_DATABASE_URL", empty_url)
    return empty_url


def test_what_is_missing_is_applied_and_then_nothing_is(command: Command, empty: str) -> None:
    names = [one.name for one in migrations()]
    assert msgspec.json.decode(command("migrate", "--json").out) == {"applied": names}
    assert msgspec.json.decode(command("migrate", "--json").out) == {"applied": []}
    assert command("migrate").out == "nothing to do\n"
    assert command("tenant", "create", "Shop").code == 0


def test_other_commands_ask_for_it_where_it_was_not_given(command: Command, empty: str) -> None:
    for arguments in (("tenant", "create", "Shop"), ("replay",), ("audit", "verify"), ("projections", "list")):
        outcome = command(*arguments)
        assert (outcome.code, outcome.out) == (1, "")
        assert "verbatim migrate" in outcome.err.splitlines()[-1], (arguments, outcome.err)


def test_a_migration_that_reads_differently_now_is_refused(command: Command, installed: str) -> None:
    with psycopg.connect(installed) as connection:
        connection.execute("UPDATE public.verbatim_migration SET checksum = 'x' WHERE name LIKE '0003%'")
    outcome = command("migrate")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith("The migration 0003_")
