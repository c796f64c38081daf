"""Notes that mention agents and teams, over HTTP: written, listed, counted, read, and never shown to a visitor."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx

from tests.interfaces.http.desk import Desk, Shop
from tests.support.cases import cases

START = "/api/v1/chat/conversations"
MENTIONS = "/api/v1/chat/mentions"
SECRET = "quetzalcoatl"


async def me(desk: Desk, headers: dict[str, str]) -> str:
    return (await desk.http.get("/api/v1/auth/me", headers=headers)).json()["user"]["id"]


async def team(desk: Desk, shop: Shop, *members: str) -> str:
    owner = await shop.member("owner")
    id = (await desk.http.post("/api/v1/teams", json={"name": "Billing"}, headers=owner)).json()["id"]
    for member in members:
        await desk.http.put(f"/api/v1/teams/{id}/members/{member}", headers=owner)
    return id


async def note(desk: Desk, chat: str, headers: dict[str, str], *ids: str, **more: Any) -> httpx.Response:
    body = {"text": f"@Ben {SECRET}", "private": True, "mentions": list(ids)} | more
    return await desk.http.post(f"{START}/{chat}/messages", json=body, headers=headers)


async def listed(desk: Desk, headers: dict[str, str], **query: Any) -> dict[str, Any]:
    await desk.fold()
    answer = await desk.http.get(MENTIONS, params=query, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_note_mentions_agents_and_teams_and_each_of_them_finds_it(desk: Desk, shop: Shop) -> None:
    chat, _ = await shop.thread()
    anna, ben, carla = await shop.member(), await shop.member(), await shop.member()
    billing = await team(desk, shop, await me(desk, carla), await me(desk, anna))
    ids = [await me(desk, ben), billing]
    answer = await note(desk, chat, anna, *ids)
    assert answer.status_code == 201, answer.text
    message = answer.json()["message"]
    assert message["mentions"] == ids
    for who in (ben, carla):
        page = await listed(desk, who)
        assert page["unread"] == 1
        (row,) = page["data"]
        assert (row["id"], row["conversationId"], row["read"]) == (message["id"], chat, False)
        assert (row["text"], row["authorId"], row["version"]) == (
            f"@Ben {SECRET}",
            await me(desk, anna),
            message["version"],
        )
    assert (await listed(desk, anna)) == {"data": [], "nextCursor": None, "unread": 0}
    read = (await desk.http.get(f"{START}/{chat}", headers=ben)).json()
    assert read["messages"]["data"][-1]["mentions"] == ids


async def test_ids_are_the_truth_and_the_text_is_not_read(desk: Desk, shop: Shop) -> None:
    chat, _ = await shop.thread()
    anna, ben = await shop.member(), await shop.member()
    await note(desk, chat, anna, text="@Ben @Anna @everybody")
    assert (await listed(desk, ben))["unread"] == 0


async def test_what_cannot_be_mentioned_is_refused_and_nothing_is_stored(
    desk: Desk, shop: Shop, other_shop: Shop
) -> None:
    chat, visitor = await shop.thread()
    anna, gone, analyst = await shop.member(), await shop.member(), await shop.member("analyst")
    foreign, gone_id = await me(desk, await other_shop.member()), await me(desk, gone)
    analyst_id = await me(desk, analyst)
    await desk.http.post(f"/api/v1/agents/{gone_id}/deactivate", headers=await shop.member("owner"))
    before = await shop.head()
    absent = await note(desk, chat, anna, f"agt_{uuid4().hex}")
    stranger = await note(desk, chat, anna, foreign)
    assert (absent.status_code, stranger.status_code) == (404, 404)
    assert absent.json()["error"] | {"requestId": ""} == stranger.json()["error"] | {"requestId": ""}
    for ids, more, status in (
        ([gone_id], {}, 404),
        ([analyst_id], {}, 400),
        (["tea_" + uuid4().hex], {}, 404),
        ([chat], {}, 404),
        (["Ben"], {}, 404),
        ([await me(desk, anna)], {"private": False}, 400),
        ([f"agt_{uuid4().hex}" for _ in range(21)], {}, 400),
        (["agt\x00"], {}, 400),
    ):
        answer = await note(desk, chat, anna, *ids, **more)
        assert answer.status_code == status, (ids, answer.text)
    assert (await note(desk, chat, visitor, await me(desk, anna))).status_code == 400
    assert await shop.head() == before


async def test_a_repeat_with_one_key_is_one_mention(desk: Desk, shop: Shop) -> None:
    chat, _ = await shop.thread()
    anna, ben = await shop.member(), await shop.member()
    first = await note(desk, chat, anna, await me(desk, ben), clientMessageId="k")
    again = await note(desk, chat, anna, await me(desk, ben), clientMessageId="k")
    assert again.json() == first.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (await listed(desk, ben))["unread"] == 1


async def test_reading_the_conversation_or_marking_reads_them_once(desk: Desk, shop: Shop) -> None:
    anna, ben = await shop.member(), await shop.member()
    chats = [(await shop.thread())[0] for _ in range(3)]
    versions = [(await note(desk, chat, anna, await me(desk, ben))).json()["message"]["version"] for chat in chats]
    body = {"upTo": versions[0]}
    await desk.http.post(f"{START}/{chats[0]}/read", json=body, headers=ben)
    assert (await listed(desk, ben))["unread"] == 2
    asked = {"conversations": [{"conversationId": chats[1], "upTo": versions[1]}, {"conversationId": chats[0]}]}
    headers = ben | {"Idempotency-Key": "read-1"}
    answer = await desk.http.post(f"{MENTIONS}/read", json=asked, headers=headers)
    assert answer.json() == {"conversations": [{"conversationId": chats[1], "upTo": versions[1], "left": 0}]}
    repeated = await desk.http.post(f"{MENTIONS}/read", json=asked, headers=headers)
    assert (repeated.json(), repeated.headers["Idempotent-Replayed"]) == (answer.json(), "true")
    before = await shop.head()
    assert (await desk.http.post(f"{MENTIONS}/read", json=asked, headers=ben)).json() == {"conversations": []}
    assert await shop.head() == before
    unread = await listed(desk, ben, unread=True)
    assert ([row["conversationId"] for row in unread["data"]], unread["unread"]) == ([chats[2]], 1)


async def test_the_list_comes_in_pages(desk: Desk, shop: Shop) -> None:
    anna, ben = await shop.member(), await shop.member()
    chat, _ = await shop.thread()
    made = [(await note(desk, chat, anna, await me(desk, ben))).json()["message"]["id"] for _ in range(3)]
    first = await listed(desk, ben, limit=2)
    second = await listed(desk, ben, limit=2, cursor=first["nextCursor"])
    assert [row["id"] for row in first["data"] + second["data"]] == made[::-1]
    assert second["nextCursor"] is None
    bad = await desk.http.get(MENTIONS, params={"cursor": "x"}, headers=ben)
    assert (bad.status_code, bad.json()["error"]["code"]) == (400, "invalid_request")


@cases(
    "body",
    [
        {},
        {"conversations": []},
        {"conversations": [{"conversationId": "cnv_x"}]},
        {"conversations": [{"conversationId": f"cnv_{uuid4().hex}"}]},
        {"conversations": [{"conversationId": f"cnv_{uuid4().hex}", "upTo": 0}]},
        {"conversations": [{"conversationId": f"cnv_{uuid4().hex}"}] * 101},
        {"ids": []},
    ],
)
async def test_nonsense_is_read_by_nobody(desk: Desk, shop: Shop, body: dict[str, Any]) -> None:
    answer = await desk.http.post(f"{MENTIONS}/read", json=body, headers=await shop.member())
    assert answer.status_code in (400, 404)
    assert "error" in answer.json()


async def test_in_another_tenants_conversation_nothing_is_read(desk: Desk, shop: Shop, other_shop: Shop) -> None:
    (theirs, _), (ours, _), anna = await other_shop.thread(), await shop.thread(), await shop.member()
    before = await other_shop.head()
    answers = [
        await desk.http.post(
            f"{MENTIONS}/read",
            json={"conversations": [{"conversationId": ours}, {"conversationId": one}]},
            headers=anna,
        )
        for one in (theirs, f"cnv_{uuid4().hex}")
    ]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert len({str(answer.json()["error"] | {"requestId": ""}) for answer in answers}) == 1
    assert await other_shop.head() == before


async def test_a_visitor_never_reads_of_a_mention(desk: Desk, shop: Shop) -> None:
    chat, visitor = await shop.thread()
    anna, ben = await shop.member(), await shop.member()
    ben_id = await me(desk, ben)
    await note(desk, chat, anna, ben_id)
    await desk.fold()
    for path in (
        f"{START}/{chat}",
        f"{START}/{chat}/messages",
        "/api/v1/chat/visitor/conversations",
        f"{START}/{chat}/transcript",
        f"{START}/{chat}/transcript?format=json",
        f"{START}/{chat}/transcript?format=html",
    ):
        answer = await desk.http.get(path, headers=visitor)
        assert answer.status_code == 200, (path, answer.text)
        assert SECRET not in answer.text, path
        assert ben_id not in answer.text, path
        assert "mention" not in answer.text, path
    for path in (MENTIONS, f"{START}/{chat}/participants"):
        assert (await desk.http.get(path, headers=visitor)).status_code == 401
    theirs = await desk.http.get(f"{START}/{chat}/transcript", headers=ben)
    assert SECRET in theirs.text


async def test_analysts_and_auditors_have_no_mentions(desk: Desk, shop: Shop) -> None:
    for role in ("analyst", "auditor"):
        assert (await desk.http.get(MENTIONS, headers=await shop.member(role))).status_code == 403
