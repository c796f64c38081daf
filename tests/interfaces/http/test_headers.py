"""Headers that every answer carries, and who may call from another site."""

from __future__ import annotations

from interfaces.http.policy import HeaderPolicy
from tests.interfaces.http.desk import Desk, Shop
from tests.support.cases import cases

ANYWHERE = {"Origin": "https://shop.test"}


@cases("path", ["/api/v1/nothing", "/health/live", "/api/v1/auth/me", "/api/openapi.json"])
async def test_every_answer_is_sealed_off(desk: Desk, path: str) -> None:
    answer = await desk.http.get(path)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] in {"no-store", "no-cache"}


@cases(
    ("given", "is_kept"),
    [("req-1", True), ("a" * 100, True), ("a" * 101, False), ("a b", False), ("<x>", False), ("", False)],
)
async def test_a_plain_request_id_is_kept_and_another_replaced(desk: Desk, given: str, is_kept: bool) -> None:
    answer = await desk.http.get("/health/live", headers={"X-Request-Id": given})
    assert (answer.headers["X-Request-Id"] == given) == is_kept
    assert answer.headers["X-Request-Id"]


async def test_other_sites_may_call_what_widgets_call_without_cookies(desk: Desk, shop: Shop) -> None:
    await desk.fold()
    answer = await desk.http.get("/api/v1/chat/widget/config", headers=shop.site | ANYWHERE)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert "X-Event-Position" in answer.headers["Access-Control-Expose-Headers"]
    refused = await desk.http.get("/api/v1/chat/widget/config", headers=ANYWHERE)
    assert (refused.status_code, refused.headers["Access-Control-Allow-Origin"]) == (401, "*")


@cases(
    ("path", "is_shared"),
    [
        ("/api/widgets/x/chat", True),
        ("/api/widgets/x/config", True),
        ("/api/v1/chat/conversations", True),
        ("/api/v1/chat/conversations/x/messages", True),
        ("/api/v1/chat/visitor/conversations", True),
        ("/api/v1/chat/agent/conversations", False),
        ("/api/v1/auth/login", False),
        ("/api/v1/agents", False),
        ("/metrics", False),
    ],
)
async def test_a_preflight_is_answered_for_widget_routes_only(desk: Desk, path: str, is_shared: bool) -> None:
    asked = ANYWHERE | {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    answer = await desk.http.options(path, headers=asked)
    assert answer.status_code == 204
    assert ("Access-Control-Allow-Origin" in answer.headers) == is_shared
    assert ("Idempotency-Key" in answer.headers.get("Access-Control-Allow-Headers", "")) == is_shared


async def test_https_is_made_to_stay(desk: Desk) -> None:
    assert "Strict-Transport-Security" not in (await desk.http.get("/health/live")).headers
    message = {"type": "http.response.start", "status": 200, "headers": []}
    scope = {"type": "http", "path": "/", "headers": []}
    await HeaderPolicy("https://chat.example").before_send(message, scope)  # type: ignore[arg-type]
    assert b"strict-transport-security" in {name.lower() for name, _ in message["headers"]}
