"""`verbatim dev`: one command starts everything, tells where it is, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import socket
import time
from pathlib import Path

import httpx
import pytest

from tests.interfaces.cli.conftest import Dev
from tests.support.processes import Announced, access_token, living_in, ran, running, seed_question, until

SECOND_START_SECONDS = 10.0


def arguments(data_dir: Path, *more: str) -> tuple[str, ...]:
    return ("dev", "--json", "--port", "0", "--data-dir", str(data_dir), *more)


def lasting(demo: Announced) -> tuple[object, ...]:
    """What every start prints alike."""
    return demo.tenant_id, demo.widget_id, demo.widget_token, demo.assistant_id, demo.users, demo.data_dir


def conversations(demo: Announced) -> list[str]:
    answer = httpx.get(
        f"{demo.url}/api/v1/chat/agent/conversations",
        headers={"Authorization": f"Bearer {access_token(demo, 'agent')}"},
        timeout=10,
    )
    return [row["id"] for row in answer.json()["data"]]


def test_it_says_where_everything_is_once_it_serves(tmp_path: Path) -> None:
    with running(tmp_path / "log", *arguments(tmp_path / "data")) as dev:
        demo = dev.announced()
        ready = httpx.get(f"{demo.url}/health/ready", timeout=5)
        answer = seed_question(demo, "How long does shipping take?")
        assert (ready.status_code, ready.json()["ready"]) == (200, True)
        assert {part["name"] for part in ready.json()["parts"]} == {
            "log",
            "nats",
            "relay",
            "projections",
            "reactor",
            "webhooks",
        }
        assert answer.status_code == 200, answer.text
        assert "working days" in answer.json()["message"]
        assert answer.json()["metadata"]["citations"]
        roles = sorted(user.role for user in demo.users)
        assert roles == ["agent", "agent", "analyst", "auditor", "owner"]
        assert demo.data_dir == str(tmp_path / "data")
        assert dev.stop(signal.SIGINT) == 0, dev.complaints()
        assert dev.rest() == b""
        assert living_in(tmp_path) == []

    begin = time.monotonic()
    with running(tmp_path / "log", *arguments(tmp_path / "data")) as again:
        second = again.announced()
        assert time.monotonic() - begin < SECOND_START_SECONDS
        assert lasting(second) == lasting(demo)
        assert conversations(second) == [answer.json()["conversationId"]]
        assert again.stop(signal.SIGTERM) == 0, again.complaints()
        assert living_in(tmp_path) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("sign", ["verbatim.pid", "postgres/postmaster.pid", "run/nats.json"])
def test_a_start_that_is_interrupted_leaves_nothing_running(
    tmp_path: Path, sign: str, number: signal.Signals
) -> None:
    """As the directory is made, as PostgreSQL starts, and as the demo is made."""
    data_dir = tmp_path / "data"
    with running(tmp_path / "log", *arguments(data_dir)) as dev:
        until((data_dir / sign).exists, 40)
        assert dev.stop(number) == 0, dev.complaints()
        assert dev.rest() == b""
    assert dev.complaints().count("Traceback") == 0, dev.complaints()
    until(lambda: living_in(tmp_path) == [], 5)


def test_a_second_dev_in_the_same_directory_is_refused(dev: Dev) -> None:
    refused = ran(*arguments(dev.data_dir))
    sentence = f"Verbatim is already running in {dev.data_dir} (pid {dev.verbatim.process.pid}).\n"
    assert (refused.returncode, refused.stdout, refused.stderr) == (2, "", sentence)
    reset = ran(*arguments(dev.data_dir, "--reset"))
    assert (reset.returncode, reset.stdout, reset.stderr) == (2, "", sentence)
    assert httpx.get(f"{dev.demo.url}/health/ready", timeout=5).status_code == 200


def test_a_busy_port_is_refused_and_nothing_is_made(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        refused = ran("dev", "--port", str(port), "--data-dir", str(tmp_path / "data"))
    sentence = f"Port {port} on 127.0.0.1 cannot be used: Address already in use.\n"
    assert (refused.returncode, refused.stdout, refused.stderr) == (2, "", sentence)
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("more", [[], ["--reset"]])
def test_a_foreign_directory_is_refused_and_left_alone(tmp_path: Path, more: list[str]) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    refused = ran(*arguments(tmp_path, *more))
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.startswith(f"{tmp_path} is not empty and not a data directory of Verbatim")
    assert refused.stderr.count("\n") == 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_directory_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        place = Path("/proc/verbatim-data")  # the one place where root may not write either
    else:
        place = tmp_path / "closed" / "data"
        place.parent.mkdir(mode=0o500)
    refused = ran(*arguments(place))
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.startswith(f"{place} cannot be used as a data directory: ")
    assert refused.stderr.count("\n") == 1


def test_reset_begins_anew_and_people_are_told_where_to_look(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    with running(tmp_path / "log", *arguments(data_dir)) as dev:
        before = dev.announced()
        dev.process.send_signal(signal.SIGINT)
        until(lambda: not (data_dir / "run" / "nats.json").exists())
        assert dev.stop(signal.SIGINT) == 0, dev.complaints()  # the second Ctrl-C disturbs nothing
        assert living_in(tmp_path) == []
    with running(tmp_path / "log", "dev", "--port", "0", "--data-dir", str(data_dir), "--reset") as dev:
        said = [dev.line().decode()]
        while "Ctrl-C" not in said[-1]:
            said.append(dev.line().decode())
        assert dev.stop() == 0, dev.complaints()
    welcome = "".join(said)
    for needed in ("/demo\n", "/agent\n", "/api/docs\n", "owner@", "ada@", "auditor@", "Tenant tnt_"):
        assert needed in welcome
    assert before.tenant_id not in welcome
