"""One action on many conversations over HTTP, and taking it back."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx
import pytest

from domain.ids import parse, wire
from tests.interfaces.http.desk import Desk, Shop
from tests.support.cases import cases

BULK = "/api/v1/chat/conversations/bulk"
Headers = dict[str, str]


async def bulk(desk: Desk, headers: Headers, ids: list[str], **command: Any) -> httpx.Response:
    return await desk.http.post(BULK, json={"ids": ids, "command": command}, headers=headers)


async def threads(shop: Shop, count: int) -> list[str]:
    return [(await shop.thread())[0] for _ in range(count)]


async def events(desk: Desk, shop: Shop, id: str) -> list[Any]:
    return [one.event for one in await desk.store.reader.stream(shop.tenant_id, parse("conversation", id))]


async def last_types(desk: Desk, shop: Shop, ids: list[str]) -> list[str]:
    return [(await events(desk, shop, id))[-1].TYPE for id in ids]


async def test_each_id_is_answered_in_its_order_and_strangers_are_not_found(
    desk: Desk, shop: Shop, other_shop: Shop
) -> None:
    first, second = await threads(shop, 2)
    theirs = (await other_shop.thread())[0]
    absent = wire("conversation", uuid4())
    asked = [second, theirs, "cnv_x", first, absent]
    answer = await bulk(desk, await shop.member(), asked, type="label", labels=["VIP"])
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["bulkId"].startswith("blk_")
    assert [one["id"] for one in body["results"]] == asked
    assert [one["ok"] for one in body["results"]] == [True, False, False, True, False]
    refused = [one["error"] for one in body["results"] if not one["ok"]]
    assert {one["code"] for one in refused} == {"not_found"}
    assert "error" not in body["results"][0]
    assert answer.headers["X-Event-Position"] == str(await shop.head())
    for id in (first, second):
        changed = (await events(desk, shop, id))[-1]
        assert (changed.added, changed.cause.command) == (("vip",), "ChangeLabels")
        assert wire("bulk", changed.cause.bulk) == body["bulkId"]


async def test_a_hundred_go_into_few_appends(desk: Desk, shop: Shop) -> None:
    ids = await threads(shop, 20)
    anna = await shop.member()
    before = await batches(desk)
    answer = await bulk(desk, anna, ids, type="priority", priority="high")
    assert all(one["ok"] for one in answer.json()["results"])
    assert await batches(desk) - before <= 4


async def test_a_repeat_with_the_same_key_is_the_same_bulk(desk: Desk, shop: Shop) -> None:
    ids = await threads(shop, 2)
    anna = await shop.member() | {"Idempotency-Key": "once"}
    first = await bulk(desk, anna, ids, type="label", labels=["vip"])
    head = await shop.head()
    again = await bulk(desk, anna, ids, type="label", labels=["vip"])
    assert again.json() == first.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert await shop.head() == head
    other = await bulk(desk, anna, ids, type="label", labels=["other"])
    assert (other.status_code, other.json()["error"]["code"]) == (409, "idempotency_mismatch")
    assert await shop.head() == head


@pytest.mark.parametrize(
    ("command", "type"),
    [
        ({"type": "label", "labels": ["a"]}, "conversation.labels_changed.1"),
        ({"type": "priority", "priority": "urgent"}, "conversation.priority_changed.1"),
        ({"type": "snooze"}, "conversation.snoozed.1"),
        ({"type": "end", "reason": "spam"}, "conversation.ended.1"),
        ({"type": "assign", "agentId": "me"}, "conversation.accepted.1"),
        ({"type": "markRead"}, "conversation.read.1"),
    ],
)
async def test_every_kind_of_change_is_carried_out(
    desk: Desk, shop: Shop, command: dict[str, Any], type: str
) -> None:
    ids = await threads(shop, 2)
    answer = await bulk(desk, await shop.member(), ids, **command)
    assert [one["ok"] for one in answer.json()["results"]] == [True, True], answer.text
    assert await last_types(desk, shop, ids) == [type] * 2


async def test_what_was_snoozed_and_ended_wakes_and_reopens(desk: Desk, shop: Shop) -> None:
    ids = await threads(shop, 2)
    anna = await shop.member()
    for kind, type in (("snooze", "awaken"), ("end", "reopen")):
        await bulk(desk, anna, ids, type=kind)
        answer = await bulk(desk, anna, ids, type=type)
        assert all(one["ok"] for one in answer.json()["results"])
    assert await last_types(desk, shop, ids) == ["conversation.reopened.1"] * 2


async def test_a_note_that_goes_along_is_nowhere_in_the_clear(desk: Desk, shop: Shop) -> None:
    ids = await threads(shop, 1)
    answer = await bulk(desk, await shop.member(), ids, type="transfer", agentId="agt_x", note="Vera is upset")
    assert answer.status_code == 404
    ben = await shop.member()
    me = (await desk.http.get("/api/v1/auth/me", headers=ben)).json()["user"]["id"]
    asked = {"type": "transfer", "agentId": me, "note": "Vera is upset", "force": True}
    done = await bulk(desk, await shop.member(), ids, **asked)
    assert done.json()["results"][0]["ok"], done.text
    async with desk.store.database.worker() as connection:
        found = await (await connection.execute("SELECT payload FROM es.event")).fetchall()
    assert not [one for (one,) in found if b"Vera" in bytes(one)]
    undone = await desk.http.post(f"{BULK}/{done.json()['bulkId']}/undo", headers=ben)
    assert undone.json()["results"][0]["ok"], undone.text
    assert (await last_types(desk, shop, ids)) == ["conversation.returned.1"]


async def test_one_that_is_refused_does_not_stop_the_others(desk: Desk, shop: Shop) -> None:
    ids = await threads(shop, 2)
    anna = await shop.member()
    await bulk(desk, anna, ids[:1], type="end")
    answer = await bulk(desk, anna, ids, type="snooze")
    results = answer.json()["results"]
    assert [one["ok"] for one in results] == [False, True]
    assert results[0]["error"]["code"] == "conversation_ended"


@cases(
    "body",
    [
        {"ids": [], "command": {"type": "end"}},
        {"ids": ["cnv_x"] * 101, "command": {"type": "end"}},
        {"ids": ["cnv_x"], "command": {"type": "erase"}},
        {"ids": ["cnv_x"], "command": {"type": "label"}},
        {"ids": ["cnv_x"], "command": {"type": "end", "x": 1}},
        {"ids": ["cnv_x"]},
    ],
)
async def test_what_is_no_bulk_is_refused_and_nothing_is_stored(
    desk: Desk, shop: Shop, body: dict[str, Any]
) -> None:
    anna, head = await shop.member(), await shop.head()
    answer = await desk.http.post(BULK, json=body, headers=anna)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_request")
    assert await shop.head() == head


async def test_a_bulk_is_undone_but_for_what_forbids_it(desk: Desk, shop: Shop) -> None:
    ids = await threads(shop, 3)
    anna, ben = await shop.member(), await shop.member()
    done = (await bulk(desk, anna, ids, type="priority", priority="high")).json()
    await bulk(desk, ben, ids[1:2], type="priority", priority="urgent")
    undone = await desk.http.post(f"{BULK}/{done['bulkId']}/undo", headers=ben)
    assert undone.status_code == 200, undone.text
    results = undone.json()["results"]
    assert [one["id"] for one in results] == ids
    assert [one["ok"] for one in results] == [True, False, True]
    assert results[1]["error"]["code"] == "undo_refused"
    named = results[1]["error"]["details"]["events"]
    assert [one["type"] for one in named] == ["conversation.priority_changed.1"]
    head = await shop.head()
    await desk.http.post(f"{BULK}/{done['bulkId']}/undo", headers=ben)
    assert await shop.head() == head


async def test_a_strangers_bulk_is_not_there(desk: Desk, shop: Shop, other_shop: Shop) -> None:
    done = (await bulk(desk, await shop.member(), await threads(shop, 1), type="snooze")).json()
    stranger = await other_shop.member("owner")
    for id in (done["bulkId"], wire("bulk", uuid4()), "blk_x"):
        answer = await desk.http.post(f"{BULK}/{id}/undo", headers=stranger)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


async def batches(desk: Desk) -> int:
    async with desk.store.database.worker() as connection:
        found = await (await connection.execute("SELECT count(*) FROM es.batch")).fetchone()
    assert found is not None
    return found[0]
