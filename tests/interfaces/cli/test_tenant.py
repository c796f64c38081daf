"""`verbatim tenant create`: everything that a new customer needs, and a login that works."""

from __future__ import annotations

import re

import httpx
import msgspec

from domain.ids import parse_tenant
from tests.interfaces.cli.conftest import Command, Dev
from tests.support.processes import logged_in


def test_a_new_tenant_is_printed_as_the_contract_says_and_its_owner_can_log_in(command: Command, dev: Dev) -> None:
    outcome = command("tenant", "create", "Bakery", "--json", "--data-dir", str(dev.data_dir))
    assert (outcome.code, outcome.err, outcome.out.count("\n")) == (0, "", 1)
    made = msgspec.json.decode(outcome.out)
    assert list(made) == ["tenantId", "widgetId", "widgetToken", "assistantId", "owner"]
    assert list(made["owner"]) == ["email", "password"]
    session = logged_in(dev.demo.url, made["owner"]["email"], made["owner"]["password"])
    assert session["user"]["role"] == "owner"
    assert session["user"]["tenantId"] == made["tenantId"]
    config = httpx.get(
        f"{dev.demo.url}/api/widgets/{made['widgetId']}/config",
        headers={"Authorization": f"Bearer {made['widgetToken']}"},
        timeout=10,
    )
    assert config.json()["config"]["name"] == "Bakery"
    assert config.json()["config"]["assistantId"] == made["assistantId"]


def test_people_read_it_line_by_line(command: Command, installed: str) -> None:
    outcome = command("tenant", "create", "Bakery", "--owner-email", "olive@bakery.test")
    assert (outcome.code, outcome.err.count("\n")) == (0, 1)  # no projector runs here, which it says
    assert re.fullmatch(
        r"tenant +tnt_\d+\nwidget +wid_\w+\nwidget token +wt_\S+\nassistant +ast_\w+\n"
        r"owner +olive@bakery.test +password \S{20,}\n",
        outcome.out,
    )


def test_tenants_are_not_numbered_one_after_another(command: Command, installed: str) -> None:
    made = [msgspec.json.decode(command("tenant", "create", "Bakery", "--json").out) for _ in range(2)]
    first, second = (parse_tenant(one["tenantId"]) for one in made)
    assert abs(first - second) > 1


def test_a_name_that_is_too_long_is_refused(command: Command, installed: str) -> None:
    outcome = command("tenant", "create", "B" * 5000, "--json")
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (1, "", 1)
