"""Read models on a real database, folded from a log in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractAsyncContextManager

import pytest

from application.log import Recorded
from application.projection import Projection
from infrastructure.postgres import Connection, Database
from projections.registry import PROJECTIONS
from tests.support.databases import Databases
from tests.support.house import TENANT, House
from tests.support.memory_log import MemoryLog


class ReadModels:
    """The first build of every projection. `fold` folds what was recorded since, as one page."""

    def __init__(self, database: Database, log: MemoryLog) -> None:
        self._database = database
        self._log = log
        self._folded = 0

    async def fold(self) -> None:
        page = self._log.recorded[self._folded :]
        async with self._database.worker() as connection:
            for projection in PROJECTIONS:
                await fold_page(connection, projection, 1, page)
        self._folded = len(self._log.recorded)

    def tenant(self, tenant_id: int = TENANT) -> AbstractAsyncContextManager[Connection]:
        return self._database.tenant(tenant_id)


async def fold_page(connection: Connection, projection: Projection, build: int, page: Sequence[Recorded]) -> None:
    """What the projector does with a page, but for the position."""
    async with connection.transaction():
        await projection.fold(connection, build, [one for one in page if one.type in projection.concerns])


@pytest.fixture
def database_url(request: pytest.FixtureRequest, databases: Databases) -> Iterator[str]:
    """Has the first build of every projection where a test asks for `models`; else it makes its own tables."""
    name = "built_template" if "models" in request.fixturenames else "migrated_template"
    with databases.copy(request.getfixturevalue(name)) as url:
        yield url


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture
def models(database: Database, house: House) -> ReadModels:
    assert isinstance(house.log, MemoryLog)
    return ReadModels(database, house.log)
