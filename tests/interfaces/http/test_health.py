"""Alive, ready, counted, described."""

from __future__ import annotations

import re

from interfaces.http.parts import HealthReport, PartHealth
from tests.interfaces.http.desk import Desk, Shop


async def test_alive_asks_nobody(desk: Desk) -> None:
    desk.health = HealthReport(False, ())
    assert (await desk.http.get("/health/live")).json() == {"alive": True}


async def test_ready_names_each_part_and_what_is_behind(desk: Desk) -> None:
    assert (await desk.http.get("/health/ready")).status_code == 200
    desk.health = HealthReport(
        False, (PartHealth("postgres", True), PartHealth("inbox", False, 812, "catching up"))
    )
    answer = await desk.http.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json() == {
        "ready": False,
        "parts": [
            {"name": "postgres", "ok": True, "behind": None, "detail": None},
            {"name": "inbox", "ok": False, "behind": 812, "detail": "catching up"},
        ],
    }


async def refused(desk: Desk) -> float:
    """Readings of conversations that this process has answered with 401."""
    text = (await desk.http.get("/metrics")).text
    route = 'route="/api/v1/chat/conversations/{conversation_id}"'
    found = re.search(rf'verbatim_http_requests_total{{method="GET",{re.escape(route)},status="401"}} (\S+)', text)
    return float(found[1]) if found else 0.0


async def test_metrics_count_by_route_and_hold_no_id(desk: Desk, shop: Shop) -> None:
    id, visitor = await shop.thread()
    before = await refused(desk)
    await desk.http.get(f"/api/v1/chat/conversations/{id}", headers=visitor)
    await desk.http.get(f"/api/v1/chat/conversations/{id}")
    text = (await desk.http.get("/metrics")).text
    assert await refused(desk) == before + 1
    assert id not in text
    assert shop.widget not in text


async def test_metrics_are_for_this_machine(desk: Desk) -> None:
    sent: list[dict[str, object]] = []

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/metrics",
        "raw_path": b"/metrics",
        "query_string": b"",
        "headers": [],
        "client": ("10.0.0.7", 4000),
        "server": ("x", 80),
        "scheme": "http",
        "http_version": "1.1",
        "root_path": "",
        "asgi": {"version": "3.0"},
    }
    await desk.app(scope, receive, send)  # type: ignore[arg-type]
    assert sent[0]["status"] == 404
