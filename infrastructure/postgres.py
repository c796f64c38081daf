"""PostgreSQL connections: one pool that sees a single tenant per transaction, one that sees all."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Literal

from psycopg import AsyncConnection
from psycopg.conninfo import make_conninfo
from psycopg_pool import AsyncConnectionPool

from infrastructure.arrays import ArrayDumper, BinaryArray

Role = Literal["verbatim_api", "verbatim_worker"]
Connection = AsyncConnection[tuple[Any, ...]]

SESSION = "-c statement_timeout=5s -c lock_timeout=2s -c idle_in_transaction_session_timeout=10s"
KEEPALIVE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "connect_timeout": 5}


def conninfo(url: str, role: Role | None, statement_timeout: str = "5s") -> str:
    """`url` with our session limits; `role` None stays whoever logs in (migrations only)."""
    options = SESSION.replace("statement_timeout=5s", f"statement_timeout={statement_timeout}")
    if role is not None:
        options += f" -c role={role}"
    return make_conninfo(url, options=options, application_name="verbatim", **KEEPALIVE)


async def connect(url: str, role: Role | None = "verbatim_worker", statement_timeout: str = "5s") -> Connection:
    """A connection of its own, autocommit: for what holds a lock or keeps an order. Raises OperationalError."""
    connection = await AsyncConnection.connect(conninfo(url, role, statement_timeout), autocommit=True)
    connection.prepare_threshold = 0
    return connection


async def _configure(connection: Connection) -> None:
    connection.adapters.register_dumper(BinaryArray, ArrayDumper)


class Database:
    """Both pools of this process."""

    def __init__(self, url: str, api_size: int = 12, worker_size: int = 6) -> None:
        self.url = url
        self._api = _pool(conninfo(url, "verbatim_api"), api_size)
        self._worker = _pool(conninfo(url, "verbatim_worker", "60s"), worker_size)

    async def open(self) -> None:
        await self._api.open()
        await self._worker.open()

    async def close(self) -> None:
        await self._api.close()
        await self._worker.close()

    @asynccontextmanager
    async def tenant(self, tenant_id: int) -> AsyncGenerator[Connection]:
        """A transaction in which only this tenant's rows exist. Statements are pipelined.

        Raises psycopg_pool.PoolTimeout after 5 s without a free connection.
        """
        async with self._api.connection() as connection, connection.pipeline(), connection.transaction():
            await connection.execute("SELECT set_config('verbatim.tenant', %s, true)", (str(tenant_id),))
            yield connection

    @asynccontextmanager
    async def worker(self) -> AsyncGenerator[Connection]:
        """An autocommit connection that sees all tenants: relay, projector, reactors, audit, set-up."""
        async with self._worker.connection() as connection:
            yield connection


def _pool(info: str, size: int) -> AsyncConnectionPool[Connection]:
    return AsyncConnectionPool(
        info,
        min_size=1,
        max_size=size,
        open=False,
        timeout=5,
        kwargs={"autocommit": True},
        check=None,
        configure=_configure,
    )
