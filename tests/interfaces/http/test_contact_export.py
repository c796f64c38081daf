"""The export of a person: everything is in it, of all contacts that they are, and of nobody else."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx
import msgspec
import pytest

from application.actor import system
from application.conversation import PostMessage
from domain.ids import parse
from interfaces.http import contact_export_entries
from interfaces.http.contact_export_entries import HeldPerson
from projections import held
from tests.interfaces.http.desk import Desk, Shop
from tests.interfaces.http.test_erasures import MARK, reacted, told_everywhere

CONTACTS = "/api/v1/contacts"
CHAT = "/api/v1/chat/conversations"


async def export(desk: Desk, contact: str, headers: dict[str, str], **query: str) -> httpx.Response:
    await desk.fold()
    answer = await desk.http.get(f"{CONTACTS}/{contact}/export", params=query, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer


async def merged(desk: Desk, shop: Shop) -> tuple[str, str, dict[str, str]]:
    """One person who was two contacts, with everything that can be held of each; and an admin's headers."""
    agent, admin = await shop.member(), await shop.member("admin")
    one, two = [await told_everywhere(desk, shop, agent, number) for number in (1, 2)]
    answer = await desk.http.post(f"{CONTACTS}/{one}/merge", json={"intoId": two}, headers=agent)
    assert answer.status_code == 200
    return one, two, admin


async def test_everything_that_is_held_of_a_person_is_in_their_export(desk: Desk, shop: Shop) -> None:
    await desk.fold()
    one, two, admin = await merged(desk, shop)
    stranger = await told_everywhere(desk, shop, await shop.member(), 3)
    answer = await export(desk, one, admin)
    assert answer.headers["Content-Disposition"] == f'attachment; filename="contact-{one}.json"'
    assert answer.headers["Content-Type"].partition(";")[0] == "application/json"
    assert int(answer.headers["X-Event-Position"]) == await shop.head()
    told = answer.json()
    assert (told["export"]["contactId"], set(told["export"]["contactIds"])) == (one, {one, two})
    assert {contact["id"] for contact in told["contacts"]} == {one, two}
    assert [contact["attributes"] for contact in told["contacts"]] == [{"plan": f"{MARK} plan"}] * 2
    assert [note["text"] for note in told["notes"]] == [f"{MARK} on them"] * 2
    for chat in told["conversations"]:
        words = [(one["text"], one["private"]) for one in chat["messages"]]
        sent = (f"{MARK} sent", False)
        assert words == [(f"{MARK} said", False), sent, sent, (f"{MARK} noted", True)]
        assert chat["attributes"] == {"pet": f"{MARK} pet"}
        assert (chat["qualified"], chat["rating"]["comment"]) == (True, f"{MARK} liked")
    assert len(told["conversations"]) == 2
    assert {visit["url"] for visit in told["visits"]} == {f"https://shop.test/{MARK}"}
    reasons = [event["data"]["why"] for event in told["events"] if event["type"] == "conversation.qualified.1"]
    assert reasons == [f"{MARK} buys"] * 2
    assert [event["type"] for event in told["events"]].count("contact.blocked.1") == 2
    assert stranger not in answer.text


async def test_files_come_with_links_that_work_for_who_asked(desk: Desk, shop: Shop) -> None:
    await desk.fold()
    one, _, admin = await merged(desk, shop)
    files = (await export(desk, one, admin)).json()["files"]
    assert sorted(one["name"] for one in files) == sorted(
        f"{MARK}-{name}.txt" for name in ("photo", "invoice") for _ in range(2)
    )
    bytes_of = [(await desk.http.get(file["url"])).content for file in files]
    assert sorted(bytes_of) == sorted(
        f"{MARK} {name} {number}".encode() for name in ("photo", "invoice") for number in (1, 2)
    )
    assert [file["size"] for file in files] == [len(one) for one in bytes_of]
    await desk.http.delete(f"/api/v1/chat/files/{files[0]['id']}", headers=admin)
    gone = (await export(desk, one, admin)).json()["files"][0]
    assert (gone["id"], gone["name"], gone["url"]) == (files[0]["id"], None, None)


