"""The data directory: one folder that holds the databases, the secrets and the logs of one Verbatim."""

from __future__ import annotations

import fcntl
import os
import pwd
import secrets
import shutil
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import msgspec

PRODUCT = "verbatim"
FORMAT = 1
MARKER = "verbatim.json"
HOLDER = "verbatim.pid"
HARMLESS = {"lost+found", f"{MARKER}.new"}
LONGEST_SOCKET_PATH = 100
SOCKET = ".s.PGSQL.5432"
SHORT_RUN = "verbatim-"


class StartRefused(Exception):
    """Nothing was started. The message is one sentence for the person who typed the command."""


class DataDirectory(msgspec.Struct, frozen=True):
    """Folders of one Verbatim, all for its user alone.

    `run` is for unix sockets: a folder of `path`, or a private temporary one where that path is too long.
    """

    path: Path
    run: Path

    @property
    def postgres(self) -> Path:
        return self.path / "postgres"

    @property
    def nats(self) -> Path:
        return self.path / "nats"

    @property
    def secrets(self) -> Path:
        return self.path / "secrets"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    def secret(self, name: str) -> str:
        """43 characters that fit in a URL, made at random when first asked for and the same ever after."""
        file = self.secrets / name
        if not file.exists():
            write_private(file, secrets.token_urlsafe(32).encode())
        return file.read_text()


class Marker(msgspec.Struct, frozen=True):
    """`verbatim.json`: this folder is ours, and laid out like this."""

    product: str
    format: int


class Holder(msgspec.Struct, frozen=True):
    """`verbatim.pid`: who has the directory open, and where its sockets are. Outlives a kill -9."""

    pid: int
    run: str


@contextmanager
def open_data_directory(path: Path) -> Generator[DataDirectory]:
    """Make `path`, or reopen it, for this process alone. Raises StartRefused."""
    path = path.resolve()
    try:
        lock = _enter(path)
    except OSError as error:
        raise _unusable(path, error) from error
    try:
        try:
            directory = _prepare(path)
        except OSError as error:
            raise _unusable(path, error) from error
        try:
            yield directory
        finally:
            (path / HOLDER).unlink(missing_ok=True)
            _drop_run(path, directory.run)
    finally:
        fcntl.flock(lock, fcntl.LOCK_UN)
        os.close(lock)


def attach_data_directory(path: Path) -> DataDirectory:
    """The directory of the Verbatim that runs in `path`, in whatever process. Raises StartRefused if none does."""
    path = path.resolve()
    try:
        lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            running = not _try_lock(lock, fcntl.LOCK_SH)
        finally:
            os.close(lock)
        holder = _holder(path)
    except OSError as error:
        raise _unusable(path, error) from error
    if not running or holder is None:
        raise StartRefused(f"Verbatim is not running in {path}.")
    return DataDirectory(path, Path(holder.run))


def write_private(file: Path, content: bytes) -> None:
    """Replace `file` by one of mode 0600 with this content: after a crash it is the old one or the new one."""
    new = file.with_name(f"{file.name}.new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    new.replace(file)


def _enter(path: Path) -> int:
    """The lock, held: a descriptor of the folder itself, so that nothing is written into a foreign one."""
    if path.is_file():
        raise StartRefused(f"{path} is a file: choose a folder.")
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    _refuse_stranger(path)
    lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    deadline = time.monotonic() + 0.5  # somebody's attach_data_directory may hold it for an instant
    while not _try_lock(lock, fcntl.LOCK_EX):
        if time.monotonic() > deadline:
            os.close(lock)
            holder = _holder(path)
            who = f" (pid {holder.pid})" if holder else ""
            raise StartRefused(f"Verbatim is already running in {path}{who}.")
        time.sleep(0.02)
    return lock


def _refuse_stranger(path: Path) -> None:
    entries = {entry.name for entry in path.iterdir()} - HARMLESS
    if entries and MARKER not in entries:
        raise StartRefused(f"{path} is not empty and not a data directory of Verbatim: choose an empty folder.")
    owner = path.stat().st_uid
    if owner != os.geteuid():
        raise StartRefused(
            f"{path} belongs to the user {_user(owner)}: start Verbatim as that user or choose another folder."
        )


def _prepare(path: Path) -> DataDirectory:
    marker = path / MARKER
    if not marker.exists():
        write_private(marker, msgspec.json.encode(Marker(PRODUCT, FORMAT)))
        path.chmod(0o700)
    _check_format(path, marker)
    earlier = _holder(path)
    if earlier is not None:
        _drop_run(path, Path(earlier.run))
    directory = DataDirectory(path, _make_run(path))
    for folder in (directory.secrets, directory.logs, directory.nats):
        folder.mkdir(mode=0o700, exist_ok=True)
    write_private(path / HOLDER, msgspec.json.encode(Holder(os.getpid(), str(directory.run))))
    return directory


def _check_format(path: Path, file: Path) -> None:
    try:
        marker = msgspec.json.decode(file.read_bytes(), type=Marker)
    except msgspec.DecodeError as error:
        raise StartRefused(f"{file} is damaged: {path} is not a data directory of Verbatim.") from error
    if marker.product != PRODUCT:
        raise StartRefused(f"{path} belongs to {marker.product}, not to Verbatim: choose an empty folder.")
    if marker.format > FORMAT:
        raise StartRefused(
            f"{path} was written by a newer Verbatim (format {marker.format}, not {FORMAT}): update this one."
        )


def _make_run(path: Path) -> Path:
    run = path / "run"
    if _fits(run):
        run.mkdir(mode=0o700, exist_ok=True)
        return run
    for parent in (tempfile.gettempdir(), "/tmp"):  # noqa: S108 - mkdtemp makes a private folder in it
        if _fits(Path(parent) / f"{SHORT_RUN}12345678"):
            return Path(tempfile.mkdtemp(prefix=SHORT_RUN, dir=parent))
    raise StartRefused(f"The path {path} is too long for a unix socket: choose a shorter one.")


def _fits(run: Path) -> bool:
    return len(os.fsencode(run / SOCKET)) <= LONGEST_SOCKET_PATH


def _drop_run(path: Path, run: Path) -> None:
    if run.name.startswith(SHORT_RUN) and run.parent != path and run.is_dir() and not run.is_symlink():
        shutil.rmtree(run)


def _holder(path: Path) -> Holder | None:
    try:
        return msgspec.json.decode((path / HOLDER).read_bytes(), type=Holder)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def _try_lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _unusable(path: Path, error: OSError) -> StartRefused:
    return StartRefused(f"{path} cannot be used as a data directory: {error.strerror or error}.")


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
