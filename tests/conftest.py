"""What the tests share: a real PostgreSQL with one fresh migrated database per test, a real nats-server."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from infrastructure.embedded.datadir import open_data_directory
from infrastructure.embedded.nats import NatsServer, running_nats
from infrastructure.embedded.postgres import running_postgres
from infrastructure.garbage import settle
from infrastructure.migrate import migrate
from infrastructure.nats.connection import nats_connection
from infrastructure.postgres import Database
from infrastructure.projector.builds import install_builds
from projections.registry import PROJECTIONS
from tests.support.databases import Databases

LONG = (
    "tests/journeys/",
    "tests/conformance/",
    "tests/faults/",
    "tests/house/test_tools",
    "tests/interfaces/cli/",
)
MEMORY = Path("/dev/shm")
ROOM = 4 * 2**30
"""Bytes that the databases of a few processes' tests take at once, with plenty to spare."""


SETTINGS = {"shared_buffers": "128MB"}
"""Small databases that live for a second: more would only be memory that each connection maps anew."""


def pytest_configure() -> None:
    """Everything temporary lies in memory where there is room: on a disk, dropping a database takes a second."""
    if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that take minutes begin first: at the end the other processes would only wait for them."""
    items.sort(
        key=lambda item: min([at for at, name in enumerate(LONG) if name in item.nodeid], default=len(LONG))
    )


def pytest_collection_finish() -> None:
    """As the product does once it is up: what was imported and collected is not looked at for garbage again."""
    settle()


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """conninfo of a server for this test run (VERBATIM_TEST_SERVER: one that runs already)."""
    given = os.environ.get("VERBATIM_TEST_SERVER")
    if given:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="vb-", dir=os.environ.get("PYTEST_DEBUG_TEMPROOT")) as folder:
        Path(folder).chmod(
            0o711
        )  # as root without user namespaces PostgreSQL runs as nobody, and must get through
        with open_data_directory(Path(folder) / "d") as directory, running_postgres(directory, SETTINGS) as server:
            yield server.dsn


@pytest.fixture(scope="session")
def databases(postgres_server: str) -> Iterator[Databases]:
    with psycopg.connect(postgres_server, autocommit=True) as owner:
        yield Databases(postgres_server, owner)


@pytest.fixture(scope="session")
def migrated_template(databases: Databases) -> Iterator[str]:
    """Name of a migrated database that each test's own is copied from."""
    with databases.empty() as url:
        migrate(url)
        yield str(conninfo_to_dict(url)["dbname"])


@pytest.fixture(scope="session")
def built_template(databases: Databases, migrated_template: str) -> Iterator[str]:
    """Name of a copy of it that has the read models' tables too, as a process makes them before it serves."""
    with databases.copy(migrated_template) as url:
        asyncio.run(_install_builds(url))
        yield str(conninfo_to_dict(url)["dbname"])


@pytest.fixture
def empty_url(databases: Databases) -> Iterator[str]:
    """A database with nothing in it."""
    with databases.empty() as url:
        yield url


@pytest.fixture
def database_url(databases: Databases, migrated_template: str) -> Iterator[str]:
    """A fresh, migrated database of this test alone (owner login; the program takes its roles itself)."""
    with databases.copy(migrated_template) as url:
        yield url


@pytest.fixture
def built_url(databases: Databases, built_template: str) -> Iterator[str]:
    """The same, with empty read models."""
    with databases.copy(built_template) as url:
        yield url


async def _install_builds(url: str) -> None:
    database = Database(url)
    await database.open()
    async with database.worker() as connection:
        await install_builds(connection, PROJECTIONS)
    await database.close()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """Both pools, open, on a fresh database."""
    pools = Database(database_url)
    await pools.open()
    yield pools
    await pools.close()


@pytest.fixture(scope="session")
def nats_of_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    """A nats-server with JetStream; starting one takes as long as a short test."""
    with (
        open_data_directory(tmp_path_factory.mktemp("nats") / "data") as directory,
        running_nats(directory) as server,
    ):
        yield server


@pytest.fixture
def nats_server(nats_of_process: NatsServer) -> Iterator[NatsServer]:
    """It, with nothing in it and nobody else there. Whoever kills or freezes one takes a Broker of their own."""
    yield nats_of_process
    asyncio.run(_remove_streams(nats_of_process.url))


async def _remove_streams(url: str) -> None:
    async with nats_connection(url, "tests") as nats:
        api = nats.jsm()
        for stream in await api.streams_info():
            await api.delete_stream(str(stream.config.name))
