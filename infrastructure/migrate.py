"""Migrations: numbered SQL files, each once, in order, in one transaction, under a lock, its checksum kept."""

from __future__ import annotations

import hashlib
from importlib.resources import files

import msgspec
import psycopg

from infrastructure.postgres import conninfo

LOCK = 7003


class Migration(msgspec.Struct, frozen=True):
    """One file of `infrastructure/migrations`; `checksum` is the SHA-256 of its text."""

    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


class MigrationChanged(Exception):
    """A migration that was applied here reads differently now. Add a new file instead of changing one."""


def migrations() -> tuple[Migration, ...]:
    """All files, in order of their numbers."""
    folder = files("infrastructure").joinpath("migrations")
    found = [Migration(file.name, file.read_text()) for file in folder.iterdir() if file.name.endswith(".sql")]
    return tuple(sorted(found, key=lambda migration: migration.name))


def migrate(url: str) -> tuple[str, ...]:
    """Apply what is missing; returns the names applied. Raises MigrationChanged, psycopg.Error."""
    with psycopg.connect(conninfo(url, None, "300s"), autocommit=True) as connection:
        connection.execute("SET lock_timeout = '60s'")
        connection.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
        connection.execute(
            "CREATE TABLE IF NOT EXISTS public.verbatim_migration "
            "(name text PRIMARY KEY, checksum text NOT NULL, at timestamptz NOT NULL DEFAULT now())"
        )
        return tuple(one.name for one in migrations() if _apply(connection, one))


def _apply(connection: psycopg.Connection, migration: Migration) -> bool:
    known = connection.execute(
        "SELECT checksum FROM public.verbatim_migration WHERE name = %s", (migration.name,)
    ).fetchone()
    if known is not None and known[0] != migration.checksum:
        raise MigrationChanged(migration.name)
    if known is not None:
        return False
    with connection.transaction():
        connection.execute(migration.sql.encode())
        connection.execute(
            "INSERT INTO public.verbatim_migration (name, checksum) VALUES (%s, %s)",
            (migration.name, migration.checksum),
        )
    return True
