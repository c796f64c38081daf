"""`verbatim token`: an access token for scripts, of somebody who has the role."""

from __future__ import annotations

import httpx
import msgspec
import pytest

from tests.interfaces.cli.conftest import Command, Dev
from tests.interfaces.cli.shops import folded, opened


def me(dev: Dev, token: str) -> dict[str, str]:
    answer = httpx.get(f"{dev.demo.url}/api/v1/auth/me", headers={"Authorization": f"Bearer {token}"}, timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.json()["user"]


@pytest.mark.parametrize("role", ["owner", "agent", "analyst", "auditor"])
def test_a_token_works_and_is_of_somebody_with_that_role(command: Command, dev: Dev, role: str) -> None:
    outcome = command("token", "--role", role, "--json", "--data-dir", str(dev.data_dir))
    assert (outcome.code, outcome.err) == (0, "")
    body = msgspec.json.decode(outcome.out)
    assert list(body) == ["accessToken", "refreshToken", "expiresIn", "user"]
    user = me(dev, body["accessToken"])
    assert (user["role"], user["tenantId"]) == (role, dev.demo.tenant_id)
    assert body["user"] == {"id": user["id"], "role": role, "tenantId": dev.demo.tenant_id}


def test_without_json_there_is_the_token_alone(command: Command, dev: Dev) -> None:
    outcome = command("token", "--data-dir", str(dev.data_dir))
    assert me(dev, outcome.out.strip())["role"] == "owner"


def test_a_role_that_nobody_has_is_refused(command: Command, installed: str) -> None:
    opened(installed, 7)
    folded(installed)
    outcome = command("token", "--role", "analyst")
    assert (outcome.code, outcome.out, outcome.err) == (1, "", "Nobody of tnt_7 has the role analyst.\n")


def test_where_nobody_folds_the_directory_it_says_that_it_is_behind(command: Command, installed: str) -> None:
    opened(installed, 7)
    outcome = command("token")
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (1, "", 1)
