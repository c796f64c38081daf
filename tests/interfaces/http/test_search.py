"""Search over HTTP: staff find, nobody else does; what is asked badly is refused, never an error of ours."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from application.actor import system
from application.contact import IntroduceContact
from domain.agent import Role
from tests.interfaces.http.desk import Desk, Shop
from tests.support.cases import cases

SEARCH = "/api/v1/chat/search"


async def test_a_message_is_found_with_who_said_it_and_where(desk: Desk, shop: Shop) -> None:
    agent = await shop.member()
    id, _ = await shop.thread("Where is <b>my</b> parcel? 😀 parcel!")
    await desk.fold()
    answer = await desk.http.get(SEARCH, params={"q": "parc"}, headers=agent)
    assert answer.status_code == 200, answer.text
    (hit,) = answer.json()["data"]
    assert (hit["conversationId"], hit["messageId"][:4]) == (id, "msg_")
    assert hit["snippet"] == "Where is <b>my</b> parcel? 😀 parcel!"
    assert [hit["snippet"][start:end] for start, end in hit["highlights"]] == ["parcel", "parcel"]
    assert (hit["who"]["role"], hit["private"], hit["matches"]) == ("visitor", False, 1)
    assert hit["who"]["id"] == hit["contact_data"]["id"]
    assert hit["at"].endswith("Z")
    assert answer.json()["nextCursor"] is None
    assert "X-Event-Position" in answer.headers


async def test_messages_conversations_and_contacts_are_searched(desk: Desk, shop: Shop) -> None:
    agent = await shop.member()
    id, _ = await shop.thread("a parcel")
    command = IntroduceContact(contact_id=uuid4(), name="Vera Parcelli", email="vera@shop.test")
    await desk.do(system(shop.tenant_id), command)
    await desk.http.post(
        f"/api/v1/chat/conversations/{id}/messages", json={"text": "the parcel", "private": True}, headers=agent
    )
    await desk.fold()
    found = {
        within: (await desk.http.get(SEARCH, params={"q": "parcel", "in": within}, headers=agent)).json()["data"]
        for within in ("messages", "conversations", "contacts")
    }
    assert sorted(hit["private"] for hit in found["messages"]) == [False, True]
    assert [(hit["conversationId"], hit["matches"]) for hit in found["conversations"]] == [(id, 2)]
    assert [hit["contact_data"]["name"] for hit in found["contacts"]] == ["Vera Parcelli"]
    assert found["contacts"][0]["conversationId"] is None


async def test_pages_and_filters_go_through(desk: Desk, shop: Shop) -> None:
    agent = await shop.member()
    mine, _ = await shop.thread("word one")
    await shop.thread("word two")
    await desk.http.post(f"/api/v1/chat/agent/conversations/{mine}/accept", headers=agent)
    await desk.fold()

    async def found(**query: str) -> list[str]:
        answer = await desk.http.get(SEARCH, params={"q": "word"} | query, headers=agent)
        assert answer.status_code == 200, answer.text
        return [hit["snippet"] for hit in answer.json()["data"]]

    assert await found(agent="me") == ["word one"]
    assert await found(agent="none") == ["word two"]
    assert await found(label="VIP") == []
    assert await found(**{"from": "2020-01-01T00:00:00Z", "to": "2020-01-02T00:00:00"}) == []
    assert await found(**{"from": "2020-01-01T00:00:00Z"}) == ["word two", "word one"]
    assert await found(to="2020-01-01T02:00:00+02:00") == []
    first = (await desk.http.get(SEARCH, params={"q": "word", "limit": "1"}, headers=agent)).json()
    assert await found(limit="1", cursor=first["nextCursor"]) == ["word one"]


@cases(
    "query",
    [
        {},
        {"q": "x" * 501},
        {"q": "x", "in": "agents"},
        {"q": "x", "from": "yesterday"},
        {"q": "x", "from": "0"},
        {"q": "x", "agent": "you"},
        {"q": "x", "agent": "agt_0"},
        {"q": "x", "label": " "},
        {"q": "x", "limit": "0"},
        {"q": "x", "cursor": "x"},
        {"q": "x", "cursor": "WyJuZXdlc3QiLCIxIiwiIl0"},
        {"q": "x", "in": "contacts", "label": "vip"},
        {"q": "a\x00b"},
    ],
)
async def test_what_is_asked_badly_is_refused(desk: Desk, shop: Shop, query: dict[str, str]) -> None:
    agent = await shop.member()
    await desk.fold()
    answer = await desk.http.get(SEARCH, params=query, headers=agent)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_request")


@cases("q", ["", '"', "-", "or", "'", "\\", ":*", "<->", "(", "!", "%", "%s", "\ud7ff", "\uffff"])
async def test_no_words_are_an_error(desk: Desk, shop: Shop, q: str) -> None:
    agent = await shop.member()
    await shop.thread("Hello")
    await desk.fold()
    for within in ("messages", "conversations", "contacts"):
        answer = await desk.http.get(SEARCH, params={"q": q, "in": within}, headers=agent)
        assert (answer.status_code, answer.json()["data"]) == (200, [])


async def test_staff_may_search_and_nobody_else(desk: Desk, shop: Shop) -> None:
    _, visitor = await shop.thread("Hello")
    await desk.fold()
    roles: tuple[Role, ...] = ("owner", "admin", "supervisor", "agent", "analyst", "auditor")
    for role in roles:
        answer = await desk.http.get(SEARCH, params={"q": "hello"}, headers=await shop.member(role))
        assert answer.status_code == (403 if role in {"analyst", "auditor"} else 200)
    for headers in ({}, visitor, shop.site):
        answer = await desk.http.get(SEARCH, params={"q": "hello"}, headers=headers)
        assert answer.status_code == 401


async def test_another_tenant_finds_nothing(desk: Desk, shop: Shop, other_shop: Shop) -> None:
    await shop.thread("Hello")
    stranger = await other_shop.member()
    await desk.fold()
    answer = await desk.http.get(SEARCH, params={"q": "hello"}, headers=stranger)
    assert answer.json() == {"data": [], "nextCursor": None}


async def test_a_search_waits_for_its_position(desk: Desk, shop: Shop) -> None:
    agent = await shop.member()
    await desk.fold()
    behind = await desk.http.get(SEARCH, params={"q": "x"}, headers=agent | {"X-Min-Position": "999999"})
    assert (behind.status_code, behind.json()["error"]["code"]) == (503, "projection_behind")


async def test_names_of_files_and_attributes_are_found_and_say_what_they_are(desk: Desk, shop: Shop) -> None:
    agent = await shop.member()
    id, visitor = await shop.thread("Good morning")
    chat = f"/api/v1/chat/conversations/{id}"
    files = {"file": ("Spring-Contract.txt", b"words", "text/plain")}
    file = (await desk.http.post("/api/v1/chat/upload", files=files, headers=visitor)).json()["file"]["id"]
    sent = await desk.http.post(f"{chat}/messages", json={"text": "", "attachments": [file]}, headers=visitor)
    assert sent.status_code == 201, sent.text
    await desk.http.put(f"{chat}/attributes", json={"attributes": {"city": "Bremen"}}, headers=agent)
    await desk.fold()

    async def found(q: str, within: str) -> list[dict[str, Any]]:
        answer = await desk.http.get(SEARCH, params={"q": q, "in": within}, headers=agent)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    (by_file,) = await found("contract", "messages")
    assert (by_file["found"], by_file["snippet"], by_file["highlights"]) == (
        "file",
        "Spring-Contract.txt",
        [[7, 15]],
    )
    assert by_file["messageId"] == sent.json()["message"]["id"]
    (by_attribute,) = await found("bremen", "conversations")
    assert (by_attribute["found"], by_attribute["conversationId"], by_attribute["messageId"]) == (
        "attribute",
        id,
        None,
    )
    assert await found("bremen", "messages") == []
    person = by_attribute["contact_data"]["id"]
    await desk.http.patch(f"/api/v1/contacts/{person}", json={"attributes": {"plan": "Basic"}}, headers=agent)
    await desk.fold()
    assert [(one["found"], one["contact_data"]["id"]) for one in await found("basic", "contacts")] == [
        ("contact", person)
    ]
    purged = await desk.http.delete(f"/api/v1/chat/files/{file}", headers=await shop.member("admin"))
    assert purged.status_code == 204
    await desk.fold()
    assert await found("contract", "messages") == []
