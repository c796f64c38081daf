"""docker-compose.yml and the Dockerfile name only what exists: commands, roles, settings, ports, folders."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from infrastructure.settings import PREFIX, Settings, setting_descriptions, settings_from
from interfaces.bootstrap import ROLES
from interfaces.cli.main import cli
from interfaces.cli.serve import serve

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: one for name, one in SERVICES.items() if str(one.get("image", "")).startswith("verbatim")}
GIVEN = re.compile(r"\$\{(\w+)(?::[-?][^}]*)?\}")


def instructions() -> list[tuple[str, str]]:
    """(instruction, its argument) of the Dockerfile, continued lines joined."""
    text = re.sub(r"\\\n\s*", " ", (ROOT / "Dockerfile").read_text())
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(name, rest.strip()) for name, _, rest in (line.partition(" ") for line in lines)]


def arguments(instruction: str) -> list[str]:
    return [rest for name, rest in instructions() if name == instruction]


def image_settings() -> dict[str, str]:
    """What the image's last stage sets."""
    return dict(part.split("=", 1) for line in arguments("ENV") for part in line.split())


def commands() -> dict[str, list[str]]:
    """What each of our processes is started with, and the image by itself."""
    given = {name: one["command"] for name, one in OURS.items()}
    return {**given, "the image": json.loads(arguments("CMD")[-1])}


@pytest.mark.parametrize("name", list(commands()))
def test_every_command_can_be_parsed_by_the_command_line(name: str) -> None:
    command, *rest = commands()[name]
    found = cli.get_command(click.Context(cli), command)
    assert found is not None, command
    found.make_context(command, rest)


def test_every_role_runs_and_two_apis_and_two_relays_do() -> None:
    parsed = [serve.make_context("serve", rest) for command, *rest in commands().values() if command == "serve"]
    roles = [role for context in parsed[:-1] for role in context.params["roles"]]
    assert sorted(set(roles)) == sorted(ROLES)
    assert (roles.count("api"), roles.count("relay")) == (2, 2)


def test_every_setting_exists_and_they_suffice() -> None:
    known = set(setting_descriptions())
    named = set(image_settings()) | {name for one in OURS.values() for name in one["environment"]}
    assert {name for name in named if name.startswith(PREFIX)} <= known
    assert {
        name for name in GIVEN.findall((ROOT / "docker-compose.yml").read_text()) if name[:9] == PREFIX
    } <= known
    for one in OURS.values():
        given = {name: GIVEN.sub("x" * 40, value) for name, value in one["environment"].items()}
        # Where nothing is given, an optional setting is empty, which is the same as absent.
        optional = {name: "" for name, value in one["environment"].items() if ":-}" in value}
        settings = settings_from({**image_settings(), **given, **optional, "VERBATIM_PUBLIC_URL": "http://x"})
        assert isinstance(settings, Settings)
        assert (settings.host, settings.log_format) == ("0.0.0.0", "json")


def test_the_addresses_are_those_of_the_services() -> None:
    postgres, nats = SERVICES["postgres"], SERVICES["nats"]
    for one in OURS.values():
        url = one["environment"]["VERBATIM_DATABASE_URL"]
        assert url.endswith(f"@postgres:5432/{postgres['environment']['POSTGRES_DB']}")
        assert one["environment"]["VERBATIM_NATS_URL"] == "nats://nats:4222"
        assert set(one["depends_on"]) <= set(SERVICES)
    assert "--jetstream" in nats["command"]
    monitor = nats["command"][nats["command"].index("--http_port") + 1]
    assert f":{monitor}/healthz" in nats["healthcheck"]["test"][1]
    mounted = {volume.partition(":")[0] for one in SERVICES.values() for volume in one.get("volumes", [])}
    assert mounted == set(COMPOSE["volumes"])


def test_every_published_port_is_the_one_that_the_image_listens_on() -> None:
    port = image_settings()["VERBATIM_PORT"]
    assert arguments("EXPOSE") == [port]
    published = [entry for one in OURS.values() for entry in one.get("ports", [])]
    assert len(published) == len(set(published)) == 2
    for entry in published:
        host, _, inner = entry.rpartition(":")
        assert inner == port
        assert host.startswith("127.0.0.1:")


def test_the_image_is_an_ordinary_users_and_says_whether_it_is_well() -> None:
    user = arguments("USER")[-1]
    assert user not in {"root", "0"}
    assert any("useradd" in line and line.endswith(user) for line in arguments("RUN"))
    last = [name for name, _ in instructions()]
    assert last.index("USER") > last.index("FROM", 1)
    health = arguments("HEALTHCHECK")[-1]
    assert f"127.0.0.1:{image_settings()['VERBATIM_PORT']}/health/ready" in health
    assert json.loads(arguments("ENTRYPOINT")[-1]) == ["verbatim"]
    for one in OURS.values():
        assert one["read_only"] is True
        assert one["cap_drop"] == ["ALL"]
        assert "user" not in one


def test_what_is_copied_exists_and_every_room_is_copied() -> None:
    ignored = (ROOT / ".dockerignore").read_text().split()
    copied = [line.split()[:-1] for line in arguments("COPY") if not line.startswith("--from")]
    sources = [source for one in copied for source in one]
    assert [source for source in sources if not (ROOT / source).exists()] == []
    assert not set(sources) & set(ignored)
    assert {"domain", "application", "infrastructure", "projections", "interfaces"} <= set(sources)
    locks = re.findall(r"requirements/\S+\.lock", (ROOT / "Dockerfile").read_text())
    assert locks
    assert all((ROOT / lock).exists() for lock in locks)
