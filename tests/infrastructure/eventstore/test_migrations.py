"""Migrations: each once, in order, by whoever comes first; one that was changed afterwards is refused."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from infrastructure.migrate import MigrationChanged, migrate, migrations


def test_the_files_are_numbered_from_1_without_a_gap() -> None:
    numbers = [int(migration.name[:4]) for migration in migrations()]
    assert numbers == list(range(1, len(numbers) + 1))


def test_processes_that_start_together_apply_each_migration_once(empty_url: str) -> None:
    with ThreadPoolExecutor(3) as threads:
        applied = list(threads.map(migrate, [empty_url] * 3))
    assert sorted(name for names in applied for name in names) == [one.name for one in migrations()]
    assert migrate(empty_url) == ()


def test_a_migration_that_was_changed_after_it_was_applied_is_refused(
    database_url: str, owner: psycopg.Connection
) -> None:
    owner.execute("UPDATE public.verbatim_migration SET checksum = 'another' WHERE name LIKE '0002%'")
    with pytest.raises(MigrationChanged, match="0002"):
        migrate(database_url)


def test_every_table_with_a_tenant_is_guarded_by_row_level_security(owner: psycopg.Connection) -> None:
    """Partitions are reached through their parent only: nobody holds a right to them."""
    unguarded = owner.execute(
        "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid "
        "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE a.attname = 'tenant_id' AND c.relkind IN ('r', 'p') "
        "AND n.nspname NOT LIKE 'pg%' AND NOT c.relrowsecurity AND NOT c.relispartition"
    ).fetchall()
    assert unguarded == []
