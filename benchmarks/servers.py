"""The servers a benchmark runs against: the very PostgreSQL and nats-server that `verbatim dev` starts."""

from __future__ import annotations

import uuid
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from infrastructure.embedded.datadir import open_data_directory
from infrastructure.embedded.nats import NatsServer, running_nats
from infrastructure.embedded.postgres import PostgresServer, running_postgres
from infrastructure.migrate import migrate

MASTER_KEY = b"benchmark".ljust(32, b".")


class Servers(msgspec.Struct, frozen=True):
    postgres: PostgresServer
    nats: NatsServer

    def empty_database(self) -> str:
        """conninfo of a new database without anything, on a server at rest.

        After a checkpoint: nobody pays for the pages that the one before left dirty, and as on a server that has
        run for a while, files of its log are used again instead of made.
        """
        name = f"bench_{uuid.uuid4().hex[:12]}"
        with psycopg.connect(self.postgres.dsn, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
            connection.execute("CHECKPOINT")
        return make_conninfo(self.postgres.dsn, dbname=name)

    def migrated_database(self) -> str:
        """conninfo of a new Verbatim."""
        url = self.empty_database()
        migrate(url)
        return url

    def copied_database(self, url: str) -> str:
        """conninfo of a copy of that database, to which nobody is connected."""
        name, original = f"bench_{uuid.uuid4().hex[:12]}", conninfo_to_dict(url)["dbname"]
        with psycopg.connect(self.postgres.dsn, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{original}"')
        return make_conninfo(self.postgres.dsn, dbname=name)


@contextmanager
def running_servers(folder: Path) -> Generator[Servers]:
    """Fresh ones with the product's own settings: fsync and synchronous_commit are on. Not cold: see `_warm`."""
    with (
        open_data_directory(folder / "data") as directory,
        running_postgres(directory) as postgres,
        running_nats(directory) as nats,
    ):
        _warm(postgres.dsn)
        yield Servers(postgres, nats)


def _warm(dsn: str) -> None:
    """Every one of PostgreSQL's buffers has held a page, as on a server that has run for a while.

    Memory is there only once it is touched. In a virtual machine that takes up to 7 microseconds for 4 kB: a sixth
    of what storing an event costs, paid by whoever stores most.
    """
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("CREATE UNLOGGED TABLE filling (body text STORAGE PLAIN) WITH (fillfactor = 10)")
        connection.execute(
            "INSERT INTO filling SELECT repeat('x', 4000) "  # one row a page
            "FROM generate_series(1, (SELECT setting::int FROM pg_settings WHERE name = 'shared_buffers'))"
        )
        connection.execute("DROP TABLE filling")
