"""Family B: moving a conversation, and what is written on it, over HTTP."""

from __future__ import annotations

from typing import Any

from tests.interfaces.http.desk import Desk, Shop
from tests.support.cases import cases

START = "/api/v1/chat/conversations"


def at(conversation_id: str, *rest: str) -> str:
    return "/".join([START, conversation_id, *rest])


def for_agents(conversation_id: str, what: str) -> str:
    return f"/api/v1/chat/agent/conversations/{conversation_id}/{what}"


async def me(desk: Desk, headers: dict[str, str]) -> str:
    return (await desk.http.get("/api/v1/auth/me", headers=headers)).json()["user"]["id"]


async def test_a_transfer_names_the_other_agent_and_brings_a_note(desk: Desk, shop: Shop) -> None:
    id, visitor = await shop.thread()
    anna, ben = await shop.member(), await shop.member()
    await desk.http.post(for_agents(id, "accept"), headers=anna)
    body = {"agentId": await me(desk, ben), "note": "Knows printers"}
    away = await desk.http.post(for_agents(id, "transfer"), json=body, headers=anna)
    assert (away.status_code, away.json()["error"]["code"]) == (409, "agent_unavailable")
    await desk.http.put("/api/v1/agents/me/availability", json={"status": "online"}, headers=ben)
    await desk.fold()
    answer = await desk.http.post(for_agents(id, "transfer"), json=body, headers=anna)
    assert answer.status_code == 200, answer.text
    assert answer.json()["conversation"]["assigneeId"] == body["agentId"]
    taken = await desk.http.post(for_agents(id, "accept"), headers=anna)
    assert (taken.status_code, taken.json()["error"]["code"]) == (409, "already_accepted")
    await desk.fold()
    read = (await desk.http.get(at(id), headers=ben)).json()
    assert [one["text"] for one in read["messages"]["data"] if one["private"]] == ["Knows printers"]
    theirs = (await desk.http.get(at(id), headers=visitor)).json()
    assert not any(one["private"] for one in theirs["messages"]["data"])


@cases("body", [{}, {"agentId": "agt_x"}, {"agentId": "tea_00000000000000000000000000000000"}, {"teamId": 3}])
async def test_a_transfer_to_nowhere_is_refused(desk: Desk, shop: Shop, body: dict[str, Any]) -> None:
    id, _ = await shop.thread()
    before = await shop.head()
    answer = await desk.http.post(for_agents(id, "transfer"), json=body, headers=await shop.member())
    assert answer.status_code in (400, 404)
    assert "error" in answer.json()
    assert await shop.head() >= before


async def test_a_snoozed_conversation_wakes_with_the_visitors_reply(desk: Desk, shop: Shop) -> None:
    id, visitor = await shop.thread()
    anna = await shop.member()
    await desk.http.post(for_agents(id, "accept"), headers=anna)
    asleep = await desk.http.post(at(id, "snooze"), headers=anna)
    assert asleep.json()["conversation"]["status"] == "snoozed"
    await desk.http.post(at(id, "messages"), json={"text": "Still here"}, headers=visitor)
    again = await desk.http.post(at(id, "awaken"), headers=anna)
    assert again.json()["conversation"]["status"] == "open"


async def test_a_snooze_until_yesterday_or_without_a_zone_is_refused(desk: Desk, shop: Shop) -> None:
    id, _ = await shop.thread()
    anna = await shop.member()
    for until in ("2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z", "2030-01-01T00:00:00", "soon"):
        answer = await desk.http.post(at(id, "snooze"), json={"until": until}, headers=anna)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_request"), until


async def test_labels_priority_and_attributes_are_kept(desk: Desk, shop: Shop) -> None:
    id, _ = await shop.thread()
    anna = await shop.member()
    for verb, what, body in (
        ("POST", "labels", {"add": ["Billing", "vip"]}),
        ("PUT", "priority", {"priority": "high"}),
        ("PUT", "attributes", {"attributes": {"order": "A-1", "paid": True}}),
    ):
        first = await desk.http.request(verb, at(id, what), json=body, headers=anna)
        again = await desk.http.request(verb, at(id, what), json=body, headers=anna)
        assert first.status_code == again.status_code == 200, first.text
        assert first.json()["conversation"]["version"] == again.json()["conversation"]["version"]


async def test_a_visitor_cannot_mark_or_move_a_conversation(desk: Desk, shop: Shop) -> None:
    id, visitor = await shop.thread()
    for verb, path in (
        ("POST", at(id, "labels")),
        ("PUT", at(id, "priority")),
        ("POST", at(id, "snooze")),
        ("POST", for_agents(id, "transfer")),
        ("POST", at(id, "reopen")),
    ):
        answer = await desk.http.request(verb, path, json={}, headers=visitor)
        assert answer.status_code == 401, path


async def test_reading_by_message_and_by_version(desk: Desk, shop: Shop) -> None:
    id, visitor = await shop.thread()
    anna = await shop.member()
    posted = (await desk.http.post(at(id, "messages"), json={"text": "Hi"}, headers=anna)).json()["message"]
    read = await desk.http.post(at(id, "read"), json={"upToMessageId": posted["id"]}, headers=visitor)
    assert read.status_code == 200, read.text
    again = await desk.http.post(at(id, "read"), json={"upTo": posted["version"]}, headers=visitor)
    assert again.json()["conversation"]["version"] == read.json()["conversation"]["version"]
    late = await desk.http.post(at(id, "read"), json={"upTo": 99}, headers=visitor)
    assert late.status_code == 400
    nothing = await desk.http.post(at(id, "read"), json={}, headers=visitor)
    assert nothing.status_code == 400


async def test_a_visitor_rates_once_it_has_ended(desk: Desk, shop: Shop) -> None:
    id, visitor = await shop.thread()
    early = await desk.http.post(at(id, "rating"), json={"score": 5}, headers=visitor)
    assert (early.status_code, early.json()["error"]["code"]) == (409, "conversation_open")
    await desk.http.post(at(id, "end"), headers=visitor)
    rated = await desk.http.post(at(id, "rating"), json={"score": 5, "comment": "Quick"}, headers=visitor)
    assert rated.status_code == 200
    wrong = await desk.http.post(at(id, "rating"), json={"score": 6}, headers=visitor)
    assert wrong.status_code == 400


async def test_typing_is_told_and_not_stored(desk: Desk, shop: Shop) -> None:
    id, visitor = await shop.thread()
    before = await shop.head()
    for headers in (visitor, await shop.member()):
        answer = await desk.http.post(at(id, "typing"), json={"typing": True}, headers=headers)
        assert (answer.status_code, answer.content) == (204, b"")
    assert await shop.head() >= before


async def test_strangers_find_nothing_to_move(desk: Desk, shop: Shop, other_shop: Shop) -> None:
    id, _ = await shop.thread()
    stranger = await other_shop.member()
    absent = "cnv_00000000000000000000000000000001"
    for verb, what in (("POST", "snooze"), ("POST", "labels"), ("POST", "read"), ("POST", "typing")):
        body = {"labels": {"add": ["x"]}, "read": {"upTo": 1}}.get(what, {})
        answers = [
            await desk.http.request(verb, at(one, what), json=body, headers=stranger) for one in (id, absent)
        ]
        assert [answer.status_code for answer in answers] == [404, 404], what