async def test_a_line_each_tells_the_same_as_the_document(
    desk: Desk, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where each batch holds two rows only."""
    await desk.fold()
    one, _, admin = await merged(desk, shop)
    whole = (await export(desk, one, admin)).json()
    for module in (contact_export_entries, held):
        monkeypatch.setattr(module, "BATCH", 2)
    answer = await export(desk, one, admin, format="ndjson")
    assert answer.headers["Content-Disposition"].endswith('.ndjson"')
    lines = [msgspec.json.decode(line) for line in answer.content.splitlines()]
    assert [lines[0]["type"], lines[-1]["type"]] == ["export", "end"]
    assert lines[-1]["data"]["entries"] == len(lines) - 2 == whole["entries"]
    cut = (await export(desk, one, admin)).json()
    for told in (whole, cut):
        chats = told["conversations"]
        said = [message for chat in chats for message in chat.pop("messages")]
        assert [one["data"] for one in lines if one["type"] == "message"] == said
        assert [one["data"] for one in lines if one["type"] == "conversation"] == chats
        for section in ("contacts", "notes", "files", "visits", "campaigns", "events"):
            assert [one["data"] for one in lines if one["type"] == section[:-1]] == told[section], section


async def test_a_trail_that_only_a_session_ties_to_them_is_not_theirs(desk: Desk, shop: Shop) -> None:
    """Anybody may send the label of somebody else's session."""
    admin, token = await shop.member("admin"), (await shop.say()).json()["visitorToken"]
    path = f"/api/widgets/{shop.widget}/track"
    for page, headers in (("mine", {"X-Visitor-Token": token}), ("anothers", {})):
        body = {"sessionId": "session_1", "event": "page_view", "url": f"https://shop.test/{page}"}
        assert (await desk.http.post(path, json=body, headers=shop.site | headers)).status_code == 200
    await desk.fold()
    listed = (await desk.http.get(CONTACTS, headers=admin)).json()["data"]
    told = (await export(desk, listed[0]["id"], admin)).json()
    assert [visit["url"] for visit in told["visits"]] == ["https://shop.test/mine"]


async def test_campaigns_that_were_sent_or_shown_are_told(desk: Desk, shop: Shop) -> None:
    admin = await shop.member("admin")
    id, _ = await shop.thread()
    body = {"name": "Spring sale", "kind": "ongoing", "texts": {"en": "All for half"}}
    campaign = (await desk.http.post("/api/v1/campaigns", json=body, headers=admin)).json()["id"]
    assert (await desk.http.post(f"/api/v1/campaigns/{campaign}/launch", headers=admin)).status_code == 200
    async with desk.store.database.worker() as connection:
        await connection.execute(
            "INSERT INTO campaigns.impression (tenant_id, campaign_id, visitor_id, shown_at) "
            "VALUES (%s, %s, %s, now())",
            (shop.tenant_id, parse("campaign", campaign), parse("contact", await contact_of(desk, id, admin))),
        )
    told = (await export(desk, await contact_of(desk, id, admin), admin)).json()["campaigns"]
    assert [(one["id"], one["name"], one["status"], one["seenAt"]) for one in told] == [
        (campaign, "Spring sale", None, None)
    ]
    assert told[0]["shownAt"] is not None


async def test_a_person_with_nothing_has_every_section(desk: Desk, shop: Shop) -> None:
    id, _ = await shop.thread(None)
    admin = await shop.member("admin")
    told = (await export(desk, await contact_of(desk, id, admin), admin)).json()
    sections = ("notes", "files", "visits", "campaigns")
    assert [told[section] for section in sections] == [[]] * 4
    assert (len(told["contacts"]), told["conversations"][0]["messages"]) == (1, [])


async def test_a_long_history_comes_out_whole_and_no_batch_is_larger_for_it(desk: Desk, shop: Shop) -> None:
    admin = await shop.member("admin")
    id, _ = await shop.thread("0")
    conversation_id, actor = parse("conversation", id), system(shop.tenant_id)
    for number in range(1, 450):
        await desk.do(actor, PostMessage(conversation_id=conversation_id, text=str(number)))
    contact = await contact_of(desk, id, admin)
    told = (await export(desk, contact, admin)).json()["conversations"][0]["messages"]
    assert [one["text"] for one in told] == [str(number) for number in range(450)]
    person = HeldPerson(desk.app.state.parts, shop.tenant_id, actor.by, [parse("contact", contact)])
    sizes = [len(batch) async for batch in person.entries()]
    assert sum(sizes) > 450
    assert max(sizes) <= held.BATCH + 1  # the conversation itself stands before its first messages


async def test_only_who_leads_takes_it_out_and_a_stranger_finds_nobody(
    desk: Desk, shop: Shop, other_shop: Shop
) -> None:
    id, visitor = await shop.thread()
    await desk.fold()
    contact = await contact_of(desk, id, await shop.member())
    path = f"{CONTACTS}/{contact}/export"
    for role in ("owner", "admin", "supervisor"):
        assert (await desk.http.get(path, headers=await shop.member(role))).status_code == 200
    for role in ("agent", "analyst", "auditor"):
        assert (await desk.http.get(path, headers=await shop.member(role))).status_code == 403
    assert (await desk.http.get(path, headers=visitor)).status_code == 401
    foreign = await desk.http.get(path, headers=await other_shop.member("owner"))
    absent = await desk.http.get(f"{CONTACTS}/vis_{uuid4().hex}/export", headers=await other_shop.member("owner"))
    assert (foreign.status_code, absent.status_code) == (404, 404)
    assert bodies_alike(foreign, absent)
    odd = await desk.http.get(path, params={"format": "xml"}, headers=await shop.member("owner"))
    assert odd.status_code == 400


async def test_a_key_for_contacts_only_does_not_read_what_was_said(desk: Desk, shop: Shop) -> None:
    owner = await shop.member("owner")
    id, _ = await shop.thread()
    contact = await contact_of(desk, id, owner)
    for scopes, status in ((["contacts:read"], 403), (["contacts:read", "conversations:read"], 200)):
        body = {"name": "key", "scopes": scopes}
        made = await desk.http.post("/api/v1/api-keys", json=body, headers=owner)
        key = {"Authorization": f"Bearer {made.json()['key']}"}
        assert (await desk.http.get(f"{CONTACTS}/{contact}/export", headers=key)).status_code == status


async def test_of_somebody_erased_nothing_that_was_said_is_left(desk: Desk, shop: Shop) -> None:
    await desk.fold()
    one, two, admin = await merged(desk, shop)
    before = (await export(desk, one, admin)).json()
    body = {"contactId": one, "reason": "asked for"}
    assert (await desk.http.post("/api/v1/privacy/erasures", json=body, headers=admin)).status_code == 202
    await reacted(desk)
    answer = await export(desk, two, admin)
    assert MARK not in answer.text
    after = answer.json()
    assert [contact["erased"] for contact in after["contacts"]] == [True, True]
    assert after["visits"] == []
    assert [len(chat["messages"]) for chat in after["conversations"]] == [
        len(chat["messages"]) for chat in before["conversations"]
    ]


async def contact_of(desk: Desk, conversation: str, headers: dict[str, str]) -> str:
    await desk.fold()
    found = await desk.http.get(f"{CHAT}/{conversation}", headers=headers)
    return found.json()["contact_data"]["id"]


def bodies_alike(one: httpx.Response, other: httpx.Response) -> bool:
    """But for the id of the request."""
    errors: list[dict[str, Any]] = [answer.json()["error"] for answer in (one, other)]
    for error in errors:
        error.pop("requestId")
    return errors[0] == errors[1]
