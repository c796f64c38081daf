"""Processes: `verbatim` as a process of its own, listened to, signalled, and gone at the end of the test."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import msgspec
import psycopg

ROOT = Path(__file__).parents[2]
VERBATIM = (sys.executable, "-m", "interfaces.cli.main")
START_SECONDS = 60.0
STOP_SECONDS = 40.0


class DemoUser(msgspec.Struct, frozen=True):
    role: str
    email: str
    password: str


class Announced(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """The line that `verbatim dev --json` prints."""

    url: str
    tenant_id: str
    widget_id: str
    widget_token: str
    assistant_id: str
    users: tuple[DemoUser, ...]
    data_dir: str


class Verbatim:
    """One running command. What it says on stderr goes to the file `log`."""

    def __init__(self, log: Path, *arguments: str, **settings: str) -> None:
        self.log = log
        with log.open("ab") as stderr:
            self.process = subprocess.Popen(
                [*VERBATIM, *arguments],
                stdout=subprocess.PIPE,
                bufsize=0,  # what is read ahead no selector sees
                stderr=stderr,
                cwd=ROOT,
                env=_environment(settings),
                start_new_session=True,
            )

    def line(self, seconds: float = START_SECONDS) -> bytes:
        """The next line of stdout."""
        assert self.process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            assert selector.select(seconds), f"Nothing was said within {seconds:.0f} s.\n{self.complaints()}"
        line = self.process.stdout.readline()
        assert line, f"It ended.\n{self.complaints()}"
        return line

    def announced(self) -> Announced:
        return msgspec.json.decode(self.line(), type=Announced)

    def url(self) -> str:
        """Of `serve`, once it serves."""
        return self.line().decode().split()[-1]

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send the signal; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(STOP_SECONDS)

    def kill(self) -> None:
        """kill -9, and wait until it is gone."""
        self.process.kill()
        self.process.wait(STOP_SECONDS)

    def rest(self) -> bytes:
        """What else it said on stdout before its end."""
        assert self.process.stdout is not None
        return self.process.stdout.read()

    def complaints(self) -> str:
        return self.log.read_text()[-6000:]


@contextmanager
def running(log: Path, *arguments: str, **settings: str) -> Iterator[Verbatim]:
    """A running command; stopped at the end if it still runs."""
    verbatim = Verbatim(log, *arguments, **settings)
    try:
        yield verbatim
    finally:
        try:
            verbatim.stop()
        except subprocess.TimeoutExpired:
            verbatim.kill()
            raise


def ran(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """A command that ends by itself."""
    return subprocess.run(
        [*VERBATIM, *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=_environment(settings),
        timeout=START_SECONDS,
        check=False,
    )


def until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait until it is true. Raises AssertionError."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"Not true after {seconds:.0f} s."
        time.sleep(0.02)


def living_in(folder: Path) -> list[int]:
    """Processes that work in the folder or were started with its name: a dev, its PostgreSQL, its NATS."""
    return [int(entry.name) for entry in Path("/proc").glob("[0-9]*") if _lives_in(entry, str(folder))]


def seed_question(demo: Announced, message: str, session: str = "s-1") -> httpx.Response:
    """A visitor's message as the seed sends it."""
    return httpx.post(
        f"{demo.url}/api/widgets/{demo.widget_id}/chat",
        headers={"Authorization": f"Bearer {demo.widget_token}"},
        json={"sessionId": session, "message": message},
        timeout=30,
    )


def access_token(demo: Announced, role: str = "owner") -> str:
    user = next(one for one in demo.users if one.role == role)
    return logged_in(demo.url, user.email, user.password)["accessToken"]


def logged_in(url: str, email: str, password: str) -> dict[str, str]:
    answer = httpx.post(f"{url}/api/v1/auth/login", json={"email": email, "password": password}, timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.json()


def read_owner(dsn: str, query: str, *values: object) -> list[tuple[object, ...]]:
    """Rows, read as the owner of the database."""
    with psycopg.connect(dsn) as connection:
        return connection.execute(query.encode(), values).fetchall()


def _environment(settings: Mapping[str, str]) -> dict[str, str]:
    mine = {name: value for name, value in os.environ.items() if not name.startswith("VERBATIM_")}
    given = {f"VERBATIM_{name.upper()}": value for name, value in settings.items()}
    return {**mine, "PYTHONUNBUFFERED": "1", **given}


def _lives_in(entry: Path, folder: str) -> bool:
    try:
        if "\nState:\tZ" in (entry / "status").read_text():
            return False
        return folder in str((entry / "cwd").readlink()) or folder in (entry / "cmdline").read_text(
            errors="replace"
        )
    except (FileNotFoundError, PermissionError, ProcessLookupError):
        return False
