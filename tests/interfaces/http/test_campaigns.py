"""Campaigns over HTTP: who drafts and launches, what an audience is sent, and what becomes of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from application.actor import system
from application.contact import BlockContact, EraseContact
from application.plan import ChangePlan
from domain.ids import wire
from domain.plan import Limits
from tests.interfaces.http.campaigning import CAMPAIGNS, HELLO, SALE, Campaigning, open_campaigning
from tests.interfaces.http.desk import Desk, Shop, bearer
from tests.support.cases import cases


@pytest.fixture
async def campaigning(shop: Shop) -> AsyncIterator[Campaigning]:
    async with open_campaigning(shop) as opened:
        yield opened


async def test_an_audience_is_sent_the_message_once_and_the_campaign_is_completed(
    campaigning: Campaigning,
) -> None:
    people = await campaigning.contacts(5)
    id = await campaigning.launched()
    await campaigning.settled()
    progress = await campaigning.progress(id)
    assert progress["status"] == "completed"
    assert (progress["total"], progress["sent"], progress["queued"], progress["percent"]) == (5, 5, 0, 100.0)
    assert sorted(await campaigning.sent(id)) == sorted(people)


async def test_the_message_waits_in_a_conversation_that_no_agent_sees_until_it_is_answered(
    campaigning: Campaigning,
) -> None:
    _, visitor = await campaigning.shop.thread("hi")
    http, desk = campaigning.desk.http, campaigning.desk
    mine = "/api/v1/chat/visitor/conversations"
    await desk.fold()
    first = (await http.get(mine, headers=visitor)).json()["data"][0]
    await http.post(f"/api/v1/chat/conversations/{first['id']}/end", headers=visitor)
    id = await campaigning.launched()
    await campaigning.settled()
    await desk.fold()
    newest = (await http.get(mine, headers=visitor)).json()["data"][0]
    assert newest["id"] != first["id"]
    assert (newest["status"], newest["unread"]) == ("snoozed", 1)
    path = f"/api/v1/chat/conversations/{newest['id']}"
    said = (await http.get(path, headers=visitor)).json()["messages"]["data"]
    assert [(one["text"], one["role"], one["state"]) for one in said] == [("Sale today!", "agent", "sent")]
    agent = await campaigning.shop.member("agent")
    inbox = "/api/v1/chat/agent/conversations?status=open"
    assert newest["id"] not in (await http.get(inbox, headers=agent)).text

    async def funnel() -> tuple[int, int, int, int]:
        now = await campaigning.progress(id)
        return now["sent"], now["delivered"], now["read"], now["replied"]

    assert await funnel() == (1, 0, 0, 0)
    version = said[0]["version"]
    await http.post(f"{path}/delivered", json={"upTo": version}, headers=visitor)
    assert await funnel() == (1, 1, 0, 0)
    await http.post(f"{path}/read", json={"upTo": version}, headers=visitor)
    assert await funnel() == (1, 1, 1, 0)
    await http.post(f"{path}/messages", json={"text": "Which size?"}, headers=visitor)
    assert await funnel() == (1, 1, 1, 1)
    await http.post(f"{path}/read", json={"upTo": version + 1}, headers=visitor)
    assert await funnel() == (1, 1, 1, 1)
    await desk.fold()
    assert newest["id"] in (await http.get(inbox, headers=agent)).text


async def test_whoever_is_in_a_conversation_gets_it_there_and_nobody_has_answered_them(
    campaigning: Campaigning,
) -> None:
    conversation, visitor = await campaigning.shop.thread("hi")
    await campaigning.desk.fold()
    await campaigning.launched()
    await campaigning.settled()
    path = f"/api/v1/chat/conversations/{conversation}"
    body = (await campaigning.desk.http.get(path, headers=visitor)).json()
    assert [one["text"] for one in body["messages"]["data"]] == ["hi", "Sale today!"]
    assert body["status"] == "open"


async def test_who_is_blocked_is_passed_over_with_a_reason_and_who_is_erased_is_not_asked(
    campaigning: Campaigning,
) -> None:
    blocked, erased, third = await campaigning.contacts(3)
    owner = system(campaigning.shop.tenant_id)
    await campaigning.desk.do(owner, BlockContact(contact_id=blocked, reason="spam"))
    await campaigning.desk.do(owner, EraseContact(contact_id=erased, reason="asked"))
    id = await campaigning.launched()
    await campaigning.settled()
    progress = await campaigning.progress(id)
    assert (progress["total"], progress["sent"], progress["skipped"], progress["percent"]) == (2, 1, 1, 100.0)
    rows = await campaigning.desk.http.get(f"{CAMPAIGNS}/{id}/recipients?status=skipped", headers=campaigning.boss)
    assert [(one["contactId"], one["reason"]) for one in rows.json()["data"]] == [
        (wire("contact", blocked), "blocked")
    ]
    assert await campaigning.sent(id) == [third]


async def test_a_segment_chooses_and_everybody_is_written_to_in_their_language(campaigning: Campaigning) -> None:
    chosen = await campaigning.contacts(2, plan="pro", language="de")
    await campaigning.contacts(2, plan="free")
    id = await campaigning.launched(segment={"attributes": {"plan": "pro"}})
    await campaigning.settled()
    assert sorted(await campaigning.sent(id)) == sorted(chosen)
    assert "Heute Ausverkauf!" in {getattr(one.event, "text", None) for one in await campaigning.events()}


async def test_recipients_come_in_pages(campaigning: Campaigning) -> None:
    people = await campaigning.contacts(5)
    id = await campaigning.launched()
    await campaigning.settled()
    await campaigning.progress(id)
    found: list[str] = []
    cursor: str | None = None
    while True:
        query = f"?limit=2&cursor={cursor}" if cursor else "?limit=2"
        page = await campaigning.desk.http.get(f"{CAMPAIGNS}/{id}/recipients{query}", headers=campaigning.boss)
        found += [one["contactId"] for one in page.json()["data"]]
        cursor = page.json()["nextCursor"]
        if cursor is None:
            break
    assert found == [wire("contact", one) for one in sorted(people)]


async def test_a_scheduled_campaign_is_launched_at_its_time(campaigning: Campaigning) -> None:
    people = await campaigning.contacts(1)
    id = await campaigning.drafted()
    at = (datetime.now(UTC) + timedelta(seconds=0.6)).isoformat()
    assert (await campaigning.post(id, "schedule", {"at": at}))["status"] == "scheduled"
    await campaigning.settled()
    assert await campaigning.sent(id) == []
    while not await campaigning.sent(id):
        await campaigning.settled()
    assert await campaigning.sent(id) == people


async def test_each_change_of_state_is_reported_and_the_end_with_the_last_numbers(
    campaigning: Campaigning,
) -> None:
    await campaigning.contacts(2)
    id = await campaigning.drafted(HELLO)
    for act in ("launch", "pause", "resume", "cancel"):
        await campaigning.post(id, act)
    await campaigning.settled()
    statuses = [event.progress.status for event in await campaigning.reports(id)]
    assert statuses == ["running", "paused", "running", "cancelled"]
    sale = await campaigning.launched()
    await campaigning.settled()
    last = (await campaigning.reports(sale))[-1].progress
    assert (last.status, last.counts.sent) == ("completed", 2)


async def test_launching_is_counted_and_refused_where_the_plan_has_no_more(campaigning: Campaigning) -> None:
    owner = system(campaigning.shop.tenant_id)
    await campaigning.desk.do(owner, ChangePlan(limits=Limits(campaigns=1)))
    await campaigning.desk.app.state.parts.allowance.fresh_plan(campaigning.shop.tenant_id)
    await campaigning.launched(HELLO)
    second = await campaigning.drafted(HELLO)
    refused = await campaigning.desk.http.post(f"{CAMPAIGNS}/{second}/launch", headers=campaigning.boss)
    assert refused.status_code == 429, refused.text
    assert refused.json()["error"]["code"] == "usage_limit_exceeded"
    at = (datetime.now(UTC) + timedelta(seconds=0.2)).isoformat()
    await campaigning.post(second, "schedule", {"at": at})
    while (progress := await campaigning.progress(second))["status"] == "scheduled":
        await campaigning.settled()
    assert progress["status"] == "failed"


async def test_a_draft_is_changed_listed_and_removed(campaigning: Campaigning, desk: Desk) -> None:
    id = await campaigning.drafted(HELLO)
    path, boss = f"{CAMPAIGNS}/{id}", campaigning.boss
    change: dict[str, Any] = {"name": "Welcome", "showing": {"pages": ["/"], "everyDays": 7}}
    changed = await desk.http.patch(path, json=change, headers=boss)
    assert (changed.json()["name"], changed.json()["showing"]["everyDays"]) == ("Welcome", 7)
    assert changed.json()["texts"] == HELLO["texts"]
    stale = await desk.http.patch(path, json={"name": "x"}, headers=boss | {"If-Match": '"1"'})
    assert stale.status_code == 409
    await campaigning.progress(id)
    listed = await desk.http.get(CAMPAIGNS, headers=boss)
    assert [one["id"] for one in listed.json()["data"]] == [id]
    assert listed.json()["data"][0]["progress"]["percent"] is None
    assert (await desk.http.delete(path, headers=boss)).status_code == 204
    assert (await desk.http.post(f"{path}/launch", headers=boss)).status_code == 404
    await desk.fold()
    assert (await desk.http.get(CAMPAIGNS, headers=boss)).json()["data"] == []


async def test_what_is_under_way_is_not_changed_and_the_answer_names_its_state(campaigning: Campaigning) -> None:
    id = await campaigning.launched(HELLO)
    for method, path in (("PATCH", ""), ("DELETE", "")):
        answer = await campaigning.desk.http.request(
            method, f"{CAMPAIGNS}/{id}{path}", json={"name": "x"}, headers=campaigning.boss
        )
        assert answer.status_code == 409, answer.text
        assert answer.json()["error"]["code"] == "campaign_state"
        assert answer.json()["error"]["details"] == {"status": "running"}


async def test_agents_neither_draft_nor_read_campaigns_and_strangers_find_none(
    campaigning: Campaigning, other_shop: Shop
) -> None:
    id, http = await campaigning.drafted(), campaigning.desk.http
    agent, stranger = await campaigning.shop.member("agent"), await other_shop.member("owner")
    assert (await http.post(CAMPAIGNS, json=SALE, headers=agent)).status_code == 403
    assert (await http.get(f"{CAMPAIGNS}/{id}/progress", headers=agent)).status_code == 403
    assert (await http.get(f"{CAMPAIGNS}/{id}", headers=stranger)).status_code == 404
    assert (await http.post(f"{CAMPAIGNS}/{id}/launch", headers=stranger)).status_code == 404


@cases(
    "wrong",
    [
        {"texts": {}},
        {"texts": {"de": "Hallo"}},
        {"showing": {"seconds": 5}},
        {"name": " "},
        {"segment": {"attributes": {"a": 1}, "unknown": 1}},
        {"kind": "sometimes"},
    ],
)
async def test_what_is_no_campaign_is_refused(campaigning: Campaigning, wrong: dict[str, Any]) -> None:
    answer = await campaigning.desk.http.post(CAMPAIGNS, json=SALE | wrong, headers=campaigning.boss)
    assert answer.status_code == 400, answer.text


async def test_an_api_key_needs_the_scope_of_campaigns(campaigning: Campaigning) -> None:
    owner, http = await campaigning.shop.member("owner"), campaigning.desk.http
    for scope, status in (("campaigns:manage", 201), ("contacts:write", 403)):
        made = await http.post("/api/v1/api-keys", json={"name": scope, "scopes": [scope]}, headers=owner)
        answer = await http.post(CAMPAIGNS, json=SALE, headers=bearer(made.json()["key"]))
        assert answer.status_code == status, answer.text
