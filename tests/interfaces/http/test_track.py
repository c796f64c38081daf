"""`POST /track` to the letter of its seed, and who is on the site now."""

from __future__ import annotations

from typing import Any

import httpx

from tests.interfaces.http.desk import Desk, Shop
from tests.support.beacons import rows
from tests.support.cases import cases

ONLINE = "/api/v1/chat/visitors/online"
SEED = {
    "sessionId": "session_abc123",
    "event": "widget_opened",
    "timestamp": "2024-01-15T10:00:00Z",
    "metadata": {"source": "landing_page"},
}
PAGE = {"event": "page_view", "url": "https://shop.test/", "title": "Shop"}


async def track(desk: Desk, shop: Shop, body: Any, headers: dict[str, str] | None = None) -> httpx.Response:
    path = f"/api/widgets/{shop.tenant}/track"
    return await desk.http.post(path, json=body, headers=shop.site | (headers or {}))


async def visitor(desk: Desk, shop: Shop, body: Any = SEED) -> dict[str, str]:
    """The header of somebody who comes for the first time."""
    return {"X-Visitor-Token": (await track(desk, shop, body)).json()["visitorToken"]}


async def events(desk: Desk) -> list[tuple[Any, ...]]:
    return await rows(desk.store.database, "SELECT name, session_id, at::text, props FROM track.event")


async def test_the_seeds_request_is_answered_as_the_seed_says(desk: Desk, shop: Shop) -> None:
    known = await visitor(desk, shop)
    before = await shop.head()
    answer = await track(desk, shop, SEED, known)
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    for name, session, at, props in await events(desk):
        assert (name, session, props) == ("widget_opened", "session_abc123", {"source": "landing_page"})
        assert at.startswith("2024-01-15")
    assert await shop.head() == before  # no contact, no conversation, no event of the log


async def test_a_session_proves_nothing_and_a_visitor_token_does(desk: Desk, shop: Shop) -> None:
    first, second = await track(desk, shop, SEED), await track(desk, shop, SEED)
    assert first.json()["visitorToken"] != second.json()["visitorToken"]
    known = {"X-Visitor-Token": first.json()["visitorToken"]}
    assert "visitorToken" not in (await track(desk, shop, SEED, known)).json()
    found = await rows(
        desk.store.database, "SELECT visitor_id, is_proven FROM track.event ORDER BY day, is_proven"
    )
    assert len({one[0] for one in found}) == 2
    assert [one[1] for one in found] == [False, False, True]


async def test_a_token_of_tracking_is_the_visitors_everywhere(desk: Desk, shop: Shop) -> None:
    """They look, then they write: one person, one trail."""
    known, agent = await visitor(desk, shop, PAGE | {"sessionId": "1"}), await shop.member()
    listed = (await desk.http.get(ONLINE, headers=agent)).json()["data"][0]
    timeline = f"/api/v1/chat/visitors/{listed['id']}/timeline"
    assert [one["type"] for one in (await desk.http.get(timeline, headers=agent)).json()["data"]] == ["page"]
    chat = (
        await desk.http.post("/api/v1/chat/conversations", json={"text": "Hi"}, headers=shop.site | known)
    ).json()
    assert "visitorToken" not in chat
    await desk.fold()
    assert chat["conversation"]["contact_data"]["id"] == listed["id"]
    found = (await desk.http.get(timeline, headers=agent)).json()["data"]
    assert [one["type"] for one in found] == ["conversation", "page"]
    now = (await desk.http.get(ONLINE, headers=agent)).json()
    assert now["total"] == 1
    assert now["data"][0]["conversationId"] == chat["conversation"]["id"]
    assert now["data"][0]["page"] == {"url": "https://shop.test/", "title": "Shop"}


