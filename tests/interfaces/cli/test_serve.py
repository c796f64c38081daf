"""`verbatim serve`: one process of an installation, or several on one port."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path

import httpx
import pytest

from infrastructure.embedded.nats import NatsServer
from tests.interfaces.cli.conftest import SECRET, Command
from tests.interfaces.cli.shops import opened
from tests.support.processes import logged_in, ran, running, until

PASSWORD = "a password of some length"


@pytest.fixture
def settings(database_url: str, nats_server: NatsServer) -> dict[str, str]:
    return {"database_url": database_url, "nats_url": nats_server.url, "secret": SECRET}


def parts(url: str) -> set[str]:
    answer = httpx.get(f"{url}/health/ready", timeout=5)
    assert answer.status_code == 200, answer.text
    return {part["name"] for part in answer.json()["parts"]}


def children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def gone(pid: int) -> bool:
    try:
        return "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_without_a_role_it_does_everything_and_stops_in_good_order(
    tmp_path: Path, settings: dict[str, str], number: signal.Signals
) -> None:
    with running(tmp_path / "log", "serve", "--port", "0", **settings) as verbatim:
        line = verbatim.line().decode()
        assert line.startswith("api+relay+projector+reactor http://127.0.0.1:")
        assert parts(line.split()[-1]) == {"log", "nats", "relay", "projections", "reactor", "webhooks"}
        assert verbatim.stop(number) == 0
        assert "Traceback" not in verbatim.complaints()


def test_a_role_has_only_its_parts_and_no_api(tmp_path: Path, settings: dict[str, str]) -> None:
    with running(
        tmp_path / "log", "serve", "--role", "relay", "--role", "projector", "--port", "0", **settings
    ) as one:
        url = one.url()
        assert parts(url) == {"log", "nats", "relay", "projections"}
        assert httpx.post(f"{url}/api/v1/auth/login", json={}, timeout=5).status_code == 404
        assert httpx.get(f"{url}/metrics", timeout=5).status_code == 200


def test_a_busy_port_is_refused(settings: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        for workers in ("1", "2"):
            refused = ran("serve", "--port", str(busy.getsockname()[1]), "--workers", workers, **settings)
            assert (refused.returncode, refused.stdout, refused.stderr.count("\n")) == (2, "", 1)


def test_an_unknown_role_is_refused(command: Command) -> None:
    outcome = command("serve", "--role", "king")
    assert outcome.code == 2
    assert "'king'" in outcome.err


@pytest.mark.parametrize("missing", ["database_url", "nats_url"])
def test_without_its_servers_it_ends_with_a_sentence(settings: dict[str, str], missing: str) -> None:
    absent = {"database_url": "host=127.0.0.1 port=1 dbname=x", "nats_url": "nats://127.0.0.1:1"}
    ended = ran("serve", "--port", "0", **settings | {missing: absent[missing]})
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "Traceback" not in ended.stderr
    assert f"VERBATIM_{missing.upper()}" in ended.stderr.splitlines()[-1]


def test_workers_share_a_port_and_one_that_dies_is_replaced(tmp_path: Path, settings: dict[str, str]) -> None:
    opened(settings["database_url"], 7)
    with running(tmp_path / "log", "serve", "--workers", "2", "--port", "0", **settings) as parent:
        url = parent.url()
        assert parent.url() == url
        first, second = children(parent.process.pid)
        os.kill(first, signal.SIGKILL)
        assert parent.url() == url
        assert len(children(parent.process.pid)) == 2
        assert second in children(parent.process.pid)
        until(lambda: logged_in(url, "owner@tnt_7.test", PASSWORD)["accessToken"])
        workers = children(parent.process.pid)
        taken = ran("serve", "--workers", "2", "--port", url.rpartition(":")[2], **settings)
        assert taken.returncode == 2
        assert parent.stop() == 0
        assert all(gone(pid) for pid in workers)


def test_workers_end_with_their_parent_whatever_ends_it(tmp_path: Path, settings: dict[str, str]) -> None:
    with running(tmp_path / "log", "serve", "--workers", "2", "--port", "0", **settings) as parent:
        parent.url()
        workers = children(parent.process.pid)
        parent.kill()
        until(lambda: all(gone(pid) for pid in workers))
