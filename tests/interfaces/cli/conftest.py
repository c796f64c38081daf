"""One running `verbatim dev` for the tests of commands, and commands given within this process."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from interfaces.cli.main import main
from tests.support.processes import Announced, Verbatim, running

SECRET = "a secret of thirty-two characters and more"


class Outcome(msgspec.Struct, frozen=True):
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


Command = Callable[..., Outcome]


class Dev(msgspec.Struct, frozen=True):
    """A running dev, what it printed, and its data directory."""

    verbatim: Verbatim
    demo: Announced
    data_dir: Path


@pytest.fixture(scope="package")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    place = tmp_path_factory.mktemp("dev")
    data_dir = place / "data"
    arguments = ("dev", "--json", "--port", "0", "--data-dir", str(data_dir))
    with running(place / "log", *arguments) as verbatim:
        yield Dev(verbatim, verbatim.announced(), data_dir)


@pytest.fixture
def command(capfd: pytest.CaptureFixture[str]) -> Iterator[Command]:
    """Give a command within this process: `command("replay", "--from", "3")`."""
    root = logging.getLogger()
    handlers = root.handlers[:]

    def give(*arguments: str) -> Outcome:
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        said = capfd.readouterr()
        code = ended.value.code
        return Outcome(code if isinstance(code, int) else 0, said.out, said.err)

    yield give
    root.handlers[:] = handlers


@pytest.fixture
def installed(database_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A migrated database that the commands of this test speak to; NATS is not there."""
    monkeypatch.setenv("VERBATIM_DATABASE_URL", database_url)
    monkeypatch.setenv("VERBATIM_NATS_URL", "nats://127.0.0.1:1")
    monkeypatch.setenv("VERBATIM_SECRET", SECRET)
    return database_url
