"""`verbatim replay`: the part of the log that was asked for, as NDJSON, at the pace that was asked for."""

from __future__ import annotations

import subprocess
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from tests.interfaces.cli.conftest import Command
from tests.interfaces.cli.shops import chatted, opened
from tests.support.processes import ROOT, VERBATIM

SHOP, OTHER = 7, 8


@pytest.fixture
def shop(installed: str) -> str:
    """Two tenants of five events each, then a conversation of the first: `started` and three messages."""
    opened(installed, SHOP)
    opened(installed, OTHER)
    chatted(installed, SHOP, "Hello?", "Is anybody there?", "I am Ann, ann@home.test")
    return installed


def replayed(command: Command, *arguments: str) -> list[dict[str, Any]]:
    outcome = command("replay", *arguments)
    assert (outcome.code, outcome.err) == (0, "")
    return [msgspec.json.decode(line) for line in outcome.out.splitlines()]


def positions(events: list[dict[str, Any]]) -> list[int]:
    return [one["position"] for one in events]


@pytest.mark.usefixtures("shop")
def test_without_options_everything_is_replayed_in_order(command: Command) -> None:
    events = replayed(command)
    assert positions(events) == list(range(1, len(events) + 1))
    texts = [one["data"]["text"] for one in events if one["type"] == "conversation.message_posted.1"]
    assert texts == ["Hello?", "Is anybody there?", "I am Ann, ann@home.test"]


@pytest.mark.usefixtures("shop")
def test_a_tenant_sees_its_own_events_without_a_gap(command: Command) -> None:
    events = replayed(command, "--tenant", "tnt_7")
    assert [one["seq"] for one in events] == list(range(1, len(events) + 1))
    other = replayed(command, "--tenant", "tnt_8")
    assert sorted(positions(events) + positions(other)) == positions(replayed(command))
    assert replayed(command, "--tenant", "tnt_9") == []


@pytest.mark.usefixtures("shop")
def test_positions_are_inclusive(command: Command) -> None:
    assert positions(replayed(command, "--from", "3", "--to", "5")) == [3, 4, 5]
    assert positions(replayed(command, "--to", "2")) == [1, 2]
    assert positions(replayed(command, "--from", "3", "--to", "12", "--tenant", "tnt_8"))[0] > 3


@pytest.mark.usefixtures("shop")
def test_a_time_begins_inclusive_and_ends_exclusive(command: Command) -> None:
    events = replayed(command)
    times = [datetime.fromisoformat(one["at"]) for one in events]
    middle = times[8]
    since = [one["position"] for one, at in zip(events, times, strict=True) if at >= middle]
    before = [one["position"] for one, at in zip(events, times, strict=True) if at < middle]
    assert positions(replayed(command, "--from", middle.isoformat())) == since
    assert positions(replayed(command, "--to", middle.isoformat())) == before
    assert replayed(command, "--from", "2999-01-01") == []
    assert positions(replayed(command, "--from", "2020-01-31")) == positions(events)


@pytest.mark.usefixtures("shop")
def test_types_are_chosen_by_name(command: Command) -> None:
    wanted = "conversation.started.1, tenant.opened.1"
    assert [one["type"] for one in replayed(command, "--types", wanted)] == [
        "tenant.opened.1",
        "tenant.opened.1",
        "conversation.started.1",
    ]
    without_versions = "conversation.started,tenant.opened"
    assert replayed(command, "--types", without_versions) == replayed(command, "--types", wanted)


@pytest.mark.usefixtures("shop")
def test_what_people_said_and_are_can_be_left_out(command: Command) -> None:
    outcome = command("replay", "--without-personal")
    assert outcome.out.count("\n") == len(replayed(command))
    for personal in ("Hello?", "ann@home.test", "owner@"):
        assert personal in command("replay").out
        assert personal not in outcome.out


@pytest.mark.parametrize(
    "wrong",
    [
        ("--from", "yesterday"),
        ("--to", "1.5"),
        ("--speed", "-1"),
        ("--tenant", "7"),
        ("--types", "conversation.flew.1"),
        ("--from", "9" * 30),
    ],
)
@pytest.mark.usefixtures("installed")
def test_a_wrong_option_is_refused(command: Command, wrong: tuple[str, str]) -> None:
    outcome = command("replay", *wrong)
    assert (outcome.code, outcome.out) == (2, "")
    assert wrong[1] in outcome.err


def test_speed_keeps_the_gaps_between_events(installed: str) -> None:
    """Messages at 0, 2, 2 and 6 s, replayed ten times as fast."""
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    seconds = iter([0, 2, 2, 6])
    chatted(installed, SHOP, "one", "two", "three", "four", clock=lambda: begin + timedelta(seconds=next(seconds)))
    arguments = ("replay", "--types", "conversation.message_posted", "--speed", "10")
    with subprocess.Popen([*VERBATIM, *arguments], cwd=ROOT, stdout=subprocess.PIPE, bufsize=0) as process:
        assert process.stdout is not None
        arrivals = [(msgspec.json.decode(line)["data"]["text"], time.monotonic()) for line in process.stdout]
    assert process.returncode == 0
    assert [text for text, _ in arrivals] == ["one", "two", "three", "four"]
    times = [at for _, at in arrivals]
    assert times[1] - times[0] > 0.15
    assert times[3] - times[2] > 0.3
    assert times[3] - times[0] < 5  # not at the original pace


@pytest.mark.usefixtures("shop")
def test_a_reader_that_has_enough_is_no_error() -> None:
    process = subprocess.Popen(
        [*VERBATIM, "replay"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.wait(30) == 0
    assert process.stderr.read() == b""
