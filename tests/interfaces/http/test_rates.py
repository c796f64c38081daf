"""Rate limits over HTTP: 429 with what the client needs to come back, and nothing stored."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from litestar.routes import HTTPRoute

from application.ports import Answer
from infrastructure.embedded.nats import NatsServer
from infrastructure.rates import RateRules
from interfaces.http.rates import pace
from tests.interfaces.http.desk import Desk, open_desk

CONVERSATIONS = "/api/v1/chat/conversations"


@pytest.fixture
async def slow(database_url: str, nats_server: NatsServer) -> AsyncIterator[Desk]:
    """Two messages an hour for a visitor, six for a widget."""
    rules = RateRules(visitor="2/hour", widget="6/hour")
    async with open_desk(database_url, nats_server.url, rules=rules) as opened:
        yield opened


def assert_limited(answer: httpx.Response, name: str, count: int) -> None:
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "rate_limited"), answer.text
    seconds = int(answer.headers["Retry-After"])
    assert 1 <= seconds <= 3600
    assert answer.headers["RateLimit-Policy"] == f'"{name}";q={count};w=3600'
    assert answer.headers["RateLimit"] == f'"{name}";r=0;t={seconds}'


async def test_a_visitor_who_writes_too_fast_is_told_when_to_come_back_and_nothing_is_stored(slow: Desk) -> None:
    shop = await slow.shop()
    id, visitor = await shop.thread("one")
    path = f"{CONVERSATIONS}/{id}/messages"
    for text in ("two", "three"):
        assert (await slow.http.post(path, json={"text": text}, headers=visitor)).status_code == 201
    before = await shop.head()
    assert_limited(await slow.http.post(path, json={"text": "four"}, headers=visitor), "visitor", 2)
    assert_limited(await shop.say("five", {"X-Visitor-Token": visitor["Authorization"][7:]}), "visitor", 2)
    assert await shop.head() == before
    agent = await shop.member()
    for number in range(5):
        answer = await slow.http.post(path, json={"text": f"{number}", "private": True}, headers=agent)
        assert answer.status_code == 201
    await slow.fold()
    read = await slow.http.get(f"{CONVERSATIONS}/{id}", headers=visitor)
    assert read.status_code == 200


async def test_a_widget_is_a_ceiling_over_first_contacts_in_both_families(slow: Desk) -> None:
    shop, other = await slow.shop(), await slow.shop(2)
    for number in range(6):
        await shop.thread(f"{number}")
    assert_limited(await shop.say("one more"), "widget", 6)
    slow.will_answer(Answer("Hi"))
    assert (await other.say("one")).status_code == 200


async def test_only_routes_on_which_visitors_write_are_paced(desk: Desk) -> None:
    paced = {
        handler.operation_id
        for route in desk.app.routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        if pace in (handler.guards or ())
    }
    assert paced == {"sendChatMessage", "startConversation", "postMessage", "startVoiceCall"}
