"""Leads by HTTP: agents and integrations say it, once per change; the stronger word stays."""

from __future__ import annotations

from application.ports import Answer, Lead
from domain.generation import GenerationRecorded
from domain.qualification import ConversationDisqualified, ConversationQualified
from tests.interfaces.http.desk import Desk, Shop, bearer

CHAT = "/api/v1/chat/conversations"


async def leads(desk: Desk, shop: Shop) -> list[tuple[str, str]]:
    events = [one.event for one in await desk.store.reader.tenant_page(shop.tenant_id, 0)]
    told = [event for event in events if isinstance(event, ConversationQualified | ConversationDisqualified)]
    return [(event.TYPE, event.source) for event in told]


async def key(desk: Desk, shop: Shop) -> dict[str, str]:
    body = {"name": "CRM", "scopes": ["conversations:write"]}
    made = await desk.http.post("/api/v1/api-keys", json=body, headers=await shop.member("admin"))
    return bearer(made.json()["key"])


async def test_an_agent_qualifies_once_and_takes_it_back(desk: Desk, shop: Shop) -> None:
    id, visitor = await shop.thread()
    agent = await shop.member()
    body = {"score": 70, "why": "Left an address"}
    for _ in range(2):
        said = await desk.http.post(f"{CHAT}/{id}/qualify", json=body, headers=agent)
        assert (said.status_code, said.json()["conversation"]["qualified"]) == (200, True)
    taken = await desk.http.post(f"{CHAT}/{id}/disqualify", headers=agent)
    assert taken.json()["conversation"]["qualified"] is False
    assert await leads(desk, shop) == [
        ("conversation.qualified.1", "agent"),
        ("conversation.disqualified.1", "agent"),
    ]
    await desk.fold()
    assert (await desk.http.get(f"{CHAT}/{id}", headers=agent)).json()["qualified"] is False
    seen = await desk.http.get(f"{CHAT}/{id}", headers=visitor)
    assert seen.status_code == 200
    assert "qualified" not in seen.json()


async def test_an_integration_never_takes_back_what_an_agent_said(desk: Desk, shop: Shop) -> None:
    id, _ = await shop.thread()
    api, agent = await key(desk, shop), await shop.member()
    assert (await desk.http.post(f"{CHAT}/{id}/qualify", headers=api)).status_code == 200
    assert (await desk.http.post(f"{CHAT}/{id}/disqualify", headers=agent)).status_code == 200
    refused = await desk.http.post(f"{CHAT}/{id}/qualify", headers=api)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "qualification_is_stronger")
    assert refused.json()["error"]["details"] == {"by": "agent"}


async def test_a_score_is_a_hundred_at_most(desk: Desk, shop: Shop) -> None:
    id, visitor = await shop.thread()
    refused = await desk.http.post(f"{CHAT}/{id}/qualify", json={"score": 101}, headers=await shop.member())
    assert refused.status_code == 400
    assert (await desk.http.post(f"{CHAT}/{id}/qualify", headers=visitor)).status_code in (401, 403)


async def test_an_assistants_word_comes_with_its_reply_and_its_provenance(desk: Desk, shop: Shop) -> None:
    lead = Lead("Wants 50 chairs", 80)
    desk.will_answer(Answer("I have noted it.", lead=lead, notes=("Asks for a discount",), arguments='["{}"]'))
    body = (await shop.say("50 chairs please")).json()
    events = [one.event for one in await desk.store.reader.tenant_page(shop.tenant_id, 0)]
    assert [event.TYPE for event in events[-4:]] == [
        "generation.recorded.1",
        "conversation.note_added.1",
        "conversation.qualified.1",
        "conversation.assistant_replied.1",
    ]
    recorded = events[-4]
    assert isinstance(recorded, GenerationRecorded)
    assert (recorded.outcome, recorded.purpose, recorded.trace.persona_version) == ("replied", "reply", 0)
    assert body["metadata"]["replyId"].endswith(recorded.message_id.hex if recorded.message_id else "?")


async def test_an_assistant_does_not_qualify_what_an_agent_refused(desk: Desk, shop: Shop) -> None:
    desk.will_answer(Answer("Hello."), Answer("Noted.", lead=Lead("Wants chairs")))
    first = (await shop.say("Hello")).json()
    agent = await shop.member()
    await desk.http.post(f"{CHAT}/{first['conversationId']}/disqualify", headers=agent)
    visitor = {"X-Visitor-Token": first["visitorToken"]}
    second = (await shop.say("Chairs?", visitor, conversationId=first["conversationId"])).json()
    assert second["message"] == "Noted."
    assert await leads(desk, shop) == [("conversation.disqualified.1", "agent")]
