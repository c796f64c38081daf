"""Every line of the embed facade's seed: for the widget's token, none, a wrong or ended one, a stranger's."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from application.actor import system
from application.ports import Answer
from application.voice import ConfigureVoice
from domain.ids import tenant_wire, wire
from domain.voice import VoiceSettings
from tests.interfaces.http.desk import Desk, Shop, bearer

SEED = Path(__file__).parents[3] / "shared" / "seeds" / "live-chat-api-reference.txt"
SESSION = {"sessionId": "session_abc123"}


class Case(msgspec.Struct, frozen=True):
    """One line of the seed: its path, a body as it prints one, and what the answer holds by path of its fields."""

    line: str
    holds: tuple[str, ...]
    body: dict[str, Any] | None = None

    async def ask(self, desk: Desk, widget: str, headers: dict[str, str]) -> httpx.Response:
        method, path = self.line.split(" ")
        return await desk.http.request(method, path.replace(":widgetId", widget), json=self.body, headers=headers)


CASES = (
    Case(
        "POST /api/widgets/:widgetId/chat",
        ("success", "conversationId", "message", "metadata.model", "metadata.tokens"),
        SESSION | {"message": "Hello, I need help with pricing"},
    ),
    Case(
        "POST /api/widgets/:widgetId/track",
        ("success",),
        SESSION
        | {"event": "widget_opened", "timestamp": "2024-01-15T10:00:00Z", "metadata": {"source": "landing_page"}},
    ),
    Case(
        "POST /api/widgets/:widgetId/voice/start",
        ("success", "conversationId", "assistantId", "phoneNumber"),
        SESSION,
    ),
    Case(
        "GET /api/widgets/:widgetId/config",
        (
            "success",
            "config.name",
            "config.assistantId",
            "config.widget.primaryColor",
            "config.widget.position",
            "config.branding.logo",
        ),
    ),
)

each = pytest.mark.parametrize("case", CASES, ids=lambda case: case.line)


@pytest.fixture(autouse=True)
async def answering(desk: Desk, shop: Shop) -> None:
    desk.will_answer(Answer("I'd be happy to help with pricing!", model="gpt-4o-mini", tokens=150))
    calls = VoiceSettings(enabled=True, numbers=("+14165559999",), prefixes=("+1",))
    await desk.do(system(shop.tenant_id), ConfigureVoice(settings=calls))
    await desk.fold()


@pytest.mark.skipif(not SEED.exists(), reason="the seeds are not beside this clone")
async def test_every_line_of_the_seed_has_a_case() -> None:
    lines = re.findall(r"^([A-Z]+ /api/widgets/:widgetId(?:/[a-z]+)+)", SEED.read_text(), re.MULTILINE)
    assert len(lines) == 4
    assert sorted(case.line for case in CASES) == sorted(lines)


@each
@pytest.mark.parametrize("named", ["widget", "tenant"])
async def test_the_widgets_token_is_answered_as_the_seed_prints(
    desk: Desk, shop: Shop, case: Case, named: str
) -> None:
    answer = await case.ask(desk, shop.widget if named == "widget" else shop.tenant, shop.site)
    assert answer.status_code == 200, answer.text
    assert answer.json()["success"] is True
    for path in case.holds:
        assert _has(answer.json(), path.split(".")), path


@each
async def test_whoever_has_no_good_token_is_told_why_and_stores_nothing(
    desk: Desk, shop: Shop, case: Case
) -> None:
    admin = await shop.member("admin")
    tokens = f"/api/v1/widgets/{shop.widget}/tokens"
    revoked, ended = [await desk.http.post(f"{tokens}/rotate", headers=admin) for _ in range(2)]
    await desk.http.post(f"{tokens}/rotate", json={"graceSeconds": 0}, headers=admin)
    await desk.http.delete(f"{tokens}/{revoked.json()['id']}", headers=admin)
    before = await shop.head()
    for headers, code in (
        ({}, "token_missing"),
        (bearer("wt_" + "A" * 43), "token_invalid"),
        (bearer("nonsense"), "token_invalid"),
        (admin, "token_invalid"),
        (bearer(revoked.json()["token"]), "token_revoked"),
        (bearer(ended.json()["token"]), "token_expired"),
    ):
        answer = await case.ask(desk, shop.widget, headers)
        error = answer.json()["error"]
        assert (answer.status_code, answer.json()["success"], error["code"]) == (401, False, code), headers
        assert isinstance(error["message"], str)
    assert await shop.head() == before


@each
async def test_a_strangers_widget_is_answered_like_one_that_is_not_there(
    desk: Desk, shop: Shop, other_shop: Shop, case: Case
) -> None:
    await desk.fold()
    before = await other_shop.head()
    absent = [wire("widget", shop.widget_id.__class__(int=1)), tenant_wire(999), "nonsense"]
    answers = [
        await case.ask(desk, widget, shop.site) for widget in (other_shop.widget, other_shop.tenant, *absent)
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({_without_request_id(answer) for answer in answers}) == 1
    assert await other_shop.head() == before


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"message": "Hi"}, "missing_session"),
        (SESSION, "missing_message"),
        (SESSION | {"message": " "}, "missing_message"),
    ],
)
async def test_chat_needs_what_the_seed_says(desk: Desk, shop: Shop, body: dict[str, Any], code: str) -> None:
    answer = await msgspec.structs.replace(CASES[0], body=body).ask(desk, shop.widget, shop.site)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)


async def test_chat_without_an_assistant_is_a_400(desk: Desk) -> None:
    shop = await desk.shop(4, assistant=False)
    answer = await CASES[0].ask(desk, shop.widget, shop.site)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "no_assistant")


def _has(body: Any, path: list[str]) -> bool:
    for name in path:
        if not isinstance(body, dict) or name not in body:
            return False
        body = body[name]
    return True


def _without_request_id(answer: httpx.Response) -> str:
    body = answer.json()
    body["error"].pop("requestId")
    return msgspec.json.encode(body).decode()
