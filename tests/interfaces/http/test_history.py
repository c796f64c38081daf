"""The feed and the audit: a tenant's own events, in order, to whom they are meant for."""

from __future__ import annotations

import asyncio

import psycopg

from application.ports import Answer
from infrastructure.postgres import connect
from tests.interfaces.http.desk import Desk, Shop


async def test_the_feed_is_every_event_of_the_tenant_without_a_gap(desk: Desk, shop: Shop) -> None:
    await shop.thread("Is my order on its way?")
    owner = await shop.member("owner")
    first = (await desk.http.get("/api/v1/events?limit=3", headers=owner)).json()
    rest = (await desk.http.get(f"/api/v1/events?after={first['next']}&limit=1000", headers=owner)).json()
    seqs = [one["seq"] for one in first["data"] + rest["data"]]
    assert seqs == list(range(1, await shop.head() + 1))
    posted = next(one for one in rest["data"] if one["type"] == "conversation.message_posted.1")
    assert posted["data"]["text"] == "Is my order on its way?"
    assert posted["by"]["kind"] == "visitor"
    assert posted["cause"] == {"command": "StartConversation"}


async def test_an_analyst_reads_what_happened_and_not_what_was_said(desk: Desk, shop: Shop) -> None:
    await shop.thread("My name is Rosa")
    analyst = await shop.member("analyst")
    page = await desk.http.get("/api/v1/events?limit=1000", headers=analyst)
    assert page.status_code == 200
    assert "Rosa" not in page.text
    assert "conversation.message_posted.1" in page.text


async def test_who_waits_gets_the_next_event_when_it_comes(desk: Desk, shop: Shop) -> None:
    owner = await shop.member("owner")
    before = await shop.head()
    waiting = asyncio.create_task(desk.http.get(f"/api/v1/events?after={before}&wait=20", headers=owner))
    await shop.thread("Hello?")
    page = (await waiting).json()
    assert page["data"][0]["seq"] == before + 1


async def test_who_waits_in_vain_gets_an_empty_page(desk: Desk, shop: Shop) -> None:
    owner = await shop.member("owner")
    before = await shop.head()
    page = (await desk.http.get(f"/api/v1/events?after={before}&wait=0.05", headers=owner)).json()
    assert page == {"data": [], "next": before}


async def test_the_feed_refuses_what_is_no_place_in_it(desk: Desk, shop: Shop) -> None:
    owner = await shop.member("owner")
    for query in ("after=-1", "after=x", "wait=31", "limit=0", "limit=1001"):
        refused = await desk.http.get(f"/api/v1/events?{query}", headers=owner)
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "invalid_request"), query


async def test_the_audit_tells_who_did_what_and_why(desk: Desk, shop: Shop) -> None:
    desk.will_answer(Answer("Two days."))
    said = (await shop.say("How long?")).json()
    auditor = await shop.member("auditor")
    await desk.fold()
    body = (await desk.http.get(f"/api/v1/audit/conversations/{said['conversationId']}", headers=auditor)).json()
    lines = [(one["who"], one["what"]) for one in body["data"]]
    assert lines == [
        ("The visitor", "started a conversation, handled by the bot"),
        ("The visitor", "wrote “How long?”"),
        ("The assistant", "replied “Two days.”"),
    ]
    assert body["intact"]
    asked = body["data"][1]["position"]
    assert body["data"][2]["why"] == (
        f"command ReplyAsAssistant, by the policy answer_with_assistant after position {asked}"
    )


async def test_the_audit_sees_a_changed_event(desk: Desk, shop: Shop, database_url: str) -> None:
    conversation, _ = await shop.thread("Hello")
    connection = await connect(database_url, None)
    await connection.execute("ALTER TABLE es.event DISABLE TRIGGER append_only")
    await connection.execute(
        "UPDATE es.event SET at = at - interval '1 hour' WHERE type = 'conversation.message_posted.1'"
    )
    await connection.close()
    auditor = await shop.member("auditor")
    await desk.fold()
    body = (await desk.http.get(f"/api/v1/audit/conversations/{conversation}", headers=auditor)).json()
    assert body["intact"] is False


async def test_the_history_of_something_else_is_not_there(desk: Desk, shop: Shop) -> None:
    auditor = await shop.member("auditor")
    await desk.fold()
    for id in (f"cnv_{shop.widget_id.hex}", f"cnv_{'0' * 32}", shop.widget):
        answer = await desk.http.get(f"/api/v1/audit/conversations/{id}", headers=auditor)
        assert answer.status_code == 404, id


async def test_erased_words_are_erased_in_the_history_too(desk: Desk, shop: Shop, database_url: str) -> None:
    conversation, _ = await shop.thread("My secret")
    with psycopg.connect(database_url, autocommit=True) as connection:
        subjects = connection.execute("SELECT subject_id FROM keys.subject").fetchall()
    for (subject,) in subjects:
        await desk.store.keyring.destroy(shop.tenant_id, subject)
    auditor = await shop.member("auditor")
    await desk.fold()
    answer = await desk.http.get(f"/api/v1/audit/conversations/{conversation}", headers=auditor)
    assert "My secret" not in answer.text
    assert "a text that was erased" in answer.text
    assert answer.json()["intact"]
