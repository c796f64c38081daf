"""How a call goes, as a tenant's own exchange says it; who may say and see it, and who is forgotten."""

from __future__ import annotations

from typing import Any

import pytest

from application.actor import system
from application.contact import EraseContact
from domain.ids import parse
from tests.interfaces.http.desk import Desk, Shop, bearer
from tests.interfaces.http.test_voice_start import CHATS, FIRST, enable, report, start

LINK = "https://pbx.shop.test/recordings/1"


@pytest.fixture
async def owner(desk: Desk, shop: Shop) -> dict[str, str]:
    return await enable(desk, shop, FIRST)


async def test_a_report_answers_the_conversation_with_its_call(
    desk: Desk, shop: Shop, owner: dict[str, str]
) -> None:
    begun = (await start(desk, shop)).json()
    chat = begun["conversationId"]
    ringing = await report(desk, owner, chat, status="ringing")
    assert ringing.json()["conversation"]["call"]["status"] == "ringing"
    answer = await report(desk, owner, chat, status="answered")
    call = answer.json()["conversation"]["call"]
    assert (call["status"], call["answeredAt"] is not None, call["endedAt"]) == ("answered", True, None)
    end = {"status": "ended", "reason": "completed", "seconds": 12, "recordingUrl": LINK, "transcript": "Hello"}
    call = (await report(desk, owner, chat, **end)).json()["conversation"]["call"]
    assert (call["status"], call["seconds"], call["reason"]) == ("ended", 12, "completed")
    assert (call["recordingUrl"], call["transcript"]) == (LINK, "Hello")
    before = await shop.head()
    assert (await report(desk, owner, chat, **end)).json()["conversation"]["call"] == call
    assert await shop.head() == before
    await desk.fold()
    for query in ("", f"?asOf={before}"):
        shown = (await desk.http.get(f"{CHATS}/{chat}{query}", headers=owner)).json()
        assert shown["call"] == call
    own = (await desk.http.get(f"{CHATS}/{chat}", headers=bearer(begun["visitorToken"]))).json()["call"]
    assert (own["status"], own["seconds"]) == ("ended", 12)
    assert not {"recordingUrl", "transcript"} & set(own)


async def test_a_chat_has_no_call(desk: Desk, shop: Shop, owner: dict[str, str]) -> None:
    chat, _ = await shop.thread()
    await desk.fold()
    assert "call" not in (await desk.http.get(f"{CHATS}/{chat}", headers=owner)).json()
    assert (await report(desk, owner, chat, status="ended")).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"status": "started"},
        {"status": "answered", "seconds": 3},
        {"status": "ringing", "reason": "busy"},
        {"status": "ended", "seconds": -1},
        {"status": "ended", "seconds": 86_401},
        {"status": "ended", "reason": "bored"},
        {"recordingUrl": "javascript:alert(1)"},
        {"transcript": "x" * 100_001},
        {"phoneNumber": FIRST},
    ],
)
async def test_what_is_no_report_is_a_400(
    desk: Desk, shop: Shop, owner: dict[str, str], body: dict[str, Any]
) -> None:
    chat = (await start(desk, shop)).json()["conversationId"]
    before = await shop.head()
    answer = await report(desk, owner, chat, **body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_request")
    assert await shop.head() == before


async def test_members_and_keys_with_the_scope_report_and_nobody_else(
    desk: Desk, shop: Shop, other_shop: Shop, owner: dict[str, str]
) -> None:
    begun = (await start(desk, shop)).json()
    chat = begun["conversationId"]
    made = await desk.http.post(
        "/api/v1/api-keys", json={"name": "pbx", "scopes": ["conversations:write"]}, headers=owner
    )
    reader = await desk.http.post(
        "/api/v1/api-keys", json={"name": "bi", "scopes": ["conversations:read"]}, headers=owner
    )
    for headers, status in (
        (await other_shop.member("owner"), 404),
        (await shop.member("auditor"), 403),
        (bearer(reader.json()["key"]), 403),
        (bearer(begun["visitorToken"]), 401),
        (shop.site, 401),
        (bearer(made.json()["key"]), 200),
        (await shop.member("agent"), 200),
    ):
        assert (await report(desk, headers, chat, status="answered")).status_code == status


async def test_an_erased_visitors_recording_and_transcript_are_gone(
    desk: Desk, shop: Shop, owner: dict[str, str]
) -> None:
    chat = (await start(desk, shop)).json()["conversationId"]
    await report(desk, owner, chat, recordingUrl=LINK, transcript="My name is Mia")
    await desk.fold()
    shown = (await desk.http.get(f"{CHATS}/{chat}", headers=owner)).json()
    assert shown["call"]["transcript"] == "My name is Mia"
    contact_id, actor = parse("contact", shown["contact_data"]["id"]), system(shop.tenant_id)
    await desk.do(actor, EraseContact(contact_id=contact_id, reason="asked"))
    await desk.store.keyring.destroy(shop.tenant_id, contact_id)
    before = await shop.head()
    late = await report(desk, owner, chat, recordingUrl=f"{LINK}2", transcript="Mia again")
    assert late.status_code == 200
    assert await shop.head() == before
    await desk.fold()
    call = (await desk.http.get(f"{CHATS}/{chat}", headers=owner)).json()["call"]
    assert (call["recordingUrl"], call["transcript"], call["phoneNumber"]) == (None, None, FIRST)
    said = await desk.http.get(f"/api/v1/audit/conversations/{chat}", headers=owner)
    assert "Mia" not in said.text
