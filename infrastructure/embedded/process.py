"""Server processes: started so that they cannot outlive us, waited for, stopped; leftovers of a kill -9 ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from infrastructure.embedded.datadir import StartRefused

Identity = Literal["self", "namespace", "nobody"]
Ready = TypeVar("Ready")

LAUNCHER = Path(__file__).with_name("launcher.py")
LOG_LIMIT = 16 * 1024 * 1024
PAUSE = 0.02


class Program(msgspec.Struct, frozen=True):
    """What to start. `folder` becomes its working directory, by which a later start knows its leftovers.

    `stop_signal` ends it in good order; it is also what the kernel sends should we be killed.
    """

    name: str
    command: tuple[str, ...]
    folder: Path
    log: Path
    stop_signal: signal.Signals
    identity: Identity = "self"


class Started(msgspec.Struct, frozen=True):
    """A program that was started, and the length its log had before."""

    program: Program
    process: subprocess.Popen[bytes]
    begin: int


@contextmanager
def running(
    program: Program, ready: Callable[[int], Ready | None], timeout: float = 60, patience: float = 20
) -> Generator[Ready]:
    """Start the program, yield what `ready(pid)` answers once that is not None, stop the program at the end.

    Raises StartRefused with the last line of the log if it ends or is not ready after `timeout` seconds.
    One that does not stop within `patience` seconds is killed.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("Linux ends a server with the thread that started it: start it in the main thread.")
    started = _spawn(program)
    try:
        yield _wait_ready(started, ready, timeout)
    finally:
        _stop(started.process, program.stop_signal, patience)


def run_once(program: Program, timeout: float = 120) -> None:
    """Run the program to its end. Raises StartRefused with its last words if it fails."""
    started = _spawn(program)
    try:
        status = started.process.wait(timeout)
    except subprocess.TimeoutExpired as error:
        raise StartRefused(f"{program.name} did not end in {timeout:.0f} s; its log is {program.log}.") from error
    finally:
        _stop(started.process, signal.SIGKILL, 20)
    if status != 0:
        raise _failure(started)


def can_become(identity: Identity) -> bool:
    """Whether this machine lets us start a program under that identity."""
    command = _launch(identity, signal.SIGKILL)
    attempt = subprocess.run(command, cwd="/", capture_output=True, timeout=30, check=False)  # noqa: S603 - our own
    return attempt.returncode == 0


def end_leftovers(executable: str, folder: Path, stop_signal: signal.Signals, timeout: float = 20) -> None:
    """End every process of this executable that works in `folder`: the server of an earlier start, its children.

    Call it only with the data directory locked. Does nothing where there is no /proc.
    """
    for pid in _found(executable, folder):
        if _is_leader(pid, executable):
            _send(pid, stop_signal)
    if wait_until(lambda: not _found(executable, folder), timeout):
        return
    for pid in _found(executable, folder):
        _send(pid, signal.SIGKILL)
    if not wait_until(lambda: not _found(executable, folder), timeout):
        raise StartRefused(f"A {executable} of an earlier start still runs in {folder} and cannot be ended.")


def wait_until(condition: Callable[[], bool], timeout: float) -> bool:
    """Whether the condition came true within `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(PAUSE)
    return True


def _spawn(program: Program) -> Started:
    if program.log.exists() and program.log.stat().st_size > LOG_LIMIT:
        program.log.replace(program.log.with_name(f"{program.log.name}.1"))
    descriptor = os.open(program.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "wb") as log:
        begin = os.fstat(descriptor).st_size
        process = subprocess.Popen(  # noqa: S603 - our own programs
            [*_launch(program.identity, program.stop_signal), *program.command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=program.folder,
            umask=0o077,
            start_new_session=True,  # Ctrl-C reaches us alone; we end the servers in their order
        )
    return Started(program, process, begin)


def _launch(identity: Identity, death_signal: signal.Signals) -> list[str]:
    return [sys.executable, "-I", "-S", str(LAUNCHER), str(os.getpid()), str(int(death_signal)), identity]


def _wait_ready(started: Started, ready: Callable[[int], Ready | None], timeout: float) -> Ready:
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if started.process.poll() is not None:
            raise _failure(started)
        answer = ready(started.process.pid)
        if answer is not None:
            return answer
        time.sleep(PAUSE)
    raise StartRefused(f"{started.program.name} was not ready after {timeout:.0f} s: {_last_line(started)}")


def _stop(process: subprocess.Popen[bytes], stop_signal: signal.Signals, patience: float) -> None:
    if process.poll() is not None:
        return
    process.send_signal(stop_signal)
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(20)


def _failure(started: Started) -> StartRefused:
    program = started.program
    return StartRefused(f"{program.name} did not start: {_last_line(started)} (log: {program.log})")


def _last_line(started: Started) -> str:
    """The last that tells of a failure, or the last at all."""
    text = started.program.log.read_bytes()[started.begin :].decode(errors="replace")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if "FATAL" in line or "[FTL]" in line or "error" in line.lower()]
    return (telling or lines or ["it said nothing"])[-1]


def _found(executable: str, folder: Path) -> Sequence[int]:
    place = str(folder.resolve())
    return [
        int(entry.name)
        for entry in Path("/proc").glob("[0-9]*")
        if _link(entry / "cwd") == place
        and Path(_link(entry / "exe").removesuffix(" (deleted)")).name == executable
    ]


def _is_leader(pid: int, executable: str) -> bool:
    """The server itself: PostgreSQL's own children say "postgres: what they do" where the program's name was."""
    try:
        name = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return Path(os.fsdecode(name)).name == executable


def _link(path: Path) -> str:
    try:
        return str(path.readlink())
    except (FileNotFoundError, PermissionError, ProcessLookupError):
        return ""


def _send(pid: int, what: signal.Signals) -> None:
    try:
        os.kill(pid, what)
    except ProcessLookupError:
        return
