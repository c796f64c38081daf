"""`verbatim projections`: how the read models stand, and one folded anew."""

from __future__ import annotations

from typing import Any

import httpx
import msgspec

from projections.registry import PROJECTIONS
from tests.interfaces.cli.conftest import Command, Dev
from tests.interfaces.cli.shops import chatted, folded, opened
from tests.support.processes import access_token, read_owner, seed_question

NAMES = sorted(one.name for one in PROJECTIONS)


def listed(command: Command, *more: str) -> dict[tuple[str, int], dict[str, Any]]:
    outcome = command("projections", "list", "--json", *more)
    assert (outcome.code, outcome.err) == (0, "")
    return {(one["name"], one["build"]): one for one in msgspec.json.decode(outcome.out)}


def test_every_read_model_is_listed_with_its_position(command: Command, installed: str) -> None:
    assert listed(command) == {}
    opened(installed)
    folded(installed)
    standing = listed(command)
    assert sorted(name for name, _ in standing) == NAMES
    assert {(one["state"], one["halted"], one["parked"]) for one in standing.values()} == {("live", None, 0)}
    assert {one["position"] for one in standing.values()} == {6}
    people = command("projections", "list").out
    assert people.count("\n") == len(NAMES)
    assert "inbox        build 1    live      position 6\n" in people


def test_a_rebuild_takes_the_place_of_the_live_one_with_the_same_rows(command: Command, installed: str) -> None:
    opened(installed, 7)
    chatted(installed, 7, "Hello?", "Is anybody there?")
    folded(installed)
    outcome = command("projections", "rebuild", "inbox", "--json")
    assert (outcome.code, outcome.err) == (0, "")
    assert msgspec.json.decode(outcome.out) == {"name": "inbox", "build": 2}
    states = {build: one["state"] for (name, build), one in listed(command).items() if name == "inbox"}
    assert states == {1: "retired", 2: "live"}
    old, new = (read_owner(installed, f"SELECT * FROM read.inbox_{build}") for build in (1, 2))
    assert old == new != []
    assert command("projections", "rebuild", "inbox").out == "inbox build 3 is live\n"


def test_under_a_running_product_readers_notice_nothing(command: Command, dev: Dev) -> None:
    conversation_id = seed_question(dev.demo, "How long does shipping take?", "rebuild").json()["conversationId"]
    for name in ("inbox", "transcript"):
        assert command("projections", "rebuild", name, "--data-dir", str(dev.data_dir)).code == 0
    later = seed_question(dev.demo, "What does it cost?", "rebuild").json()
    answer = httpx.get(
        f"{dev.demo.url}/api/v1/chat/agent/conversations",
        headers={"Authorization": f"Bearer {access_token(dev.demo)}", "X-Min-Position": str(later["seq"])},
        timeout=10,
    )
    assert answer.status_code == 200, answer.text
    assert {conversation_id, later["conversationId"]} <= {row["id"] for row in answer.json()["data"]}


def test_an_unknown_name_is_refused(command: Command) -> None:
    outcome = command("projections", "rebuild", "outbox")
    assert (outcome.code, outcome.out) == (2, "")
    assert "'outbox'" in outcome.err
