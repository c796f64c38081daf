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
        with self._made() as name:
            yield make_conninfo(self._server, dbname=name)

    @contextmanager
    def copy(self, template: str) -> Generator[str]:
        """The same of a copy of the database `template`, to which nobody is connected."""
        with self._made(f'TEMPLATE "{template}" STRATEGY file_copy') as name:
            self._owner.execute(f'GRANT CREATE ON DATABASE "{name}" TO verbatim_worker')
            yield make_conninfo(self._server, dbname=name)

    @contextmanager
    def _made(self, how: str = "") -> Generator[str]:
        name = f"test_{uuid.uuid4().hex[:12]}"
        self._owner.execute(f'CREATE DATABASE "{name}" {how}')
        yield name
        self._owner.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
