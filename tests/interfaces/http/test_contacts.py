"""Contacts over HTTP: listed, found, described, joined and taken apart."""

from __future__ import annotations

from typing import Any

import httpx

from application.actor import system
from application.contact import EraseContact
from domain.ids import parse
from tests.interfaces.http.desk import Desk, Shop
from tests.support.cases import cases

CONTACTS = "/api/v1/contacts"


async def visitor(desk: Desk, shop: Shop, name: str) -> tuple[str, str]:
    """(contact, conversation) of somebody who has said hello."""
    body = {"text": "Hello", "name": name, "email": f"{name.lower()}@example.org"}
    answer = await desk.http.post("/api/v1/chat/conversations", json=body, headers=shop.site)
    conversation = answer.json()["conversation"]
    return conversation["contact_data"]["id"], conversation["id"]


async def test_contacts_are_listed_by_their_last_activity_in_pages(desk: Desk, shop: Shop) -> None:
    agent = await shop.member()
    for name in ("Anna", "Ben", "Mia"):
        await visitor(desk, shop, name)
    await desk.fold()
    first = (await desk.http.get(CONTACTS, params={"limit": 2}, headers=agent)).json()
    rest = (
        await desk.http.get(CONTACTS, params={"limit": 2, "cursor": first["nextCursor"]}, headers=agent)
    ).json()
    assert [one["name"] for one in first["data"] + rest["data"]] == ["Mia", "Ben", "Anna"]
    assert rest["nextCursor"] is None
    found = (await desk.http.get(CONTACTS, params={"q": "BEN@"}, headers=agent)).json()
    assert [(one["name"], one["conversations"], one["verified"]) for one in found["data"]] == [("Ben", 1, False)]
    odd = await desk.http.get(CONTACTS, params={"cursor": "x"}, headers=agent)
    assert odd.status_code == 400


async def test_a_contact_is_changed_and_shown_as_it_is(desk: Desk, shop: Shop) -> None:
    agent = await shop.member()
    id, _ = await visitor(desk, shop, "Mia")
    change: dict[str, Any] = {"phone": "+49 151 234567", "attributes": {"plan": "pro"}, "email": None}
    answer = await desk.http.patch(f"{CONTACTS}/{id}", json=change, headers=agent | {"Idempotency-Key": "k1"})
    assert answer.status_code == 200, answer.text
    contact = answer.json()["contact"]
    assert (contact["name"], contact["email"], contact["phone"]) == ("Mia", None, "+49151234567")
    assert contact["attributes"] == {"plan": "pro"}
    again = await desk.http.patch(f"{CONTACTS}/{id}", json=change, headers=agent | {"Idempotency-Key": "k1"})
    assert again.headers["Idempotent-Replayed"] == "true"
    seq = answer.headers["X-Event-Position"]
    await desk.fold()
    shown = await desk.http.get(f"{CONTACTS}/{id}", headers=agent | {"X-Min-Position": seq})
    assert {name: value for name, value in shown.json().items() if name in contact} == contact
    assert shown.headers["ETag"] == f'"{contact["version"]}"'


@cases(
    "change",
    [
        {"email": "nobody"},
        {"phone": "x"},
        {"name": "x" * 201},
        {"attributes": {"a b": 1}},
        {"attributes": {"a": []}},
        {"attributes": {"a": 2**70}},
        {"attributes": None},
        {"mail": "x"},
        {"name": 7},
    ],
)
async def test_a_change_that_cannot_be_is_refused(desk: Desk, shop: Shop, change: dict[str, Any]) -> None:
    id, _ = await visitor(desk, shop, "Mia")
    before = await shop.head()
    answer = await desk.http.patch(f"{CONTACTS}/{id}", json=change, headers=await shop.member())
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_request")
    assert await shop.head() == before + 1  # the agent that was invited


