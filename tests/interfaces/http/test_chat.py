"""Family A: a visitor says something and hears an answer."""

from __future__ import annotations

import asyncio
from uuid import uuid4

from application.actor import system
from application.handling import HandOverConversation
from application.ports import Answer
from domain.conversation import AssistantReplied, ConversationStarted, MessagePosted
from domain.handling import HandedOver
from domain.ids import parse, wire
from infrastructure.embedded.nats import NatsServer
from interfaces.http.headers import POSITION, REPLAYED
from tests.interfaces.http.desk import FALLBACK, Desk, Shop, open_desk
from tests.support.cases import cases

VISITOR = "X-Visitor-Token"


async def test_chat_answers_as_the_seed_prints(desk: Desk, shop: Shop) -> None:
    desk.will_answer(Answer("I'd be happy to help with pricing!", model="gpt-4o-mini", tokens=150))
    answer = await shop.say("Hello, I need help with pricing")
    assert answer.status_code == 200
    body = answer.json()
    reply_id = body["metadata"].pop("replyId")
    assert reply_id.startswith("msg_")
    assert body == {
        "success": True,
        "conversationId": body["conversationId"],
        "message": "I'd be happy to help with pricing!",
        "metadata": {"model": "gpt-4o-mini", "tokens": 150, "citations": []},
        "messageId": body["messageId"],
        "handledBy": "bot",
        "seq": await shop.head(),
        "visitorToken": body["visitorToken"],
    }
    assert body["conversationId"].startswith("cnv_")
    assert body["messageId"].startswith("msg_")
    assert body["visitorToken"].startswith("vt_")
    assert answer.headers[POSITION] == str(body["seq"])


async def test_the_tenants_id_names_its_widget_too(desk: Desk, shop: Shop) -> None:
    desk.will_answer(Answer("Hello!"))
    path, body = f"/api/widgets/{shop.tenant}/chat", {"sessionId": "s", "message": "Hi"}
    assert (await desk.http.post(path, json=body, headers=shop.site)).status_code == 200


async def test_a_known_visitor_goes_on_in_the_same_conversation(desk: Desk, shop: Shop) -> None:
    desk.will_answer(Answer("One"), Answer("Two"))
    first = (await shop.say("Hello")).json()
    second = (
        await shop.say("And?", {VISITOR: first["visitorToken"]}, conversationId=first["conversationId"])
    ).json()
    assert second["conversationId"] == first["conversationId"]
    assert second["message"] == "Two"
    assert "visitorToken" not in second


async def test_the_visitors_words_are_durable_before_the_model_is_asked(desk: Desk, shop: Shop) -> None:
    asking = asyncio.create_task(shop.say("Are you there?"))
    async with asyncio.timeout(5):
        while not desk.model.asked:
            await asyncio.sleep(0.01)
    events = [one.event for one in await desk.store.reader.tenant_page(shop.tenant_id, 0)]
    assert isinstance(events[-1], MessagePosted)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)


async def test_an_answer_that_hands_over_says_who_goes_on(desk: Desk, shop: Shop) -> None:
    desk.will_answer(Answer("A colleague will help.", hand_over="not_in_the_articles"))
    body = (await shop.say("Where is my parcel?")).json()
    assert (body["message"], body["handledBy"], body["metadata"]["model"]) == (
        "A colleague will help.",
        "queue",
        None,
    )


async def test_a_model_that_is_too_slow_ends_in_the_fallback_and_a_human(
    database_url: str, nats_server: NatsServer
) -> None:
    async with open_desk(database_url, nats_server.url, reply_timeout=0.2) as desk:
        shop = await desk.shop()
        body = (await shop.say("Hello")).json()
        assert (body["message"], body["metadata"]["model"], body["handledBy"]) == (FALLBACK, None, "queue")
        events = [one.event for one in await desk.store.reader.tenant_page(shop.tenant_id, 0)]
        assert isinstance(events[-2], AssistantReplied)
        assert isinstance(events[-1], HandedOver)
        assert (events[-2].text, events[-1].reason) == (FALLBACK, "assistant_timeout")
        assert body["metadata"]["replyId"] == wire("message", events[-2].message_id)


async def test_while_a_human_has_it_nothing_is_answered(desk: Desk, shop: Shop) -> None:
    desk.will_answer(Answer("One"))
    first = (await shop.say("Hello")).json()
    headers = await shop.member()
    accepted = await desk.http.post(
        f"/api/v1/chat/agent/conversations/{first['conversationId']}/accept", headers=headers
    )
    assert accepted.status_code == 200
    body = (
        await shop.say("Thanks", {VISITOR: first["visitorToken"]}, conversationId=first["conversationId"])
    ).json()
    assert (body["message"], body["handledBy"]) == (None, "agent")
    assert body["metadata"] == {"model": None, "tokens": 0, "replyId": None, "citations": []}
    assert body["seq"] == await shop.head()


async def test_while_it_is_queued_nothing_is_answered(desk: Desk, shop: Shop) -> None:
    desk.will_answer(Answer("One"))
    first = (await shop.say("Hello")).json()
    id = parse("conversation", first["conversationId"])
    await desk.do(system(shop.tenant_id), HandOverConversation(conversation_id=id, reason="test"))
    body = (await shop.say("Hm", {VISITOR: first["visitorToken"]}, conversationId=first["conversationId"])).json()
    assert (body["message"], body["handledBy"]) == (None, "queue")


