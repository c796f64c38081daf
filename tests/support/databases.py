"""Databases of tests: empty ones, and copies of one that was migrated once."""

from __future__ import annotations

import uuid
from collections.abc import Generator
from contextlib import contextmanager

import psycopg
from psycopg.conninfo import make_conninfo


class Databases:
    """Of one server. `owner`, connected for as long as tests run: each connection costs 9 ms of a processor."""

    def __init__(self, server: str, owner: psycopg.Connection) -> None:
        self._server = server
        self._owner = owner

    @contextmanager
    def empty(self) -> Generator[str]:
        """conninfo of one with nothing in it, for the length of the context."""
        name = f"test_{uuid.uuid4().hex[:12]}"
        self._owner.execute(f'CREATE DATABASE "{name}"')
        yield make_conninfo(self._server, dbname=name)
        self._drop(name)

    @contextmanager
    def copy(self, template: str) -> Generator[str]:
        """The same of a copy of the database `template`, to which nobody is connected."""
        name = f"test_{uuid.uuid4().hex[:12]}"
        self._owner.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
        self._owner.execute(f'GRANT CREATE ON DATABASE "{name}" TO verbatim_worker')
        yield make_conninfo(self._server, dbname=name)
        self._drop(name)

    def _drop(self, name: str) -> None:
        self._owner.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
