"""Saved views over HTTP, and the inbox seen through one."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx

from domain.ids import wire
from tests.interfaces.http.desk import Desk, Shop
from tests.support.cases import cases

VIEWS = "/api/v1/chat/views"
INBOX = "/api/v1/chat/agent/conversations"
Headers = dict[str, str]


async def save(desk: Desk, headers: Headers, name: str = "Mine", **more: Any) -> httpx.Response:
    return await desk.http.post(VIEWS, json={"name": name, "filter": {"status": "open"}} | more, headers=headers)


async def names(desk: Desk, headers: Headers) -> list[str]:
    await desk.fold()
    return [one["name"] for one in (await desk.http.get(VIEWS, headers=headers)).json()["data"]]


async def test_a_view_is_saved_read_changed_and_removed(desk: Desk, shop: Shop) -> None:
    anna = await shop.member()
    saved = await save(desk, anna, filter={"status": "open", "assignee": "me", "sort": "waiting"}, order=2)
    assert saved.status_code == 201, saved.text
    body, path = saved.json(), f"{VIEWS}/{saved.json()['id']}"
    assert body["filter"] == {"status": "open", "assignee": "me", "sort": "waiting"}
    assert (body["scope"], body["order"], body["version"]) == ("private", 2, 1)
    await desk.fold()
    read = await desk.http.get(path, headers=anna)
    assert (read.json(), read.headers["ETag"]) == (body, '"1"')
    changed = await desk.http.patch(path, json={"name": "Ours"}, headers=anna | {"If-Match": '"1"'})
    assert (changed.json()["name"], changed.json()["filter"], changed.json()["version"]) == (
        "Ours",
        body["filter"],
        2,
    )
    late = await desk.http.patch(path, json={"name": "Late"}, headers=anna | {"If-Match": '"1"'})
    assert (late.status_code, late.json()["error"]["code"]) == (409, "conflict")
    for _ in range(2):
        assert (await desk.http.delete(path, headers=anna)).status_code == 204
    await desk.fold()
    assert (await desk.http.get(path, headers=anna)).status_code == 404


async def test_lists_hold_ones_own_and_the_shared_in_their_order(desk: Desk, shop: Shop, other_shop: Shop) -> None:
    anna, ben, boss = await shop.member(), await shop.member(), await shop.member("supervisor")
    await save(desk, anna, "Anna's", order=2)
    await save(desk, ben, "Ben's")
    assert (await save(desk, anna, "Shared", scope="shared")).status_code == 403
    assert (await save(desk, boss, "Shared", scope="shared", order=1)).status_code == 201
    await save(desk, await other_shop.member("owner"), "Theirs", scope="shared")
    assert await names(desk, anna) == ["Shared", "Anna's"]
    assert await names(desk, ben) == ["Ben's", "Shared"]
    page = (await desk.http.get(VIEWS, params={"limit": 1}, headers=anna)).json()
    rest = (await desk.http.get(VIEWS, params={"cursor": page["nextCursor"]}, headers=anna)).json()
    assert [one["name"] for one in (*page["data"], *rest["data"])] == ["Shared", "Anna's"]
    assert rest["nextCursor"] is None


async def test_a_private_view_looks_like_one_that_is_not_there(desk: Desk, shop: Shop, other_shop: Shop) -> None:
    id = (await save(desk, await shop.member())).json()["id"]
    await desk.fold()
    contents = set[bytes]()
    for headers in (await shop.member("owner"), await other_shop.member("owner")):
        for one in (id, wire("view", uuid4()), "viw_x"):
            for method, path in (
                ("GET", f"{VIEWS}/{one}"),
                ("PATCH", f"{VIEWS}/{one}"),
                ("DELETE", f"{VIEWS}/{one}"),
                ("GET", f"{INBOX}?view={one}"),
            ):
                body = {"name": "x"} if method == "PATCH" else None
                asked = headers | {"X-Request-Id": "one"}
                answer = await desk.http.request(method, path, json=body, headers=asked)
                assert answer.status_code == 404, (method, path, answer.text)
                contents.add(answer.content)
    assert len(contents) == 1


async def test_the_inbox_through_a_view(desk: Desk, shop: Shop) -> None:
    anna = await shop.member()
    first, second = (await shop.thread())[0], (await shop.thread())[0]
    await desk.http.post(f"{INBOX}/{first}/accept", headers=anna)
    await desk.http.post(f"/api/v1/chat/conversations/{second}/labels", json={"add": ["vip"]}, headers=anna)
    mine = (await save(desk, anna, filter={"assignee": "me"})).json()["id"]
    vip = (await save(desk, anna, filter={"label": "VIP"})).json()["id"]
    await desk.fold()

    async def seen(**query: str) -> list[str]:
        answer = await desk.http.get(INBOX, params=query, headers=anna)
        assert answer.status_code == 200, answer.text
        return [one["id"] for one in answer.json()["data"]]

    assert await seen(view=mine) == [first]
    assert await seen(view=vip) == [second]
    assert await seen(view=mine, assignee="none") == [second]
    assert await seen(view=vip, status="resolved") == []


@cases(
    "body",
    [
        {"name": "x"},
        {"name": "", "filter": {}},
        {"name": "x" * 101, "filter": {}},
        {"name": "x", "filter": {"assignee": "somebody"}},
        {"name": "x", "filter": {"status": "gone"}},
        {"name": "x", "filter": {"sort": "random"}},
        {"name": "x", "filter": {"colour": "red"}},
        {"name": "x", "filter": {}, "scope": "world"},
        {"name": "x", "filter": {}, "order": -1},
    ],
)
async def test_what_is_no_view_is_refused(desk: Desk, shop: Shop, body: dict[str, Any]) -> None:
    anna = await shop.member()
    head = await shop.head()
    answer = await desk.http.post(VIEWS, json=body, headers=anna)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_request")
    assert await shop.head() == head


async def test_a_repeat_with_one_key_is_one_view(desk: Desk, shop: Shop) -> None:
    anna = await shop.member() | {"Idempotency-Key": "one"}
    first, again = await save(desk, anna), await save(desk, anna)
    assert (again.json(), again.headers["Idempotent-Replayed"]) == (first.json(), "true")
    assert await names(desk, anna) == ["Mine"]
