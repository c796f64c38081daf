"""Agents ask the knowledge base and see what an assistant would find."""

from __future__ import annotations

from typing import Any

from tests.interfaces.http.desk import Desk, Shop

KNOWLEDGE = "/api/v1/knowledge"
SEARCH = f"{KNOWLEDGE}/search"
BODY = "# Deadline\nYou may return an item within 30 days of delivery. 🙂 Returns cost nothing."


async def write(desk: Desk, headers: dict[str, str], title: str, body: str, **more: Any) -> str:
    answer = await desk.http.post(KNOWLEDGE, json={"title": title, "body": body, **more}, headers=headers)
    assert answer.status_code == 201, answer.text
    await desk.fold()
    return answer.json()["id"]


async def test_an_agent_sees_the_passages_that_fit_and_where_the_words_stand(desk: Desk, shop: Shop) -> None:
    admin, agent = await shop.member("admin"), await shop.member()
    id = await write(desk, admin, "Returns and refunds", BODY)
    await write(desk, admin, "Size chart", "Measure your chest and your waist.")
    await write(desk, admin, "Returning drafts", "You may return a draft.", published=False)
    told = (await desk.http.get(SEARCH, params={"q": "How do I return an item?"}, headers=agent)).json()
    (found,) = told["data"]
    assert told["nextCursor"] is None
    assert (found["articleId"], found["title"], found["path"]) == (id, "Returns and refunds", "Deadline")
    assert found["chunkId"].startswith("chk_")
    assert (len(found["hash"]), 0.45 <= found["score"] <= 1) == (64, True)
    words = [found["text"][start:end] for start, end in found["highlights"]]
    assert words == ["return", "item", "Returns"]


async def test_where_an_assistant_would_hand_over_nothing_is_found(desk: Desk, shop: Shop) -> None:
    admin = await shop.member("admin")
    await write(desk, admin, "Returns", BODY)
    for question in ("Do you sell umbrellas?", "the"):
        answer = await desk.http.get(SEARCH, params={"q": question}, headers=admin)
        assert (answer.status_code, answer.json()["data"]) == (200, [])


async def test_it_is_the_tenants_own_and_nobody_elses(desk: Desk, shop: Shop) -> None:
    await write(desk, await shop.member("admin"), "Returns", BODY)
    other = await desk.shop(2)
    query = {"q": "return an item"}
    assert (await desk.http.get(SEARCH, params=query, headers=await other.member())).json()["data"] == []
    _, visitor = await shop.thread()
    assert (await desk.http.get(SEARCH, params=query, headers=visitor)).status_code in (401, 403)


async def test_what_is_no_question_is_refused(desk: Desk, shop: Shop) -> None:
    agent = await shop.member()
    for query in ({}, {"q": " "}, {"q": "x" * 1001}, {"q": "x", "limit": "21"}, {"q": "x", "limit": "0"}):
        assert (await desk.http.get(SEARCH, params=query, headers=agent)).status_code == 400
    assert (await desk.http.get(SEARCH, params={"q": "\x02'|&:* <b>"}, headers=agent)).status_code == 200
