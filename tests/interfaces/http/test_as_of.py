"""As of: yesterday's answers, out of the log; the erased stay erased in the past too."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from application.actor import system
from application.canned_response import RemoveCannedResponse, SaveCannedResponse
from application.contact import EraseContact
from application.widget import RestyleWidget
from domain.ids import parse
from domain.widget import Look
from interfaces.http import past_inbox
from tests.interfaces.http.desk import Desk, Shop

START = "/api/v1/chat/conversations"
INBOX = "/api/v1/chat/agent/conversations"
CANNED = "/api/v1/chat/canned-responses"
CONFIG = "/api/v1/chat/widget/config"


async def ask(desk: Desk, path: str, headers: dict[str, str], **query: Any) -> httpx.Response:
    await desk.fold()
    return await desk.http.get(path, params={name: str(value) for name, value in query.items()}, headers=headers)


async def then(desk: Desk, path: str, headers: dict[str, str], seq: int, **query: Any) -> dict[str, Any]:
    answer = await ask(desk, path, headers, asOf=seq, **query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["X-As-Of-Position"] == str(seq)
    return answer.json()


async def test_a_conversation_is_what_it_was(desk: Desk, shop: Shop) -> None:
    id, visitor = await shop.thread("Hello")
    agent = await shop.member()
    before, now = await shop.head(), (await ask(desk, f"{START}/{id}", agent)).json()
    await desk.http.post(f"{START}/{id}/messages", json={"text": "Good day"}, headers=agent)
    await desk.http.post(f"{START}/{id}/labels", json={"add": ["vip"]}, headers=agent)
    await desk.http.post(f"{START}/{id}/end", headers=visitor)
    assert await then(desk, f"{START}/{id}", agent, before) == now
    latest = (await ask(desk, f"{START}/{id}", agent)).json()
    assert await then(desk, f"{START}/{id}", agent, await shop.head()) == latest
    assert latest != now


async def test_a_visitor_sees_no_more_of_the_past_than_of_today(desk: Desk, shop: Shop) -> None:
    id, visitor = await shop.thread()
    _, stranger = await shop.thread("somebody else")
    agent = await shop.member()
    await desk.http.post(f"{START}/{id}/messages", json={"text": "Angry", "private": True}, headers=agent)
    await desk.http.post(f"{START}/{id}/labels", json={"add": ["vip"]}, headers=agent)
    seen = await then(desk, f"{START}/{id}", visitor, await shop.head())
    assert "Angry" not in str(seen)
    assert "labels" not in seen
    foreign = await ask(desk, f"{START}/{id}", stranger, asOf=await shop.head())
    early = await ask(desk, f"{START}/{id}", visitor, asOf=0)
    assert (foreign.status_code, early.status_code) == (404, 404)


async def test_the_erased_stay_erased_in_the_past(desk: Desk, shop: Shop) -> None:
    id, _ = await shop.thread("I live in Elm Street")
    agent = await shop.member("owner")
    before = await shop.head()
    contact = (await ask(desk, f"{START}/{id}", agent)).json()["contact_data"]["id"]
    command = EraseContact(contact_id=parse("contact", contact), reason="asked")
    await desk.do(system(shop.tenant_id), command)
    await desk.store.keyring.destroy(shop.tenant_id, parse("contact", contact))
    assert "Elm" not in str(await then(desk, f"{START}/{id}", agent, before))
    assert "Elm" not in str(await then(desk, INBOX, agent, before))


async def test_the_inbox_shows_what_it_showed(desk: Desk, shop: Shop) -> None:
    agent = await shop.member()
    chats = [(await shop.thread(str(number)))[0] for number in range(5)]
    await desk.http.post(f"{INBOX}/{chats[0]}/accept", headers=agent)
    queries = [{}, {"status": "open"}, {"assignee": "me"}, {"sort": "oldest"}, {"limit": 2}]
    before = await shop.head()
    shown = [(await ask(desk, INBOX, agent, **query)).json() for query in queries]
    await desk.http.post(f"{START}/{chats[1]}/end", headers=agent)
    await desk.http.post(f"{START}/{chats[0]}/messages", json={"text": "Later"}, headers=agent)
    await desk.http.post(f"{START}/{chats[2]}/snooze", headers=agent)
    await shop.thread("New")
    for query, page in zip(queries, shown, strict=True):
        assert await then(desk, INBOX, agent, before, **query) == page
    first = await then(desk, INBOX, agent, before, limit=2)
    second = await then(desk, INBOX, agent, before, limit=3, cursor=first["nextCursor"])
    assert [row["id"] for row in first["data"] + second["data"]] == [row["id"] for row in shown[0]["data"]]


async def test_an_inbox_of_long_ago_is_refused_not_guessed(
    desk: Desk, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(past_inbox, "MOST", 1)
    agent = await shop.member()
    before = await shop.head()
    await shop.thread("1")
    assert (await then(desk, INBOX, agent, before))["data"] == []
    await shop.thread("2")
    answer = await ask(desk, INBOX, agent, asOf=before)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_request")


async def test_a_time_means_what_was_stored_by_then(desk: Desk, shop: Shop) -> None:
    agent = await shop.member()
    id, visitor = await shop.thread("Hello")
    before = await shop.head()
    moment = datetime.now(UTC)
    await desk.http.post(f"{START}/{id}/messages", json={"text": "More"}, headers=visitor)
    answer = await ask(desk, f"{START}/{id}", agent, asOf=moment.isoformat())
    assert answer.headers["X-As-Of-Position"] == str(before)
    assert len(answer.json()["messages"]["data"]) == 1
    long_ago = await ask(desk, INBOX, agent, asOf="2001-02-03T04:05:06Z")
    assert (long_ago.json()["data"], long_ago.headers["X-As-Of-Position"]) == ([], "0")


async def test_the_future_and_what_is_no_time_are_refused(desk: Desk, shop: Shop) -> None:
    agent = await shop.member()
    later = (datetime.now(UTC) + timedelta(minutes=5)).isoformat()
    for given in (await shop.head() + 1, later, "yesterday", "2020-01-01T00:00:00", "-1", "", "9" * 30, "é"):
        for path, headers in ((INBOX, agent), (CANNED, agent), (CONFIG, shop.site)):
            answer = await ask(desk, path, headers, asOf=given)
            assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_request"), (path, given)


async def test_a_widgets_config_is_what_it_was(desk: Desk, shop: Shop) -> None:
    before, shown = await shop.head(), (await ask(desk, CONFIG, shop.site)).json()
    restyle = RestyleWidget(widget_id=shop.widget_id, look=Look(name="New name"))
    await desk.do(system(shop.tenant_id), restyle)
    assert await then(desk, CONFIG, shop.site, before) == shown
    assert await then(desk, f"/api/widgets/{shop.widget}/config", shop.site, before) == shown
    assert (await then(desk, CONFIG, shop.site, await shop.head()))["config"]["name"] == "New name"
    assert (await ask(desk, CONFIG, shop.site, asOf=0)).status_code == 404


async def test_canned_responses_are_what_they_were(desk: Desk, shop: Shop) -> None:
    agent, one, two = await shop.member(), uuid4(), uuid4()
    by = system(shop.tenant_id)
    for id, shortcut in ((one, "bye"), (two, "hello")):
        await desk.do(by, SaveCannedResponse(canned_response_id=id, shortcut=shortcut, title="t", body="old"))
    before = await shop.head()
    await desk.do(by, SaveCannedResponse(canned_response_id=one, shortcut="bye", title="t", body="new"))
    await desk.do(by, RemoveCannedResponse(canned_response_id=two))
    first = await then(desk, CANNED, agent, before, limit=1)
    second = await then(desk, CANNED, agent, before, limit=1, cursor=first["nextCursor"])
    assert [(row["shortcut"], row["body"]) for row in first["data"] + second["data"]] == [
        ("bye", "old"),
        ("hello", "old"),
    ]
    today = await then(desk, CANNED, agent, await shop.head())
    assert [(row["shortcut"], row["body"]) for row in today["data"]] == [("bye", "new")]
