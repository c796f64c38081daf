"""Visitors: what they did, in order; and that a blocked or a restless one is stopped."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from application.actor import visitor
from application.bus import Request
from application.conversation import StartConversation
from domain.refusals import RateLimited
from interfaces.http.first_contact import Opening
from interfaces.http.visitors import MOST_STARTS, refuse_flood
from tests.interfaces.http.desk import Desk, Shop

VISITORS = "/api/v1/chat/visitors"
CHATS = "/api/v1/chat/conversations"


async def contact_of(desk: Desk, chat: str, headers: dict[str, str]) -> str:
    await desk.fold()
    return (await desk.http.get(f"{CHATS}/{chat}", headers=headers)).json()["contact_data"]["id"]


async def test_the_timeline_tells_what_a_visitor_did_newest_first(desk: Desk, shop: Shop) -> None:
    agent = await shop.member()
    body = {"text": "Hello", "sessionId": "visit-1"}
    started = (await desk.http.post(CHATS, json=body, headers=shop.site)).json()
    chat, headers = started["conversation"]["id"], {"Authorization": f"Bearer {started['visitorToken']}"}
    await desk.http.post(f"{CHATS}/{chat}/end", headers=headers)
    await desk.http.post(f"{CHATS}/{chat}/rating", json={"score": 5}, headers=headers)
    at = datetime.now(UTC) - timedelta(minutes=5)
    seen = {"event": "page_view", "timestamp": at.isoformat(), "url": "https://shop.test/", "title": "Shop"}
    token = {"X-Visitor-Token": started["visitorToken"]}
    body = {"sessionId": "visit-1", "events": [seen]}
    tracked = await desk.http.post(f"/api/widgets/{shop.widget}/track", json=body, headers=shop.site | token)
    assert tracked.json() == {"success": True}
    id = await contact_of(desk, chat, headers)
    page = (await desk.http.get(f"{VISITORS}/{id}/timeline", params={"limit": 2}, headers=agent)).json()
    wanted = {"cursor": page["nextCursor"]}
    rest = (await desk.http.get(f"{VISITORS}/{id}/timeline", params=wanted, headers=agent)).json()
    assert [one["type"] for one in page["data"] + rest["data"]] == ["rating", "conversation", "page"]
    assert page["data"][1]["status"] == "resolved"
    assert rest["data"][0]["title"] == "Shop"
    assert "score" not in rest["data"][0]
    assert rest["nextCursor"] is None


async def test_blocking_says_so_and_can_be_taken_back(desk: Desk, shop: Shop) -> None:
    agent = await shop.member()
    chat, headers = await shop.thread()
    id = await contact_of(desk, chat, headers)
    until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    blocked = await desk.http.post(
        f"{VISITORS}/{id}/block", json={"reason": "spam", "until": until}, headers=agent
    )
    assert (blocked.status_code, blocked.json()["contact"]["block"]["reason"]) == (200, "spam")
    past = {"reason": "spam", "until": "2020-01-01T00:00:00Z"}
    refused = await desk.http.post(f"{VISITORS}/{id}/block", json=past, headers=agent)
    assert refused.status_code == 400
    free = await desk.http.post(f"{VISITORS}/{id}/unblock", headers=agent)
    assert free.json()["contact"]["block"] is None


async def test_what_a_blocked_visitor_writes_is_refused_and_starts_nothing(desk: Desk, shop: Shop) -> None:
    agent = await shop.member()
    chat, headers = await shop.thread()
    token = {"X-Visitor-Token": headers["Authorization"].removeprefix("Bearer ")}
    id = await contact_of(desk, chat, headers)
    await desk.http.post(f"{VISITORS}/{id}/block", json={"reason": "spam"}, headers=agent)
    before = await shop.head()
    for path, body, sent in (
        (f"{CHATS}/{chat}/messages", {"text": "Hi"}, headers),
        (f"{CHATS}/{chat}/end", {}, headers),
        (f"{CHATS}/{chat}/request-human", {}, headers),
        (CHATS, {"text": "Hi"}, shop.site | token),
        (f"/api/widgets/{shop.widget}/chat", {"sessionId": "1", "message": "Hi"}, shop.site | token),
    ):
        answer = await desk.http.post(path, json=body, headers=sent)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "visitor_blocked"), path
    assert await shop.head() == before
    await desk.http.post(f"{VISITORS}/{id}/unblock", headers=agent)
    assert (
        await desk.http.post(f"{CHATS}/{chat}/messages", json={"text": "Hi"}, headers=headers)
    ).status_code == 201


async def test_a_visitor_begins_fifty_conversations_a_day_and_no_more(desk: Desk, shop: Shop) -> None:
    parts, contact_id = desk.app.state.parts, uuid4()
    actor = visitor(shop.tenant_id, contact_id)
    last = StartConversation(contact_id=contact_id, text="The last one")
    for number in range(MOST_STARTS - 1):
        await desk.bus.execute(actor, StartConversation(contact_id=contact_id, text=str(number)))
    await desk.fold()
    opened = Opening(actor, contact_id, Request("key"), is_first_contact=False)
    await refuse_flood(parts, opened, last)
    await desk.bus.execute(actor, last, Request("key"))
    await desk.fold()
    await refuse_flood(parts, opened, last)  # the same again gets its answer
    for refused in (Request("another"), Request()):
        with pytest.raises(RateLimited) as raised:
            await refuse_flood(parts, Opening(actor, contact_id, refused, is_first_contact=False), last)
        assert 24 * 3600 - 60 < raised.value.retry_after <= 24 * 3600 + 1
    other = uuid4()
    await refuse_flood(parts, Opening(visitor(shop.tenant_id, other), other, Request(), False), last)
