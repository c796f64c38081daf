"""Taking part in a conversation without having it, over HTTP."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.interfaces.http.desk import Desk, Shop

START = "/api/v1/chat/conversations"
INBOX = "/api/v1/chat/agent/conversations"


def taking_part(chat: str, who: str = "") -> str:
    return f"{START}/{chat}/participants" + (f"/{who}" if who else "")


async def me(desk: Desk, headers: dict[str, str]) -> str:
    return (await desk.http.get("/api/v1/auth/me", headers=headers)).json()["user"]["id"]


async def agents_in(desk: Desk, chat: str, headers: dict[str, str]) -> list[str]:
    """As the conversation itself names them."""
    await desk.fold()
    body = (await desk.http.get(f"{START}/{chat}", headers=headers)).json()
    return [one["id"] for one in body["participants"] if one["kind"] == "agent"]


async def test_an_agent_joins_a_colleague_is_brought_in_and_both_are_listed(desk: Desk, shop: Shop) -> None:
    chat, _ = await shop.thread()
    anna, ben = await shop.member(), await shop.member()
    anna_id, ben_id = await me(desk, anna), await me(desk, ben)
    joined = await desk.http.post(taking_part(chat), json={"agentId": "me"}, headers=anna)
    assert joined.status_code == 200, joined.text
    both = await desk.http.post(taking_part(chat), json={"agentId": ben_id}, headers=anna)
    rows = both.json()["data"]
    assert [(row["agentId"], row["reason"]) for row in rows] == [(anna_id, "joined"), (ben_id, "joined")]
    assert await agents_in(desk, chat, anna) == [anna_id, ben_id]
    page = (await desk.http.get(taking_part(chat), params={"limit": 1}, headers=ben)).json()
    rest = (await desk.http.get(taking_part(chat), params={"cursor": page["nextCursor"]}, headers=ben)).json()
    assert page["data"] + rest["data"] == rows
    assert rest["nextCursor"] is None


async def test_writing_having_and_being_named_are_reasons_too(desk: Desk, shop: Shop) -> None:
    chat, _ = await shop.thread()
    anna, ben, carla = await shop.member(), await shop.member(), await shop.member()
    await desk.http.post(f"{INBOX}/{chat}/accept", headers=anna)
    body = {"text": "@Carla", "private": True, "mentions": [await me(desk, carla)]}
    await desk.http.post(f"{START}/{chat}/messages", json=body, headers=ben)
    await desk.fold()
    rows = (await desk.http.get(taking_part(chat), headers=anna)).json()["data"]
    reasons = {row["agentId"]: row["reason"] for row in rows}
    assert reasons == {
        await me(desk, anna): "owned",
        await me(desk, ben): "wrote",
        await me(desk, carla): "mentioned",
    }


async def test_a_visitor_is_told_of_those_who_speak_to_them_only(desk: Desk, shop: Shop) -> None:
    chat, visitor = await shop.thread()
    anna, ben = await shop.member(), await shop.member()
    await desk.http.post(f"{START}/{chat}/messages", json={"text": "Hi"}, headers=anna)
    await desk.http.post(taking_part(chat), json={"agentId": "me"}, headers=ben)
    assert await agents_in(desk, chat, visitor) == [await me(desk, anna)]
    assert await agents_in(desk, chat, ben) == [await me(desk, anna), await me(desk, ben)]


async def test_the_inbox_of_those_who_take_part(desk: Desk, shop: Shop) -> None:
    chat, _ = await shop.thread()
    await shop.thread()
    anna, ben = await shop.member(), await shop.member()
    await desk.http.post(taking_part(chat), json={"agentId": "me"}, headers=ben)
    await desk.fold()
    for headers, who, expected in (
        (ben, "me", [chat]),
        (anna, "me", []),
        (anna, await me(desk, ben), [chat]),
    ):
        answer = await desk.http.get(INBOX, params={"participant": who}, headers=headers)
        assert [row["id"] for row in answer.json()["data"]] == expected
    assert (await desk.http.get(INBOX, params={"participant": "none"}, headers=anna)).status_code == 400
    body = {"name": "I take part", "filter": {"participant": "me"}}
    view = (await desk.http.post("/api/v1/chat/views", json=body, headers=ben)).json()
    await desk.fold()
    seen = await desk.http.get(INBOX, params={"view": view["id"]}, headers=ben)
    assert [row["id"] for row in seen.json()["data"]] == [chat]
    then = await desk.http.get(INBOX, params={"participant": "me", "asOf": "1"}, headers=ben)
    assert then.json()["data"] == []


async def test_leaving_is_for_everybody_but_whoever_has_it(desk: Desk, shop: Shop) -> None:
    chat, _ = await shop.thread()
    anna, ben = await shop.member(), await shop.member()
    await desk.http.post(f"{INBOX}/{chat}/accept", headers=anna)
    await desk.http.post(taking_part(chat), json={"agentId": "me"}, headers=ben)
    left = await desk.http.delete(taking_part(chat, "me"), headers=ben)
    assert [row["agentId"] for row in left.json()["data"]] == [await me(desk, anna)]
    before = await shop.head()
    assert (await desk.http.delete(taking_part(chat, "me"), headers=ben)).status_code == 200
    assert await shop.head() == before
    refused = await desk.http.delete(taking_part(chat, "me"), headers=anna)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "owner_takes_part")


async def test_strangers_absent_ones_and_analysts_are_not_let_in(desk: Desk, shop: Shop, other_shop: Shop) -> None:
    chat, _ = await shop.thread()
    anna, theirs = await shop.member(), await other_shop.member()
    analyst = await shop.member("analyst")
    before = await shop.head()
    answers = [
        await desk.http.post(taking_part(chat), json={"agentId": who}, headers=anna)
        for who in (await me(desk, theirs), f"agt_{uuid4().hex}", "you")
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({str(answer.json()["error"] | {"requestId": ""}) for answer in answers}) == 1
    body = {"agentId": await me(desk, analyst)}
    assert (await desk.http.post(taking_part(chat), json=body, headers=anna)).status_code == 400
    for verb, path in (
        ("GET", taking_part(chat)),
        ("POST", taking_part(chat)),
        ("DELETE", taking_part(chat, "me")),
    ):
        body = {"agentId": "me"} if verb == "POST" else None
        assert (await desk.http.request(verb, path, json=body, headers=theirs)).status_code == 404
        assert (await desk.http.request(verb, path, json=body, headers=analyst)).status_code == 403
    assert await shop.head() == before


@pytest.mark.parametrize("body", [{}, {"agentId": 3}, {"agentId": "me", "role": "owner"}])
async def test_nonsense_is_refused(desk: Desk, shop: Shop, body: dict[str, Any]) -> None:
    chat, _ = await shop.thread()
    answer = await desk.http.post(taking_part(chat), json=body, headers=await shop.member())
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_request")


async def test_the_history_says_who_brought_whom_and_whom_a_note_names(desk: Desk, shop: Shop) -> None:
    chat, _ = await shop.thread()
    anna, ben = await shop.member("owner"), await shop.member()
    ben_id = await me(desk, ben)
    await desk.http.post(taking_part(chat), json={"agentId": ben_id}, headers=anna)
    body = {"text": "look", "private": True, "mentions": [ben_id]}
    await desk.http.post(f"{START}/{chat}/messages", json=body, headers=anna)
    await desk.http.delete(taking_part(chat, "me"), headers=ben)
    await desk.fold()
    told = (await desk.http.get(f"/api/v1/audit/conversations/{chat}", headers=anna)).text
    for words in ("brought in Anna", "mentioning Anna", "took themselves out"):
        assert words in told
