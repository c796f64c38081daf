"""`verbatim audit verify`: sound, or where it is not, by sentence and by exit code."""

from __future__ import annotations

from typing import Any

import msgspec
import psycopg
import pytest

from tests.interfaces.cli.conftest import Command, Dev
from tests.interfaces.cli.shops import chatted, opened

EVENTS = 6 + 3 * 5


@pytest.fixture
def shop(installed: str) -> str:
    opened(installed, 7)
    for number in range(3):
        chatted(installed, 7, f"Hello {number}?", "Is anybody there?", "No.")
    return installed


def verified(command: Command, *more: str) -> tuple[int, dict[str, Any]]:
    outcome = command("audit", "verify", "--json", *more)
    assert outcome.err == ""
    return outcome.code, msgspec.json.decode(outcome.out)


def manipulated(database_url: str, position: int, change: str) -> None:
    """What only a superuser can do: triggers are off."""
    with psycopg.connect(database_url) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(f"{change} WHERE pos = %s".encode(), (position,))


@pytest.mark.usefixtures("shop")
def test_a_sound_log_is_said_to_be_sound(command: Command) -> None:
    code, verdict = verified(command)
    assert (code, verdict["sound"], verdict["fault"]) == (0, True, None)
    assert (verdict["first"], verdict["last"], verdict["events"]) == (1, EVENTS, EVENTS)
    assert len(verdict["chain"]) == 64
    sentence = command("audit", "verify").out
    assert sentence.startswith(f"sound: {EVENTS} events in ")
    assert verdict["chain"] in sentence


@pytest.mark.usefixtures("installed")
def test_an_empty_log_is_sound(command: Command) -> None:
    code, verdict = verified(command)
    assert (code, verdict["sound"], verdict["events"]) == (0, True, 0)


@pytest.mark.parametrize("position", [1, 11, EVENTS])
def test_a_manipulated_row_is_named_and_the_exit_code_is_1(command: Command, shop: str, position: int) -> None:
    manipulated(shop, position, "UPDATE es.event SET at = at + interval '1 hour'")
    code, verdict = verified(command)
    assert (code, verdict["sound"]) == (1, False)
    assert (verdict["fault"]["position"], verdict["fault"]["chain"]) == (position, "stream")
    outcome = command("audit", "verify")
    assert outcome.code == 1
    assert outcome.out.startswith(f"NOT SOUND from position {position} on, in the stream chain: ")


def test_a_removed_row_is_named(command: Command, shop: str) -> None:
    manipulated(shop, 11, "DELETE FROM es.event")
    code, verdict = verified(command)
    assert (code, verdict["fault"]["position"]) == (1, 11)


def test_a_part_can_be_verified_alone(command: Command, shop: str) -> None:
    manipulated(shop, EVENTS, "UPDATE es.event SET at = at + interval '1 hour'")
    assert verified(command, "--to", "10")[0] == 0
    code, verdict = verified(command, "--from", "12")
    assert (code, verdict["fault"]["position"]) == (1, EVENTS)
    assert verdict["first"] <= 12


@pytest.mark.usefixtures("shop")
def test_a_part_that_is_not_there_is_not_sound(command: Command) -> None:
    code, verdict = verified(command, "--to", str(EVENTS + 5))
    assert (code, verdict["fault"]["position"]) == (1, EVENTS + 1)


def test_it_looks_at_a_running_dev(command: Command, dev: Dev) -> None:
    assert verified(command, "--data-dir", str(dev.data_dir))[0] == 0
