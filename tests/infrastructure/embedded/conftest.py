"""Short folders: pytest's own are too long for a unix socket and closed to the user nobody."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from infrastructure.embedded.datadir import open_data_directory
from infrastructure.embedded.postgres import running_postgres


@pytest.fixture
def home() -> Iterator[Path]:
    """A path at which nothing is yet."""
    with tempfile.TemporaryDirectory(prefix="vb-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder) / "d"


@pytest.fixture(scope="session")
def made() -> Iterator[Path]:
    """A data directory with a database that was started once; nothing runs in it."""
    with tempfile.TemporaryDirectory(prefix="vb-") as folder:
        Path(folder).chmod(0o711)
        path = Path(folder) / "d"
        with open_data_directory(path) as directory, running_postgres(directory):
            pass
        yield path
