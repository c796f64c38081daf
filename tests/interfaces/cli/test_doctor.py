"""`verbatim doctor`: is everything there, and as it must be."""

from __future__ import annotations

import msgspec
import psycopg
import pytest

from infrastructure.embedded.nats import NatsServer
from tests.interfaces.cli.conftest import Command, Dev


def findings(out: str) -> dict[str, bool]:
    return {one["name"]: one["ok"] for one in msgspec.json.decode(out)}


def test_a_running_dev_is_well(command: Command, dev: Dev) -> None:
    outcome = command("doctor", "--json", "--data-dir", str(dev.data_dir))
    assert outcome.code == 0, outcome.out
    assert findings(outcome.out) == dict.fromkeys(
        ["postgresql", "fsync", "full_page_writes", "synchronous_commit", "migrations", "nats"], True
    )


def test_what_is_missing_is_named_and_the_exit_code_is_1(
    command: Command, installed: str, nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(installed, autocommit=True) as connection:
        connection.execute("DELETE FROM public.verbatim_migration WHERE name LIKE '0004%'")
        name = connection.info.dbname
        connection.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
    monkeypatch.setenv("VERBATIM_NATS_URL", nats_server.url)
    outcome = command("doctor")
    assert outcome.code == 1
    bad = [line.split()[1] for line in outcome.out.splitlines() if line.startswith("BAD")]
    assert bad == ["synchronous_commit", "migrations"]
    assert "0004_access.sql" in outcome.out


def test_absent_servers_are_findings_not_tracebacks(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERBATIM_DATABASE_URL", "host=127.0.0.1 port=1 dbname=x")
    monkeypatch.setenv("VERBATIM_NATS_URL", "nats://127.0.0.1:1")
    monkeypatch.setenv("VERBATIM_SECRET", "s" * 40)
    outcome = command("doctor", "--json")
    assert outcome.code == 1
    assert findings(outcome.out) == {"postgresql": False, "nats": False}
