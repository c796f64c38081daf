"""A server starts when it is ready, ends when we do, and says why when it cannot."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from infrastructure.embedded.datadir import StartRefused
from infrastructure.embedded.process import Program, end_leftovers, run_once, running, wait_until


def shell(folder: Path, script: str) -> Program:
    return Program("the script", ("/bin/sh", "-c", script), folder, folder / "log", signal.SIGTERM)


def is_running(pid: int) -> bool:
    """Whether it still does something; one that nobody has buried yet (Z) does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_program_runs_for_the_length_of_the_context(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    with running(
        shell(tmp_path, "touch ready; exec sleep 60"), lambda pid: pid if ready.exists() else None
    ) as pid:
        assert is_running(pid)
        assert os.getpgid(pid) == pid, "Ctrl-C in the terminal must not reach it before us"
    assert not is_running(pid)


def test_a_program_that_ends_is_refused_with_its_last_words(tmp_path: Path) -> None:
    program = shell(tmp_path, "echo all is well; echo FATAL: no disk; exit 3")
    with pytest.raises(StartRefused, match=r"^the script did not start: FATAL: no disk \(log: .*log\)$"):
        run_once(program)
    with pytest.raises(StartRefused, match="FATAL: no disk"), running(program, lambda _: None):
        pass
    with pytest.raises(StartRefused, match="did not start: not again"):
        run_once(shell(tmp_path, "echo not again; exit 1"))


def test_a_program_that_is_never_ready_is_refused_and_ended(tmp_path: Path) -> None:
    started: list[int] = []
    with (
        pytest.raises(StartRefused, match=r"the script was not ready after 0 s: it said nothing"),
        running(shell(tmp_path, "exec sleep 60"), started.append, timeout=0.2),
    ):
        pass
    assert not is_running(started[0])


def test_a_program_deaf_to_its_signal_is_killed(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    program = shell(tmp_path, "trap '' TERM; touch ready; while true; do sleep 60; done")
    with running(program, lambda pid: pid if ready.exists() else None, patience=0.2) as pid:
        pass
    assert not is_running(pid)


def test_a_program_is_started_in_the_main_thread_or_not_at_all(tmp_path: Path) -> None:
    caught: list[BaseException] = []

    def start() -> None:
        try:
            with running(shell(tmp_path, "exec sleep 60"), lambda pid: pid):
                pass
        except RuntimeError as error:
            caught.append(error)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert "main thread" in str(caught[0])


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
def test_killing_the_parent_ends_the_program(tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path)], cwd=Path.cwd(), stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert is_running(child)
    parent.kill()
    parent.communicate(timeout=10)
    assert wait_until(lambda: not is_running(child), 10)


PARENT = """
import signal, sys, time
from pathlib import Path
from infrastructure.embedded.process import Program, running
folder = Path(sys.argv[1])
program = Program("p", ("/bin/sleep", "60"), folder, folder / "log", signal.SIGTERM)
with running(program, lambda pid: pid if Path(f"/proc/{pid}/comm").read_text() == "sleep\\n" else None) as pid:
    print(pid, flush=True)
    time.sleep(60)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="leftovers are found in /proc")
def test_leftovers_of_this_folder_are_ended_and_no_others(tmp_path: Path) -> None:
    ours, others = tmp_path / "ours", tmp_path / "others"
    ours.mkdir()
    others.mkdir()
    sleep = Path(shutil.copy("/bin/sleep", tmp_path / "vb-server"))
    orphan, foreign = (subprocess.Popen([sleep, "60"], cwd=folder) for folder in (ours, others))
    shell_there = subprocess.Popen(["/bin/sleep", "60"], cwd=ours)
    try:
        end_leftovers("vb-server", ours, signal.SIGTERM)
        assert orphan.wait(10) == -signal.SIGTERM
        assert foreign.poll() is None
        assert shell_there.poll() is None
    finally:
        for process in (orphan, foreign, shell_there):
            process.kill()
            process.wait(10)


def test_a_long_log_begins_anew_and_keeps_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infrastructure.embedded.process.LOG_LIMIT", 10)
    run_once(shell(tmp_path, "echo more than ten bytes"))
    run_once(shell(tmp_path, "echo second"))
    assert (tmp_path / "log.1").read_text() == "more than ten bytes\n"
    assert (tmp_path / "log").read_text() == "second\n"
