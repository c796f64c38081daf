"""Undoing one event over HTTP."""

from __future__ import annotations

from uuid import uuid4

from domain.ids import event_wire, parse
from tests.interfaces.http.desk import Desk, Shop

START = "/api/v1/chat/conversations"


async def last_event(desk: Desk, shop: Shop, id: str) -> str:
    last = (await desk.store.reader.stream(shop.tenant_id, parse("conversation", id)))[-1]
    return event_wire(last.stream_id, last.version)


async def test_labels_are_undone_once(desk: Desk, shop: Shop) -> None:
    id, _ = await shop.thread()
    anna = await shop.member()
    await desk.http.post(f"{START}/{id}/labels", json={"add": ["vip"]}, headers=anna)
    event = await last_event(desk, shop, id)
    done = await desk.http.post(f"/api/v1/events/{event}/undo", headers=anna)
    assert done.status_code == 200, done.text
    body = done.json()
    assert (body["undoes"], [one["type"] for one in body["events"]]) == (event, ["conversation.labels_changed.1"])
    assert body["events"][0]["eventId"] == await last_event(desk, shop, id)
    assert done.headers["X-Event-Position"] == str(await shop.head())
    again = await desk.http.post(f"/api/v1/events/{event}/undo", headers=anna)
    assert (again.status_code, again.json()["events"]) == (200, [])


async def test_a_later_event_forbids_it_and_is_named(desk: Desk, shop: Shop) -> None:
    id, visitor = await shop.thread()
    anna = await shop.member()
    await desk.http.post(f"{START}/{id}/end", headers=anna)
    ended = await last_event(desk, shop, id)
    await desk.http.post(f"{START}/{id}/messages", json={"text": "Wait"}, headers=visitor)
    head = await shop.head()
    answer = await desk.http.post(f"/api/v1/events/{ended}/undo", headers=anna)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (409, "undo_refused")
    assert [one["type"] for one in error["details"]["events"]] == ["conversation.reopened.1"]
    assert set(error["details"]["events"][0]) == {"eventId", "type", "at"}
    assert await shop.head() == head


async def test_a_message_is_not_undone(desk: Desk, shop: Shop) -> None:
    id, _ = await shop.thread()
    event = event_wire(parse("conversation", id), 2)
    answer = await desk.http.post(f"/api/v1/events/{event}/undo", headers=await shop.member())
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "not_undoable")


async def test_a_strangers_event_looks_like_one_that_is_not_there(
    desk: Desk, shop: Shop, other_shop: Shop
) -> None:
    id, _ = await shop.thread()
    stranger = await other_shop.member("owner") | {"X-Request-Id": "one"}
    theirs = event_wire(parse("conversation", id), 1)
    bodies = set[bytes]()
    for event in (theirs, event_wire(uuid4(), 1), "evt_x", f"evt_{parse('conversation', id).hex}ffffffff"):
        answer = await desk.http.post(f"/api/v1/events/{event}/undo", headers=stranger)
        assert answer.status_code == 404
        bodies.add(answer.content)
    assert len(bodies) == 1


async def test_a_repeat_with_one_key_is_the_first_answer(desk: Desk, shop: Shop) -> None:
    id, _ = await shop.thread()
    anna = await shop.member() | {"Idempotency-Key": "undo"}
    await desk.http.put(f"{START}/{id}/priority", json={"priority": "high"}, headers=anna)
    event = await last_event(desk, shop, id)
    first = await desk.http.post(f"/api/v1/events/{event}/undo", headers=anna)
    again = await desk.http.post(f"/api/v1/events/{event}/undo", headers=anna)
    assert (again.json(), again.headers["Idempotent-Replayed"]) == (first.json(), "true")


async def test_the_feed_shows_what_was_undone(desk: Desk, shop: Shop) -> None:
    id, _ = await shop.thread()
    owner = await shop.member("owner")
    await desk.http.post(f"{START}/{id}/labels", json={"add": ["vip"]}, headers=owner)
    event = await last_event(desk, shop, id)
    await desk.http.post(f"/api/v1/events/{event}/undo", headers=owner)
    page = await desk.http.get("/api/v1/events", params={"limit": 1000}, headers=owner)
    assert page.json()["data"][-1]["cause"] == {"command": "UndoConversationEvent", "undoes": event}
