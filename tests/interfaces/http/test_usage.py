"""Limits of a plan over HTTP: what is refused how, what is stored all the same, what is shown."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import httpx
import psycopg
import pytest

from application.ports import Answer
from domain.conversation import MessagePosted
from domain.handling import HandedOver
from interfaces.usage import open_allowance
from tests.conformance.test_support_api import picture
from tests.interfaces.http.desk import Desk, Shop
from tests.support.cases import cases

USAGE, LIMITS = "/api/v1/usage", "/api/v1/usage/limits"


@pytest.fixture
async def owner(shop: Shop) -> dict[str, str]:
    return await shop.member("owner")


async def limit(desk: Desk, owner: dict[str, str], **limits: Any) -> None:
    answer = await desk.http.put(LIMITS, json=limits, headers=owner)
    assert answer.status_code == 200, answer.text


async def usage(desk: Desk, owner: dict[str, str], query: str = "") -> dict[str, Any]:
    await desk.fold()
    answer = await desk.http.get(USAGE + query, headers=owner)
    assert answer.status_code == 200, answer.text
    return answer.json()


def assert_over(answer: httpx.Response, meter: str, limit: int) -> dict[str, Any]:
    assert answer.status_code == 429, answer.text
    error = answer.json()["error"]
    assert error["code"] == "usage_limit_exceeded"
    assert (error["details"]["meter"], error["details"]["limit"]) == (meter, limit)
    seconds = int(answer.headers["Retry-After"])
    assert 0 < seconds <= 31 * 86400 + 1
    assert answer.headers["RateLimit"] == f'"{meter}";r=0;t={seconds}'
    assert answer.headers["RateLimit-Policy"].startswith(f'"{meter}";q={limit};w=')
    return error["details"]


async def test_a_new_tenant_is_unlimited(desk: Desk, shop: Shop, owner: dict[str, str]) -> None:
    meters = (await usage(desk, owner))["meters"]
    assert set(meters) == {"messages", "tokens", "voiceSeconds", "storageBytes", "campaigns"}
    assert all(one["limit"] is None and one["remaining"] is None for one in meters.values())


async def test_a_message_over_the_limit_is_stored_and_handed_to_a_human(
    desk: Desk, shop: Shop, owner: dict[str, str]
) -> None:
    await limit(desk, owner, messages=1)
    desk.will_answer(Answer("Hi"))
    assert (await shop.say("one")).status_code == 200
    refused = await shop.say("two")
    details = assert_over(refused, "messages", 1)
    assert refused.json()["success"] is False
    assert details["handoff"] is True
    assert datetime.fromisoformat(details["resetAt"]) > datetime.now(UTC)
    visitor = {"Authorization": f"Bearer {details['visitorToken']}"}
    await desk.fold()
    thread = await desk.http.get(f"/api/v1/chat/conversations/{details['conversationId']}", headers=visitor)
    assert thread.json()["messages"]["data"][0]["text"] == "two"
    assert (await desk.store.reader.tenant_page(shop.tenant_id, details["seq"] - 1))[0].type.endswith(
        "handed_over.1"
    )
    meter = (await usage(desk, owner))["meters"]["messages"]
    assert (meter["used"], meter["limit"], meter["remaining"]) == (1, 1, 0)


async def test_family_b_refuses_alike(desk: Desk, shop: Shop, owner: dict[str, str]) -> None:
    await limit(desk, owner, messages=1)
    id, visitor = await shop.thread("first")
    posted = await desk.http.post(
        f"/api/v1/chat/conversations/{id}/messages", json={"text": "second"}, headers=visitor
    )
    assert_over(posted, "messages", 1)
    started = await desk.http.post("/api/v1/chat/conversations", json={"text": "third"}, headers=shop.site)
    assert_over(started, "messages", 1)


async def test_what_an_agent_has_is_never_refused_and_agents_are_not_counted(
    desk: Desk, shop: Shop, owner: dict[str, str]
) -> None:
    await limit(desk, owner, messages=1)
    id, visitor = await shop.thread("first")
    path = f"/api/v1/chat/conversations/{id}/messages"
    assert (await desk.http.post(path, json={"text": "Hello"}, headers=owner)).status_code == 201
    assert (await desk.http.post(path, json={"text": "Thanks"}, headers=visitor)).status_code == 201
    assert (await usage(desk, owner))["meters"]["messages"]["used"] == 1


async def test_a_repeat_of_a_refused_message_is_the_same_refusal(
    desk: Desk, shop: Shop, owner: dict[str, str]
) -> None:
    await limit(desk, owner, messages=0)
    first = await shop.say("one", clientMessageId="k1")
    again = await shop.say("one", clientMessageId="k1")
    details = assert_over(first, "messages", 0)
    assert ("Idempotent-Replayed" in first.headers, again.headers["Idempotent-Replayed"]) == (False, "true")
    assert assert_over(again, "messages", 0)["messageId"] == details["messageId"]


async def test_tokens_are_held_before_and_settled_after_the_answer(
    desk: Desk, shop: Shop, owner: dict[str, str], database_url: str
) -> None:
    await limit(desk, owner, tokens=100, weights={"big": 2.5})
    desk.will_answer(Answer("Hi", model="big", tokens=21))
    assert (await shop.say("one")).status_code == 200
    with psycopg.connect(database_url) as connection:
        rows = connection.execute("SELECT used FROM usage.counter WHERE meter = 'tokens'").fetchall()
        assert rows == [(53,)]
        assert connection.execute("SELECT count(*) FROM usage.reservation").fetchall() == [(0,)]
    desk.will_answer(Answer("Hi", model="big", tokens=40))
    assert (await shop.say("two")).status_code == 200
    assert_over(await shop.say("three"), "tokens", 100)
    assert len(desk.model.asked) == 2
    told = await usage(desk, owner, "?by=model")
    assert told["meters"]["tokens"]["used"] == 153
    assert {one["id"]: one["used"]["tokens"] for one in told["data"]} == {None: 0, "big": 153}


async def test_two_answers_under_way_do_not_get_the_same_tokens(
    desk: Desk, shop: Shop, owner: dict[str, str]
) -> None:
    await limit(desk, owner, tokens=100)
    first = asyncio.create_task(shop.say("one"))
    async with asyncio.timeout(5):
        while not desk.model.asked:
            await asyncio.sleep(0.01)
    assert_over(await shop.say("two"), "tokens", 100)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)


async def test_a_file_over_the_limit_is_refused_and_a_purged_one_makes_room(
    desk: Desk, shop: Shop, owner: dict[str, str]
) -> None:
    _, visitor = await shop.thread()

    async def upload(name: str) -> httpx.Response:
        files = {"file": (name, picture(), "image/png")}
        return await desk.http.post("/api/v1/chat/upload", files=files, headers=visitor)

    first = (await upload("one.png")).json()["file"]
    await limit(desk, owner, storageBytes=first["size"])
    assert_over(await upload("two.png"), "storage_bytes", first["size"])
    meter = (await usage(desk, owner))["meters"]["storageBytes"]
    assert (meter["used"], meter["resetAt"]) == (first["size"], None)
    assert (await desk.http.delete(f"/api/v1/chat/files/{first['id']}", headers=owner)).status_code < 300
    assert (await usage(desk, owner))["meters"]["storageBytes"]["used"] == 0
    assert (await upload("three.png")).status_code == 201


async def test_sixty_four_at_the_last_unit_over_two_processes_are_granted_it_once(
    desk: Desk, shop: Shop, owner: dict[str, str]
) -> None:
    await limit(desk, owner, messages=1)
    answers = await asyncio.gather(
        *(
            desk.http.post("/api/v1/chat/conversations", json={"text": f"n {number}"}, headers=shop.site)
            for number in range(64)
        )
    )
    codes = sorted(answer.status_code for answer in answers)
    assert codes == [201] + [429] * 63
    found = await desk.store.reader.tenant_page(shop.tenant_id, 0, 2000)
    assert sum(isinstance(one.event, MessagePosted) for one in found) == 64
    assert sum(isinstance(one.event, HandedOver) for one in found) == 63


async def test_what_was_used_before_there_was_a_limit_counts(
    desk: Desk, shop: Shop, owner: dict[str, str]
) -> None:
    await shop.thread("one")
    await desk.fold()
    await shop.thread("two")  # the read model has not seen it: the log has
    await limit(desk, owner, messages=3)
    await shop.thread("three")
    started = await desk.http.post("/api/v1/chat/conversations", json={"text": "four"}, headers=shop.site)
    assert_over(started, "messages", 3)


async def test_usage_by_widget_and_agent(desk: Desk, shop: Shop, owner: dict[str, str]) -> None:
    id, visitor = await shop.thread("one")
    agent = await shop.member()
    path = f"/api/v1/chat/conversations/{id}/messages"
    await desk.http.post(path, json={"text": "Hello"}, headers=agent)
    await desk.http.post(path, json={"text": "two"}, headers=visitor)
    widgets = (await usage(desk, owner, "?by=widget"))["data"]
    assert [(one["id"], one["used"]["messages"]) for one in widgets] == [(shop.widget, 2)]
    me = (await desk.http.get("/api/v1/auth/me", headers=agent)).json()["user"]["id"]
    first = await usage(desk, owner, "?by=agent&limit=1")
    rest = await usage(desk, owner, f"?by=agent&limit=1&cursor={first['nextCursor']}")
    found = [(one["id"], one["used"]["messages"]) for one in first["data"] + rest["data"]]
    assert (found, rest["nextCursor"]) == ([(None, 1), (me, 1)], None)
    past = await usage(desk, owner, "?period=2020-02")
    assert (past["period"], past["meters"]["messages"]["used"]) == ("2020-02", 0)
    assert past["meters"]["messages"]["resetAt"] == "2020-03-01T00:00:00Z"


@cases("query", ["?period=2026-13", "?period=26-1", "?by=nobody", "?by=agent&cursor=x"])
async def test_what_is_no_question_about_usage_is_refused(desk: Desk, owner: dict[str, str], query: str) -> None:
    assert (await desk.http.get(USAGE + query, headers=owner)).status_code == 400


@cases("body", [{"messages": -1}, {"messages": 2**53}, {"minutes": 1}, {"weights": {"": 1}}])
async def test_what_is_no_limit_is_refused(desk: Desk, owner: dict[str, str], body: dict[str, Any]) -> None:
    assert (await desk.http.put(LIMITS, json=body, headers=owner)).status_code == 400


async def test_only_owners_and_admins_change_limits(desk: Desk, shop: Shop) -> None:
    for role, status in (("owner", 200), ("admin", 200), ("supervisor", 403), ("agent", 403), ("auditor", 403)):
        answer = await desk.http.put(LIMITS, json={}, headers=await shop.member(role))
        assert answer.status_code == status


async def test_a_limit_holds_in_a_process_that_did_not_change_it(
    desk: Desk, shop: Shop, owner: dict[str, str]
) -> None:
    elsewhere, now = open_allowance(desk.store), [0.0]
    elsewhere._now = lambda: now[0]  # pyright: ignore[reportPrivateUsage]
    assert (await elsewhere.plan(shop.tenant_id)).limits.messages is None
    await limit(desk, owner, messages=1)
    now[0] = 5.1
    assert (await elsewhere.plan(shop.tenant_id)).limits.messages == 1
