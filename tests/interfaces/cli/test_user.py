"""`verbatim user add`: somebody of a tenant who can log in."""

from __future__ import annotations

import msgspec

from tests.interfaces.cli.conftest import Command, Dev
from tests.interfaces.cli.shops import opened
from tests.support.processes import logged_in


def test_a_new_user_can_log_in_and_a_second_time_gives_a_new_password(command: Command, dev: Dev) -> None:
    arguments = ("user", "add", "sue@shop.test", "--role", "supervisor", "--json", "--data-dir", str(dev.data_dir))
    first = msgspec.json.decode(command(*arguments).out)
    assert list(first) == ["id", "role", "email", "password"]
    assert logged_in(dev.demo.url, "sue@shop.test", first["password"])["user"] == {
        "id": first["id"],
        "name": "sue",
        "email": "sue@shop.test",
        "role": "supervisor",
        "tenantId": dev.demo.tenant_id,
    }
    again = msgspec.json.decode(command(*arguments, "--password", "one that I chose myself").out)
    assert again == {**first, "password": "one that I chose myself"}
    logged_in(dev.demo.url, "sue@shop.test", "one that I chose myself")


def test_without_a_tenant_the_only_one_is_meant(command: Command, installed: str) -> None:
    assert "There is no tenant here yet" in command("user", "add", "a@shop.test").err
    opened(installed, 7)
    assert command("user", "add", "a@shop.test").code == 0
    opened(installed, 8)
    several = command("user", "add", "b@shop.test")
    assert several.code == 2
    assert "There are several tenants here: say which with --tenant." in several.err
    assert command("user", "add", "b@shop.test", "--tenant", "tnt_8").code == 0


def test_nobody_joins_a_tenant_that_does_not_exist(command: Command, installed: str) -> None:
    opened(installed, 7)
    for wrong in ("tnt_9", "shop", "tnt_99999999999"):
        outcome = command("user", "add", "a@shop.test", "--tenant", wrong)
        assert (outcome.code, outcome.out) == (2, "")
        assert wrong in outcome.err


def test_an_address_of_another_tenant_is_refused(command: Command, installed: str) -> None:
    opened(installed, 7)
    opened(installed, 8)
    assert command("user", "add", "a@shop.test", "--tenant", "tnt_7").code == 0
    outcome = command("user", "add", "a@shop.test", "--tenant", "tnt_8")
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (1, "", 1)


def test_what_is_no_address_is_refused(command: Command, installed: str) -> None:
    opened(installed, 7)
    outcome = command("user", "add", "nobody")
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (1, "", 1)
