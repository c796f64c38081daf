"""Guarded replies: whoever comes too late is told what has happened since they looked."""

from __future__ import annotations

from tests.interfaces.http.desk import Desk, Shop

START = "/api/v1/chat/conversations"


async def test_an_agent_is_told_everything_that_came_between(desk: Desk, shop: Shop) -> None:
    id, visitor = await shop.thread()
    anna, ben = await shop.member(), await shop.member()
    seen = (await desk.http.post(f"{START}/{id}/labels", json={"add": ["x"]}, headers=anna)).headers["ETag"]
    said = (await desk.http.post(f"{START}/{id}/messages", json={"text": "Hm"}, headers=visitor)).json()["message"]
    note = {"text": "Mine", "private": True}
    await desk.http.post(f"{START}/{id}/messages", json=note, headers=ben)
    answer = await desk.http.post(
        f"{START}/{id}/messages", json={"text": "Hello"}, headers=anna | {"If-Match": seen}
    )
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (409, "conversation_changed")
    details = error["details"]
    assert details["expected"] == int(seen.strip('"'))
    assert details["version"] == details["expected"] + 2
    assert [one["type"] for one in details["since"]] == [
        "conversation.message_posted.1",
        "conversation.note_added.1",
    ]
    assert details["since"][0]["messageId"] == said["id"]
    assert details["since"][0]["by"]["kind"] == "visitor"
    assert set(details["since"][0]) == {"eventId", "type", "by", "at", "messageId"}


async def test_a_visitor_is_told_public_facts_only(desk: Desk, shop: Shop) -> None:
    id, visitor = await shop.thread()
    anna = await shop.member()
    await desk.http.post(f"{START}/{id}/labels", json={"add": ["rude"]}, headers=anna)
    await desk.http.post(f"{START}/{id}/messages", json={"text": "secret", "private": True}, headers=anna)
    await desk.http.post(f"{START}/{id}/messages", json={"text": "Hello"}, headers=anna)
    answer = await desk.http.post(
        f"{START}/{id}/messages", json={"text": "Hi"}, headers=visitor | {"If-Match": '"2"'}
    )
    since = answer.json()["error"]["details"]["since"]
    assert [one["type"] for one in since] == ["conversation.accepted.1", "conversation.message_posted.1"]


async def test_at_most_the_last_twenty_are_named(desk: Desk, shop: Shop) -> None:
    id, visitor = await shop.thread()
    for number in range(25):
        await desk.http.post(f"{START}/{id}/messages", json={"text": str(number)}, headers=visitor)
    guarded = await shop.member() | {"If-Match": '"2"'}
    answer = await desk.http.post(f"{START}/{id}/messages", json={"text": "Hi"}, headers=guarded)
    details = answer.json()["error"]["details"]
    assert len(details["since"]) == 20
    assert details["since"][-1]["eventId"].endswith(f"{details['version']:08x}")


async def test_a_stranger_is_told_nothing(desk: Desk, shop: Shop) -> None:
    id, _ = await shop.thread()
    _, neighbour = await shop.thread()
    answer = await desk.http.post(
        f"{START}/{id}/messages", json={"text": "Hi"}, headers=neighbour | {"If-Match": '"1"'}
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


async def test_without_the_header_or_with_the_right_version_it_is_posted(desk: Desk, shop: Shop) -> None:
    id, _ = await shop.thread()
    anna = await shop.member()
    first = await desk.http.post(f"{START}/{id}/messages", json={"text": "One"}, headers=anna)
    assert first.status_code == 201
    guarded = anna | {"If-Match": first.headers["ETag"]}
    assert (
        await desk.http.post(f"{START}/{id}/messages", json={"text": "Two"}, headers=guarded)
    ).status_code == 201
