"""`verbatim`: help that is quick and complete, and sentences instead of tracebacks."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import click
import pytest

from interfaces.cli.main import COMMANDS, cli
from tests.interfaces.cli.conftest import Command
from tests.support.processes import ROOT, VERBATIM

HELP_SECONDS = 0.5


def commands() -> list[tuple[str, click.Command]]:
    """Every command that does something, by the words that give it."""
    context = click.Context(cli)
    found: list[tuple[str, click.Command]] = []
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        group = command.commands if isinstance(command, click.Group) else {}
        found += [(f"{name} {inner}", one) for inner, one in group.items()] or [(name, command)]
    return found


def test_help_takes_less_than_half_a_second() -> None:
    """Of processor time: how long a busy machine takes says nothing of the program."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([*VERBATIM, "--help"], cwd=ROOT, capture_output=True, text=True, timeout=30, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < HELP_SECONDS
    assert [name for name in COMMANDS if f"  {name} " not in done.stdout] == []


def test_help_imports_no_command() -> None:
    look = "import sys, interfaces.cli.main; print(sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", look], cwd=ROOT, capture_output=True, text=True, timeout=30, check=True
    )
    assert not [name for name in ("litestar", "psycopg", "nats", "uvicorn") if f"'{name}'" in done.stdout]


@pytest.mark.parametrize(("name", "command"), commands(), ids=lambda one: one if isinstance(one, str) else "")
def test_every_command_has_help_and_so_has_what_explains_itself_badly(name: str, command: click.Command) -> None:
    assert command.help
    for option in command.params:
        if isinstance(option, click.Option) and not option.hidden and not option.is_flag:
            assert option.help or option.show_default or isinstance(option.type, click.Choice), (name, option.name)


@pytest.mark.parametrize("name", list(COMMANDS))
def test_the_module_of_a_command_holds_a_command_of_its_name(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert isinstance(command, click.Command)
    assert command.name == name


def test_an_unknown_command_is_refused(command: Command) -> None:
    outcome = command("fly")
    assert outcome.code == 2
    assert "No such command 'fly'" in outcome.err


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"VERBATIM_DATABASE_URL": "x", "VERBATIM_NATS_URL": "x"},
        {"VERBATIM_DATABASE_URL": "x", "VERBATIM_NATS_URL": "x", "VERBATIM_SECRET": "short"},
        {
            "VERBATIM_DATABASE_URL": "x",
            "VERBATIM_NATS_URL": "x",
            "VERBATIM_SECRET": "s" * 40,
            "VERBATIM_PORT": "x",
        },
    ],
    ids=["nothing", "no secret", "a short secret", "no port"],
)
def test_a_refused_setting_is_one_sentence_and_exit_code_2(
    command: Command, monkeypatch: pytest.MonkeyPatch, given: dict[str, str]
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    outcome = command("serve")
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (2, "", 1)
    assert outcome.err.startswith(("VERBATIM_", "A setting is not valid:"))


def test_where_no_dev_runs_a_command_says_so(command: Command, tmp_path: Path) -> None:
    outcome = command("audit", "verify", "--data-dir", str(tmp_path))
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == f"Verbatim is not running in {tmp_path}.\n"


def test_a_database_that_is_not_there_is_one_sentence(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERBATIM_DATABASE_URL", "host=127.0.0.1 port=1 dbname=x")
    monkeypatch.setenv("VERBATIM_NATS_URL", "nats://127.0.0.1:1")
    monkeypatch.setenv("VERBATIM_SECRET", "s" * 40)
    for arguments in (("migrate",), ("audit", "verify"), ("token",)):
        outcome = command(*arguments)
        assert (outcome.code, outcome.out) == (1, "")
        assert outcome.err.splitlines()[-1].startswith("PostgreSQL cannot be used (VERBATIM_DATABASE_URL): ")
