"""schemathesis over the OpenAPI document, all checks, per role: no 5xx, no answer that it does not state."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from requests import Session
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import FailureGroup

from tests.support.processes import Announced, logged_in, running

ROLES = ("owner", "agent", "auditor", "visitor", "site")
EXAMPLES = 6


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Announced]:
    folder = tmp_path_factory.mktemp("fuzzed")
    with running(folder / "log", "dev", "--json", "--port", "0", "--data-dir", str(folder / "data")) as verbatim:
        yield verbatim.announced()


@pytest.fixture(scope="module")
def credentials(product: Announced) -> dict[str, dict[str, str]]:
    """What each role sends; a visitor is one who has a conversation."""
    site = {"Authorization": f"Bearer {product.widget_token}"}
    started = httpx.post(f"{product.url}/api/v1/chat/conversations", json={"text": "Hello"}, headers=site)
    found = {"site": site, "visitor": {"Authorization": f"Bearer {started.json()['visitorToken']}"}}
    for user in product.users:
        token = logged_in(product.url, user.email, user.password)["accessToken"]
        found.setdefault(user.role, {"Authorization": f"Bearer {token}"})
    return found


@pytest.fixture(scope="module")
def api(product: Announced) -> Any:
    # A cursor, an id or a text with U+0000 fits its JSON Schema and is refused all the same, and clearly.
    accepted = {"expected-statuses": ["2xx", "3xx", "400", "401", "403", "404", "409", "413", "415", "429"]}
    config = SchemathesisConfig.from_dict({"checks": {"positive_data_acceptance": accepted}})
    schema = schemathesis.openapi.from_url(f"{product.url}/api/openapi.json", config=config)
    return schema.exclude(path_regex=r"/auth/(login|logout|refresh)|/health/|/metrics")


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    """One connection for all requests."""
    with Session() as opened:
        opened.trust_env = False  # else the proxies of the environment are read for each of them
        yield opened


@pytest.mark.timeout(600)
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_every_answer_is_one_that_the_document_states(
    mode: GenerationMode, api: Any, credentials: dict[str, dict[str, str]], session: Session
) -> None:
    failures: list[str] = []
    for found in api.get_all_operations():
        operation = found.ok()
        if mode is GenerationMode.NEGATIVE and operation.path.endswith(("/upload", "/import")):
            continue  # the parts of a multipart body have no types to violate
        try:
            _fuzz(operation, mode, credentials, session)
        except FailureGroup as group:
            failures += [f"{operation.label} {group.__notes__}: {failure}" for failure in group.exceptions]
    assert not failures, "\n\n".join(failures)


def _keep_short(case: Any) -> None:
    """What is not there yet is waited for, with 503 as the right answer; and a feed waits half a minute."""
    position, wait = case.headers.get("X-Min-Position"), case.query.get("wait")
    if position is not None and str(position).isdigit():
        case.headers["X-Min-Position"] = "1"
    if isinstance(wait, int | float) and wait > 0:
        case.query["wait"] = 0


def _fuzz(operation: Any, mode: GenerationMode, credentials: dict[str, dict[str, str]], session: Session) -> None:
    """Every role sends every example: making one takes four times as long as sending it."""

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def one(case: Any) -> None:
        _keep_short(case)
        for role in ROLES:
            _send(case, session, role, credentials[role])

    with suppress(Unsatisfiable):  # nothing about this operation can be wrong
        one()


def _send(case: Any, session: Session, role: str, headers: dict[str, str]) -> None:
    try:
        case.call_and_validate(session=session, headers=dict(headers))
    except FailureGroup as group:
        group.add_note(f"as {role}")
        raise