async def test_a_human_who_accepts_while_the_model_thinks_is_the_answer(desk: Desk, shop: Shop) -> None:
    headers = await shop.member()
    asking = asyncio.create_task(shop.say("Hello"))
    async with asyncio.timeout(5):
        while not desk.model.asked:
            await asyncio.sleep(0.01)
    events = [one.event for one in await desk.store.reader.tenant_page(shop.tenant_id, 0)]
    started = next(event for event in events if isinstance(event, ConversationStarted))
    id = wire("conversation", started.originator_id)
    await desk.http.post(f"/api/v1/chat/agent/conversations/{id}/accept", headers=headers)
    body = (await asking).json()
    assert (body["message"], body["handledBy"]) == (None, "agent")


@cases(
    ("body", "code"),
    [
        ({"message": "Hi"}, "missing_session"),
        ({"sessionId": "", "message": "Hi"}, "missing_session"),
        ({"sessionId": None, "message": "Hi"}, "missing_session"),
        ({"sessionId": "s"}, "missing_message"),
        ({"sessionId": "s", "message": ""}, "missing_message"),
        ({"sessionId": "s", "message": " \n"}, "missing_message"),
        ({"sessionId": 5, "message": "Hi"}, "invalid_request"),
        ({"sessionId": "s", "message": "x" * 10_001}, "invalid_request"),
        ({}, "missing_session"),
    ],
)
async def test_what_is_missing_is_named_and_nothing_is_stored(
    desk: Desk, shop: Shop, body: dict[str, object], code: str
) -> None:
    before = await shop.head()
    answer = await desk.http.post(f"/api/widgets/{shop.widget}/chat", json=body, headers=shop.site)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)
    assert answer.json()["success"] is False
    assert await shop.head() == before


async def test_a_widget_without_an_assistant_has_no_chat(desk: Desk) -> None:
    shop = await desk.shop(assistant=False)
    answer = await shop.say()
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "no_assistant")


async def test_the_body_may_choose_another_assistant_of_the_tenant(desk: Desk, shop: Shop) -> None:
    plain = await desk.shop(tenant_id=1, assistant=False)
    desk.will_answer(Answer("Hello!"))
    answer = await plain.say("Hi", assistantId=wire("assistant", shop.assistant_id or uuid4()))
    assert answer.json()["message"] == "Hello!"


@cases("assistant_id", ["ast_" + "0" * 32, "asst-123", "cnv_" + "0" * 32, ""])
async def test_an_assistant_that_is_not_there_is_not_found(shop: Shop, assistant_id: str) -> None:
    assert (await shop.say("Hi", assistantId=assistant_id)).status_code == 404


async def test_a_session_id_opens_nobodys_thread(desk: Desk, shop: Shop) -> None:
    desk.will_answer(Answer("One"), Answer("Two"))
    first, second = (await shop.say("Hello")).json(), (await shop.say("Hello")).json()
    assert first["conversationId"] != second["conversationId"]
    assert first["visitorToken"] != second["visitorToken"]
    stolen = await shop.say("Give it to me", conversationId=first["conversationId"])
    assert stolen.status_code == 404
    other = await shop.say("Mine?", {VISITOR: second["visitorToken"]}, conversationId=first["conversationId"])
    assert other.status_code == 404


async def test_repeating_the_first_words_returns_the_first_answer(desk: Desk, shop: Shop) -> None:
    desk.will_answer(Answer("One"))
    key = {"Idempotency-Key": uuid4().hex}
    first, again = await shop.say("Hello", key), await shop.say("Hello", key)
    assert REPLAYED not in first.headers
    assert again.headers[REPLAYED] == "true"
    tokens = {first.json()["visitorToken"], again.json()["visitorToken"]}
    assert first.json() | {"visitorToken": ""} == again.json() | {"visitorToken": ""}
    assert len(await _started(desk, shop)) == 1
    await desk.fold()
    for token in tokens:
        mine = await desk.http.get("/api/v1/chat/visitor/conversations", headers={VISITOR: token})
        assert mine.status_code == 200


async def test_ten_repeats_at_once_are_one_message(desk: Desk, shop: Shop) -> None:
    desk.will_answer(Answer("One"))
    key = {"Idempotency-Key": uuid4().hex}
    answers = await asyncio.gather(*(shop.say("Hello", key) for _ in range(10)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["messageId"] for answer in answers}) == 1
    assert {answer.json()["message"] for answer in answers} == {"One"}
    assert len(await _started(desk, shop)) == 1


async def test_repeating_later_words_returns_their_answer_even_after_others(desk: Desk, shop: Shop) -> None:
    desk.will_answer(Answer("One"), Answer("Two"), Answer("Three"))
    first = (await shop.say("Hello")).json()
    headers, more = {VISITOR: first["visitorToken"]}, {"conversationId": first["conversationId"]}
    second = await shop.say("Second", headers, clientMessageId="second", **more)
    await shop.say("Third", headers, clientMessageId="third", **more)
    again = await shop.say("Second", headers, clientMessageId="second", **more)
    assert again.json() == second.json()
    assert again.headers[POSITION] == second.headers[POSITION]
    assert again.headers[REPLAYED] == "true"


async def test_one_key_for_two_messages_is_a_conflict(desk: Desk, shop: Shop) -> None:
    desk.will_answer(Answer("One"))
    await shop.say("Hello", {"Idempotency-Key": "k"})
    before = await shop.head()
    answer = await shop.say("Something else", {"Idempotency-Key": "k"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "idempotency_mismatch")
    assert await shop.head() == before


@cases("key", ["", "x" * 201, "a\tb", "é"])
async def test_a_key_that_is_no_key_is_refused(shop: Shop, key: str) -> None:
    before = await shop.head()
    answer = await shop.say("Hello", clientMessageId=key)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_request")
    assert await shop.head() == before


async def _started(desk: Desk, shop: Shop) -> list[ConversationStarted]:
    events = [one.event for one in await desk.store.reader.tenant_page(shop.tenant_id, 0)]
    return [event for event in events if isinstance(event, ConversationStarted)]
