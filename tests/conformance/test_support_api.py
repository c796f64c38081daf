"""Every line of the seed: path, method, status, body; for visitor, agent and stranger."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from PIL import Image

from tests.interfaces.http.desk import Desk, Shop
from tests.support.cases import cases

SEED = Path(__file__).parents[3] / "shared" / "seeds" / "live-chat-support-api.txt"
CHAT = "/api/v1/chat"


def picture() -> bytes:
    """A real one: what is uploaded is looked at."""
    made = BytesIO()
    Image.new("RGB", (4, 4), "navy").save(made, "PNG")
    return made.getvalue()


class Case(msgspec.Struct, frozen=True):
    """One line of the seed, and who is answered how: status codes of visitor, agent, stranger and nobody.

    `stranger`: a member of another tenant who asks for this tenant's thing, where there is a thing to ask for.
    """

    line: str
    visitor: int
    agent: int
    stranger: int | None
    body: dict[str, Any] | None = None
    holds: tuple[str, ...] = ()


CASES = (
    Case("GET /api/v1/chat/widget/config", 200, 200, None, holds=("success", "config")),
    Case("POST /api/v1/chat/conversations", 201, 201, None, {"text": "Hello"}, ("conversation", "message")),
    Case("GET /api/v1/chat/conversations/{id}", 200, 200, 404, holds=("id", "status", "handledBy", "messages")),
    Case("POST /api/v1/chat/conversations/{id}/messages", 201, 201, 404, {"text": "Hi"}, ("message",)),
    Case("POST /api/v1/chat/conversations/{id}/typing", 204, 204, 404, {"typing": True}),
    Case("POST /api/v1/chat/conversations/{id}/end", 200, 200, 404, {}, ("conversation",)),
    Case("GET /api/v1/chat/agent/conversations", 401, 200, None, holds=("data", "nextCursor", "counts")),
    Case("POST /api/v1/chat/agent/conversations/{id}/accept", 401, 200, 404, {}, ("conversation",)),
    Case(
        "POST /api/v1/chat/agent/conversations/{id}/transfer",
        401,
        200,
        404,
        {"agentId": "{agent}"},
        ("conversation",),
    ),
    Case("GET /api/v1/chat/canned-responses", 401, 200, None, holds=("data", "nextCursor")),
    Case("POST /api/v1/chat/upload", 201, 201, None, holds=("file",)),
)

Ask = Callable[[Case, dict[str, str]], Awaitable[httpx.Response]]


@pytest.fixture
async def agent(shop: Shop) -> dict[str, str]:
    return await shop.member()


@pytest.fixture
async def thread(desk: Desk, shop: Shop) -> tuple[str, dict[str, str]]:
    """A conversation that read models know, and its visitor's credential."""
    made = await shop.thread()
    await desk.fold()
    return made


@pytest.fixture
async def ask(desk: Desk, shop: Shop, agent: dict[str, str], thread: tuple[str, dict[str, str]]) -> Ask:
    """Sends a case's request about the shop's thread; `{agent}` in a body is a colleague who is there."""
    other = await shop.member()
    colleague = (await desk.http.get("/api/v1/auth/me", headers=other)).json()["user"]["id"]
    await desk.http.put("/api/v1/agents/me/availability", json={"status": "online"}, headers=other)
    await desk.fold()

    async def send(case: Case, headers: dict[str, str]) -> httpx.Response:
        method, path = case.line.split(" ", 1)
        url = path.replace("{id}", thread[0])
        if path.endswith("/upload"):
            return await desk.http.post(url, files={"file": ("dot.png", picture(), "image/png")}, headers=headers)
        body = (
            None if case.body is None else {name: _filled(value, colleague) for name, value in case.body.items()}
        )
        return await desk.http.request(method, url, json=body, headers=headers)

    return send


@pytest.mark.skipif(not SEED.exists(), reason="the seeds are not beside this clone")
def test_every_line_of_the_seed_has_a_case() -> None:
    lines = re.findall(r"^### `([A-Z]+ \S+)`$", SEED.read_text(), re.MULTILINE)
    assert lines
    assert sorted(lines) == sorted(case.line for case in CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.line)
async def test_a_visitor_is_answered(case: Case, ask: Ask, thread: tuple[str, dict[str, str]], shop: Shop) -> None:
    headers = (
        shop.site if case.line.endswith(("config", "/conversations")) and "agent" not in case.line else thread[1]
    )
    _assert_answer(case, await ask(case, headers), case.visitor)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.line)
async def test_an_agent_is_answered(case: Case, ask: Ask, agent: dict[str, str], shop: Shop) -> None:
    path = case.line.endswith("widget/config")
    _assert_answer(case, await ask(case, shop.site if path else agent), case.agent)


@pytest.mark.parametrize("case", [one for one in CASES if one.stranger], ids=lambda case: case.line)
async def test_a_stranger_is_told_the_same_as_of_what_is_not_there(
    case: Case, ask: Ask, other_shop: Shop, desk: Desk, thread: tuple[str, dict[str, str]]
) -> None:
    stranger = await other_shop.member("owner")
    _, visitor = await other_shop.thread()
    before = await desk.store.head(1)
    theirs = await ask(case, stranger)
    absent = await ask(
        msgspec.structs.replace(case, line=case.line.replace("{id}", "cnv_" + "0" * 31 + "1")), stranger
    )
    assert theirs.status_code == absent.status_code == case.stranger
    assert _without_request_id(theirs) == _without_request_id(absent)
    if case.visitor != 401:
        assert (await ask(case, visitor)).status_code == 404
    assert await desk.store.head(1) == before


@cases("case", CASES)
async def test_nobody_is_answered_without_a_credential(case: Case, ask: Ask) -> None:
    answer = await ask(case, {})
    assert answer.status_code == 401
    error = answer.json()["error"]
    assert error["code"] == "token_missing"
    assert isinstance(error["message"], str)


def _assert_answer(case: Case, answer: httpx.Response, status: int) -> None:
    assert answer.status_code == status, answer.text
    if status >= 400:
        assert set(answer.json()["error"]) >= {"code", "message"}
        return
    body = answer.json() if answer.content else {}
    assert set(case.holds) <= set(body), body


def _without_request_id(answer: httpx.Response) -> dict[str, Any]:
    body = answer.json()
    body["error"].pop("requestId")
    return body


def _filled(value: Any, colleague: str) -> Any:
    return colleague if value == "{agent}" else value