async def test_notes_on_a_person(desk: Desk, shop: Shop) -> None:
    agent = await shop.member()
    id, _ = await visitor(desk, shop, "Mia")
    body = {"text": "Pays with 4111 1111 1111 1111."}
    made = await desk.http.post(f"{CONTACTS}/{id}/notes", json=body, headers=agent)
    assert (made.status_code, made.json()["note"]["text"]) == (201, "Pays with [card-number].")
    await desk.fold()
    listed = (await desk.http.get(f"{CONTACTS}/{id}/notes", headers=agent)).json()
    assert listed["data"] == [made.json()["note"]]
    assert made.json()["note"]["authorId"].startswith("agt_")


async def test_a_merge_is_listed_under_who_survives_and_can_be_taken_back(desk: Desk, shop: Shop) -> None:
    agent = await shop.member()
    (mia, chat), (ben, _) = await visitor(desk, shop, "Mia"), await visitor(desk, shop, "Ben")
    merged = await desk.http.post(f"{CONTACTS}/{mia}/merge", json={"intoId": ben}, headers=agent)
    assert (merged.status_code, merged.json()["contact"]["mergedInto"]) == (200, ben)
    await desk.fold()
    listed = (await desk.http.get(CONTACTS, headers=agent)).json()["data"]
    assert [(one["id"], one["conversations"]) for one in listed] == [(ben, 2)]
    timeline = (await desk.http.get(f"/api/v1/chat/visitors/{ben}/timeline", headers=agent)).json()["data"]
    assert chat in [one["conversationId"] for one in timeline]
    apart = await desk.http.post(f"{CONTACTS}/{mia}/unmerge", headers=agent)
    assert (apart.status_code, apart.json()["contact"]["mergedInto"]) == (200, None)
    await desk.fold()
    listed = (await desk.http.get(CONTACTS, headers=agent)).json()["data"]
    assert sorted(one["conversations"] for one in listed) == [1, 1]


async def test_a_merge_that_makes_no_sense_is_refused(desk: Desk, shop: Shop) -> None:
    agent = await shop.member()
    ids = [(await visitor(desk, shop, name))[0] for name in ("Mia", "Ben", "Anna", "Eve")]
    other = await desk.shop(tenant_id=2)
    foreign, _ = await visitor(desk, other, "Mallory")

    async def merge(id: str, into: str) -> httpx.Response:
        return await desk.http.post(f"{CONTACTS}/{id}/merge", json={"intoId": into}, headers=agent)

    await merge(ids[0], ids[1])
    await desk.do(system(shop.tenant_id), EraseContact(contact_id=parse("contact", ids[3]), reason="asked to"))
    for id, into, status, code in (
        (ids[2], ids[2], 400, "invalid_request"),
        (ids[0], ids[2], 409, "contact_merged"),
        (ids[2], ids[0], 409, "contact_merged"),
        (ids[2], ids[3], 409, "contact_erased"),
        (ids[2], foreign, 404, "not_found"),
        (foreign, ids[2], 404, "not_found"),
        ("vis_x", ids[2], 404, "not_found"),
    ):
        answer = await merge(id, into)
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code), (id, into)
    details = (await merge(ids[0], ids[2])).json()["error"]["details"]
    assert details == {"id": ids[0], "into": ids[1]}


async def test_a_strangers_contact_answers_like_one_that_never_was(desk: Desk, shop: Shop) -> None:
    agent = await shop.member()
    other = await desk.shop(tenant_id=2)
    foreign, _ = await visitor(desk, other, "Mallory")
    await desk.fold()
    never = "vis_" + "0" * 32
    for method, path, body in (
        ("GET", "{}", None),
        ("PATCH", "{}", {"name": "x"}),
        ("GET", "{}/notes", None),
        ("POST", "{}/notes", {"text": "x"}),
        ("POST", "{}/unmerge", None),
        ("GET", "/api/v1/chat/visitors/{}/timeline", None),
        ("POST", "/api/v1/chat/visitors/{}/block", {"reason": "x"}),
        ("POST", "/api/v1/chat/visitors/{}/unblock", None),
    ):
        answers = []
        for id in (foreign, never):
            address = path.format(id) if path.startswith("/") else f"{CONTACTS}/{path.format(id)}"
            answers.append(
                await desk.http.request(method, address, json=body, headers=agent | {"X-Request-Id": "same"})
            )
        assert [one.status_code for one in answers] == [404, 404], path
        assert answers[0].content == answers[1].content
