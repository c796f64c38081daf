"""The data directory is ours, one process's at a time, and private."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import msgspec
import pytest

from infrastructure.embedded.datadir import (
    HOLDER,
    LONGEST_SOCKET_PATH,
    MARKER,
    SOCKET,
    Holder,
    Marker,
    StartRefused,
    attach_data_directory,
    open_data_directory,
)


def refusal(path: Path) -> str:
    with pytest.raises(StartRefused) as refused, open_data_directory(path):
        pass
    return str(refused.value)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_directory_is_private_and_marked(home: Path) -> None:
    with open_data_directory(home / "deep" / "er") as directory:
        assert mode(directory.path) == 0o700
        assert {mode(folder) for folder in (directory.run, directory.secrets, directory.logs)} == {0o700}
        assert msgspec.json.decode((directory.path / MARKER).read_bytes()) == {"product": "verbatim", "format": 1}


def test_a_secret_is_private_and_the_same_at_every_start(home: Path) -> None:
    with open_data_directory(home) as directory:
        made = directory.secret("postgres")
        assert mode(directory.secrets / "postgres") == 0o600
        assert made == directory.secret("postgres") != directory.secret("nats")
    with open_data_directory(home) as directory:
        assert directory.secret("postgres") == made
        assert len(made) == 43


def test_a_second_start_names_the_first(home: Path) -> None:
    with open_data_directory(home):
        assert refusal(home) == f"Verbatim is already running in {home} (pid {os.getpid()})."
        assert refusal(home) == f"Verbatim is already running in {home} (pid {os.getpid()})."
    with open_data_directory(home):
        pass


def test_a_foreign_directory_is_refused_and_left_as_it_was(home: Path) -> None:
    home.mkdir()
    (home / "thesis.txt").write_text("chapter one")
    assert refusal(home) == f"{home} is not empty and not a data directory of Verbatim: choose an empty folder."
    assert [entry.name for entry in home.iterdir()] == ["thesis.txt"]


def test_an_empty_directory_and_a_fresh_volume_are_taken(home: Path) -> None:
    (home / "lost+found").mkdir(parents=True)
    with open_data_directory(home):
        assert (home / MARKER).exists()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (msgspec.json.encode(Marker("verbatim", 99)), "was written by a newer Verbatim (format 99"),
        (msgspec.json.encode(Marker("otherchat", 1)), "belongs to otherchat"),
        (b"{", "is damaged"),
    ],
)
def test_a_marker_that_is_not_ours_is_refused(home: Path, content: bytes, sentence: str) -> None:
    home.mkdir()
    (home / MARKER).write_bytes(content)
    assert sentence in refusal(home)


def test_a_file_in_the_way_is_refused(home: Path) -> None:
    home.write_text("")
    assert refusal(home) == f"{home} is a file: choose a folder."
    assert refusal(home / "below") == f"{home / 'below'} cannot be used as a data directory: Not a directory."


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write where the mode forbids it")
def test_a_read_only_directory_is_refused(home: Path) -> None:
    home.mkdir(mode=0o500)
    assert refusal(home) == f"{home} cannot be used as a data directory: Permission denied."


def test_a_directory_the_kernel_lets_nobody_write_is_refused() -> None:
    assert "/proc/verbatim cannot be used as a data directory: " in refusal(Path("/proc/verbatim"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a folder away")
def test_a_directory_of_another_user_is_refused(home: Path) -> None:
    home.mkdir()
    os.chown(home, 65534, 65534)
    assert "belongs to the user nobody" in refusal(home)


def test_sockets_move_where_the_path_is_too_long_and_go_at_the_end(home: Path) -> None:
    with open_data_directory(home / ("long" * 25)) as directory:
        assert directory.path not in directory.run.parents
        assert len(os.fsencode(directory.run / SOCKET)) <= LONGEST_SOCKET_PATH
        assert mode(directory.run) == 0o700
        assert attach_data_directory(directory.path) == directory
    assert not directory.run.exists()


def test_what_a_killed_start_left_behind_is_removed(home: Path) -> None:
    with open_data_directory(home / ("long" * 25)) as first:
        left = (first.path / HOLDER).read_bytes()
    Path(msgspec.json.decode(left, type=Holder).run).mkdir(mode=0o700)
    (first.path / HOLDER).write_bytes(left)
    with open_data_directory(first.path) as second:
        assert not first.run.exists()
        assert second.run.is_dir()


def test_attaching_needs_somebody_who_runs_there(home: Path) -> None:
    with pytest.raises(StartRefused, match="cannot be used as a data directory: No such file"):
        attach_data_directory(home)
    with open_data_directory(home) as directory:
        assert attach_data_directory(home) == directory
        assert attach_data_directory(home).secret("postgres") == directory.secret("postgres")
    with pytest.raises(StartRefused, match=f"Verbatim is not running in {home}"):
        attach_data_directory(home)