async def test_a_strangers_visitor_is_as_absent_as_nobody(desk: Desk, shop: Shop, other_shop: Shop) -> None:
    await visitor(desk, shop, PAGE | {"sessionId": "1"})
    await desk.fold()
    id = (await desk.http.get(ONLINE, headers=await shop.member())).json()["data"][0]["id"]
    foreign = await other_shop.member()
    assert (await desk.http.get(ONLINE, headers=foreign)).json()["data"] == []
    answers = []
    for asked in (id, "vis_" + "0" * 32, "vis_nonsense"):
        path = f"/api/v1/chat/visitors/{asked}/timeline"
        answers.append(await desk.http.get(path, headers=foreign | {"X-Request-Id": "same"}))
    assert {(one.status_code, one.text) for one in answers} == {(404, answers[0].text)}


async def test_an_idempotency_key_tells_a_repeat_of_what_has_no_ids(desk: Desk, shop: Shop) -> None:
    known = await visitor(desk, shop)
    body = {"sessionId": "s", "events": [PAGE, PAGE | {"eventId": "mine"}]}
    for _ in range(2):
        assert (await track(desk, shop, body, known | {"Idempotency-Key": "once"})).status_code == 200
    assert len(await events(desk)) == 3


async def test_without_consent_nobody_is_met(desk: Desk, shop: Shop) -> None:
    for headers in ({}, await visitor(desk, shop)):
        answer = await track(desk, shop, SEED | {"consent": False}, headers)
        assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert await rows(desk.store.database, "SELECT name, number FROM track.tally") == [("widget_opened", 1)] * 2
    assert len(await events(desk)) == 1  # the one that met the visitor


@cases(
    ("body", "code"),
    [
        ({"event": "x"}, "missing_session"),
        ({"sessionId": " ", "event": "x"}, "missing_session"),
        ({"sessionId": "s"}, "invalid_request"),
        ({"sessionId": "s", "events": []}, "invalid_request"),
        ({"sessionId": "s", "events": [PAGE] * 51}, "invalid_request"),
        ({"sessionId": "s", "event": "x", "events": [PAGE]}, "invalid_request"),
        ({"sessionId": "s", "events": [PAGE, PAGE | {"url": "data:x"}]}, "invalid_request"),
        ({"sessionId": "s", "events": [PAGE, {"title": "no event"}]}, "invalid_request"),
        ({"sessionId": "s", "event": "x", "timestamp": "yesterday"}, "invalid_request"),
        ({"sessionId": "s", "event": "x", "timestamp": "2024-01-15T10:00:00"}, "invalid_request"),
        ({"sessionId": "s", "event": "x", "visitorId": "v"}, "invalid_request"),
        ({"sessionId": "s", "event": "mail me@x.test"}, "invalid_request"),
    ],
)
async def test_a_bad_body_is_refused_whole(desk: Desk, shop: Shop, body: Any, code: str) -> None:
    answer = await track(desk, shop, body)
    assert (answer.status_code, answer.json()["success"], answer.json()["error"]["code"]) == (400, False, code)
    assert await events(desk) == []


async def test_what_cannot_be_kept_now_is_told_when_to_come_again(desk: Desk, shop: Shop) -> None:
    await desk.app.state.parts.ingest.close()
    answer = await track(desk, shop, SEED)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "overloaded")
    assert (answer.json()["success"], answer.headers["Retry-After"]) == (False, "1")


async def test_whose_widget_it_is_decides_the_token(desk: Desk, shop: Shop, other_shop: Shop) -> None:
    for path, headers, status in (
        (shop.widget, shop.site, 200),
        (other_shop.widget, shop.site, 404),
        ("wid_" + "0" * 32, shop.site, 404),
        (shop.widget, {}, 401),
        (shop.widget, await shop.member(), 401),
        (shop.widget, shop.site | await visitor(desk, other_shop), 401),
    ):
        answer = await desk.http.post(f"/api/widgets/{path}/track", json=SEED, headers=headers)
        assert answer.status_code == status, (path, answer.text)
