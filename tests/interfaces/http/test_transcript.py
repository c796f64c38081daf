"""Reading a conversation: what each side sees of it, message by message."""

from __future__ import annotations

from typing import Any

from tests.interfaces.http.desk import Desk, Shop
from tests.support.cases import cases

START = "/api/v1/chat/conversations"
PDF = b"%PDF-1.7\n" + bytes(range(256)) * 8
TEAMS_OWN = {
    "teamId",
    "labels",
    "priority",
    "attributes",
    "snoozedUntil",
    "acceptUntil",
    "qualified",
    "sla",
    "notice",
}


def at(conversation_id: str, *rest: str) -> str:
    return "/".join([START, conversation_id, *rest])


async def post(desk: Desk, path: str, body: dict[str, Any], headers: dict[str, str]) -> None:
    answer = await desk.http.post(path, json=body, headers=headers)
    assert answer.status_code < 300, answer.text


async def get(desk: Desk, path: str, headers: dict[str, str], **query: str) -> dict[str, Any]:
    await desk.fold()
    answer = await desk.http.get(path, params=query, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def marked(desk: Desk, shop: Shop) -> tuple[str, dict[str, str], dict[str, str]]:
    """A conversation with everything the team writes on one."""
    id, visitor = await shop.thread()
    agent = await shop.member()
    await post(desk, at(id, "messages"), {"text": "Angry", "private": True}, agent)
    await post(desk, at(id, "messages"), {"text": "Good day"}, agent)
    await post(desk, at(id, "labels"), {"add": ["vip"]}, agent)
    for what, body in (("priority", {"priority": "high"}), ("attributes", {"attributes": {"plan": "secret"}})):
        answer = await desk.http.put(at(id, what), json=body, headers=agent)
        assert answer.status_code == 200, answer.text
    return id, visitor, agent


async def test_an_agent_sees_the_marks_and_a_visitor_does_not(desk: Desk, shop: Shop) -> None:
    id, visitor, agent = await marked(desk, shop)
    to_agent, to_visitor = await get(desk, at(id), agent), await get(desk, at(id), visitor)
    assert (to_agent["labels"], to_agent["priority"], to_agent["attributes"]) == (
        ["vip"],
        "high",
        {"plan": "secret"},
    )
    assert to_agent.keys() - to_visitor.keys() == TEAMS_OWN
    listed = await get(desk, "/api/v1/chat/visitor/conversations", visitor)
    for text in (str(to_visitor), str(listed)):
        assert not any(word in text for word in ("secret", "vip", "Angry", "high", "@shop.test"))


async def test_a_visitors_own_commands_do_not_tell_the_marks_either(desk: Desk, shop: Shop) -> None:
    id, visitor, agent = await marked(desk, shop)
    to_visitor = (await desk.http.post(at(id, "end"), headers=visitor)).json()["conversation"]
    to_agent = (await desk.http.post(at(id, "reopen"), headers=agent)).json()["conversation"]
    assert not TEAMS_OWN & to_visitor.keys()
    assert to_agent["labels"] == ["vip"]


async def test_what_a_command_answers_is_what_a_read_says(desk: Desk, shop: Shop) -> None:
    id, visitor, agent = await marked(desk, shop)
    await post(desk, at(id, "read"), {"upTo": 2}, visitor)
    for headers in (agent, visitor):
        told = (await desk.http.post(at(id, "request-human"), headers=headers)).json()["conversation"]
        read = await get(desk, at(id), headers)
        del read["messages"]
        for body in (read, told):  # the conversation's own events say neither
            body["contact_data"].pop("verified", None)
            body.pop("sla", None)
            body.pop("notice", None)
        assert read == told


async def test_a_message_goes_from_sent_to_delivered_to_read(desk: Desk, shop: Shop) -> None:
    id, visitor = await shop.thread()
    agent = await shop.member()
    posted = await desk.http.post(at(id, "messages"), json={"text": "Good day"}, headers=agent)
    message = posted.json()["message"]
    states = [message["state"]]
    for receipt in ("delivered", "read"):
        before = await get(desk, at(id), visitor)
        assert before["unread"] == 1
        await post(desk, at(id, receipt), {"upTo": message["version"]}, visitor)
        states.append((await get(desk, at(id), agent))["messages"]["data"][-1]["state"])
    after = await get(desk, at(id), visitor)
    assert states == ["sent", "delivered", "read"]
    assert (after["unread"], after["readTo"]["visitor"], after["deliveredTo"]) == (0, *[message["version"]] * 2)
    assert "state" not in after["messages"]["data"][0]


async def test_one_agents_reading_is_read_for_all(desk: Desk, shop: Shop) -> None:
    id, visitor = await shop.thread("1")
    await post(desk, at(id, "messages"), {"text": "2"}, visitor)
    anna, ben = await shop.member(), await shop.member()
    assert (await get(desk, at(id), ben))["unread"] == 2
    first = (await get(desk, at(id), anna))["messages"]["data"][0]
    await post(desk, at(id, "read"), {"upToMessageId": first["id"]}, anna)
    seen = await get(desk, at(id), ben)
    rows = (await get(desk, "/api/v1/chat/agent/conversations", ben))["data"]
    assert (seen["unread"], seen["readTo"]["agent"], rows[0]["unread"]) == (1, first["version"], 1)


async def test_a_rating_is_shown_to_both(desk: Desk, shop: Shop) -> None:
    id, visitor = await shop.thread()
    agent = await shop.member()
    await post(desk, at(id, "end"), {}, agent)
    await post(desk, at(id, "rating"), {"score": 4, "comment": "Quick"}, visitor)
    for headers in (agent, visitor):
        rating = (await get(desk, at(id), headers))["rating"]
        assert (rating["score"], rating["comment"]) == (4, "Quick")
    assert (await get(desk, "/api/v1/chat/agent/conversations", agent))["data"][0]["rating"] == 4


async def test_messages_are_listed_after_the_one_a_client_has(desk: Desk, shop: Shop) -> None:
    id, visitor = await shop.thread("0")
    for number in range(1, 5):
        await post(desk, at(id, "messages"), {"text": str(number)}, visitor)
    every = (await get(desk, at(id, "messages"), visitor))["data"]
    first = await get(desk, at(id, "messages"), visitor, after=str(every[1]["version"]), limit="2")
    rest = await get(desk, at(id, "messages"), visitor, cursor=first["nextCursor"])
    assert [one["text"] for one in first["data"] + rest["data"]] == ["2", "3", "4"]
    assert rest["nextCursor"] is None


async def test_a_strangers_messages_are_not_there(desk: Desk, shop: Shop) -> None:
    id, _ = await shop.thread()
    _, stranger = await shop.thread("somebody else")
    await desk.fold()
    for rest in ((), ("messages",), ("transcript",)):
        answer = await desk.http.get(at(id, *rest), headers=stranger)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


async def test_an_attachment_has_its_name_and_a_link_for_whoever_asked(desk: Desk, shop: Shop) -> None:
    await desk.fold()
    id, visitor = await shop.thread()
    agent = await shop.member()
    form = {"file": ("Offer.pdf", PDF, "application/pdf")}
    file = (await desk.http.post("/api/v1/chat/upload", files=form, headers=agent)).json()["file"]
    await post(desk, at(id, "messages"), {"text": "Our offer", "attachments": [file["id"]]}, agent)
    for headers in (agent, visitor):
        shown = (await get(desk, at(id), headers))["messages"]["data"][-1]["attachments"][0]
        known = {"id": file["id"], "name": "Offer.pdf", "contentType": "application/pdf", "size": len(PDF)}
        assert shown | known == shown
        assert (await desk.http.get(shown["url"])).content == PDF
    written = await desk.http.get(at(id, "transcript"), headers=visitor)
    assert "Offer.pdf, application/pdf" in written.text
    assert "signature" not in written.text
    await desk.http.delete(f"/api/v1/chat/files/{file['id']}", headers=await shop.member("owner"))
    gone = (await get(desk, at(id), visitor))["messages"]["data"][-1]["attachments"][0]
    assert (gone["name"], gone["url"]) == (None, None)


@cases("query", [{"after": "-1"}, {"after": "x"}, {"limit": "0"}, {"cursor": "x"}])
async def test_a_place_that_is_none_is_refused(desk: Desk, shop: Shop, query: dict[str, str]) -> None:
    id, visitor = await shop.thread()
    await desk.fold()
    answer = await desk.http.get(at(id, "messages"), params=query, headers=visitor)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_request")
