"""Family B: starting, writing, taking, ending, reading."""

from __future__ import annotations

import asyncio
from uuid import uuid4

from domain.conversation import MessagePosted
from domain.ids import wire
from interfaces.http.headers import POSITION, REPLAYED
from tests.interfaces.http.desk import Desk, Shop, bearer
from tests.support.cases import cases

START = "/api/v1/chat/conversations"


def at(conversation_id: str, *rest: str) -> str:
    return "/".join([START, conversation_id, *rest])


def accept(conversation_id: str) -> str:
    return f"/api/v1/chat/agent/conversations/{conversation_id}/accept"


async def test_a_visitor_starts_a_conversation_and_is_known_from_then_on(desk: Desk, shop: Shop) -> None:
    body = {"text": "Hello", "name": "Vera", "email": "vera@example.test", "sessionId": "s"}
    answer = await desk.http.post(START, json=body, headers=shop.site)
    assert answer.status_code == 201
    told = answer.json()
    conversation = told["conversation"]
    assert told["visitorToken"].startswith("vt_")
    assert told["message"]["text"] == "Hello"
    assert told["message"]["role"] == "visitor"
    assert told["message"]["authorId"] == conversation["contact_data"]["id"]
    assert told["message"]["version"] == conversation["version"] == 2
    assert told["message"]["seq"] == conversation["seq"] == int(answer.headers[POSITION]) == await shop.head()
    assert conversation["contact_data"] | {"id": ""} == {"id": "", "name": "Vera", "email": "vera@example.test"}
    assert (conversation["status"], conversation["handledBy"], conversation["channel"]) == ("open", "bot", "chat")
    assert conversation["widgetId"] == shop.widget
    assert "messages" not in conversation
    assert answer.headers["ETag"] == '"2"'
    assert conversation["startedAt"].endswith("Z")


async def test_a_conversation_may_begin_without_words(desk: Desk, shop: Shop) -> None:
    answer = await desk.http.post(START, json={}, headers=shop.site)
    assert (answer.status_code, answer.json()["message"]) == (201, None)


async def test_an_agent_starts_a_conversation_and_has_it(desk: Desk, shop: Shop) -> None:
    answer = await desk.http.post(START, json={"text": "Hello", "name": "Vera"}, headers=await shop.member())
    assert answer.status_code == 201
    conversation = answer.json()["conversation"]
    assert (conversation["handledBy"], conversation["status"]) == ("agent", "open")
    assert {one["kind"] for one in conversation["participants"]} == {"visitor", "agent"}
    assert answer.json()["message"]["role"] == "agent"
    assert "visitorToken" not in answer.json()


async def test_what_was_written_can_be_read_at_its_position(desk: Desk, shop: Shop) -> None:
    id, visitor = await shop.thread("Hello")
    written = await desk.http.post(at(id, "messages"), json={"text": "Anybody?"}, headers=visitor)
    assert written.status_code == 201
    await desk.fold()
    read = await desk.http.get(at(id), headers=visitor | {"X-Min-Position": written.headers[POSITION]})
    assert read.status_code == 200
    body = read.json()
    assert [message["text"] for message in body["messages"]["data"]] == ["Hello", "Anybody?"]
    assert body["messages"]["data"][1] == written.json()["message"]
    assert read.headers["ETag"] == written.headers["ETag"] == '"3"'
    assert int(read.headers[POSITION]) >= int(written.headers[POSITION])


async def test_a_started_conversation_reads_as_it_was_told(desk: Desk, shop: Shop) -> None:
    body = {"text": "Hello", "name": "Vera", "email": "vera@example.test"}
    told = (await desk.http.post(START, json=body, headers=shop.site)).json()
    await desk.fold()
    read = (await desk.http.get(at(told["conversation"]["id"]), headers=bearer(told["visitorToken"]))).json()
    assert read.pop("messages") == {"data": [told["message"]], "nextCursor": None}
    assert read == told["conversation"]


async def test_messages_come_in_pages(desk: Desk, shop: Shop) -> None:
    id, visitor = await shop.thread("0")
    for number in range(1, 5):
        await desk.http.post(at(id, "messages"), json={"text": str(number)}, headers=visitor)
    await desk.fold()
    texts, cursor = [], None
    while True:
        query = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = (await desk.http.get(at(id), params=query, headers=visitor)).json()["messages"]
        texts += [message["text"] for message in page["data"]]
        cursor = page["nextCursor"]
        if cursor is None:
            break
    assert texts == ["0", "1", "2", "3", "4"]


async def test_a_private_note_is_for_agents_only(desk: Desk, shop: Shop) -> None:
    id, visitor = await shop.thread()
    agent = await shop.member()
    note = await desk.http.post(at(id, "messages"), json={"text": "Angry", "private": True}, headers=agent)
    assert (note.status_code, note.json()["message"]["private"]) == (201, True)
    await desk.fold()
    seen_by_agent = (await desk.http.get(at(id), headers=agent)).json()["messages"]["data"]
    seen_by_visitor = (await desk.http.get(at(id), headers=visitor)).json()["messages"]["data"]
    assert [message["text"] for message in seen_by_agent] == ["Hello", "Angry"]
    assert [message["text"] for message in seen_by_visitor] == ["Hello"]


async def test_a_visitor_writes_no_private_note(desk: Desk, shop: Shop) -> None:
    id, visitor = await shop.thread()
    before = await shop.head()
    answer = await desk.http.post(at(id, "messages"), json={"text": "x", "private": True}, headers=visitor)
    assert answer.status_code == 400
    assert await shop.head() == before


async def test_one_agent_wins_a_conversation(desk: Desk, shop: Shop) -> None:
    id, _ = await shop.thread()
    agents = [await shop.member() for _ in range(5)]
    answers = await asyncio.gather(*(desk.http.post(accept(id), headers=agent) for agent in agents))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409]
    won = next(answer for answer in answers if answer.status_code == 200).json()["conversation"]
    lost = next(answer for answer in answers if answer.status_code == 409).json()["error"]
    assert lost["code"] == "already_accepted"
    assert lost["details"]["by"] == won["assigneeId"]
    assert lost["details"]["at"].endswith("Z")


async def test_accepting_ones_own_again_changes_nothing(desk: Desk, shop: Shop) -> None:
    id, _ = await shop.thread()
    agent = await shop.member()
    first = await desk.http.post(accept(id), headers=agent)
    again = await desk.http.post(accept(id), headers=agent)
    assert first.json() == again.json()
    assert first.headers[POSITION] == again.headers[POSITION]


async def test_ending_twice_changes_nothing(desk: Desk, shop: Shop) -> None:
    id, visitor = await shop.thread()
    first = await desk.http.post(at(id, "end"), headers=visitor)
    again = await desk.http.post(at(id, "end"), json={"reason": "done"}, headers=visitor)
    assert first.status_code == again.status_code == 200
    assert first.json() == again.json()
    assert first.json()["conversation"]["status"] == "resolved"
    assert first.json()["conversation"]["endedAt"] is not None


async def test_a_visitor_may_go_on_after_the_end_and_an_agent_may_not(desk: Desk, shop: Shop) -> None:
    id, visitor = await shop.thread()
    agent = await shop.member()
    await desk.http.post(at(id, "end"), headers=agent)
    refused = await desk.http.post(at(id, "messages"), json={"text": "x"}, headers=agent)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "conversation_ended")
    assert (await desk.http.post(at(id, "messages"), json={"text": "x"}, headers=visitor)).status_code == 201


async def test_a_visitor_asks_for_a_human(desk: Desk, shop: Shop) -> None:
    id, visitor = await shop.thread()
    first = await desk.http.post(at(id, "request-human"), headers=visitor)
    again = await desk.http.post(at(id, "request-human"), json={}, headers=visitor)
    assert first.status_code == 200
    assert first.json()["conversation"]["handledBy"] == "queue"
    assert first.json() == again.json()


async def test_if_match_refuses_to_write_into_a_conversation_that_moved(desk: Desk, shop: Shop) -> None:
    id, visitor = await shop.thread()
    kept = await desk.http.post(at(id, "messages"), json={"text": "1"}, headers=visitor | {"If-Match": '"2"'})
    assert kept.status_code == 201
    before = await shop.head()
    moved = await desk.http.post(at(id, "messages"), json={"text": "2"}, headers=visitor | {"If-Match": '"2"'})
    assert (moved.status_code, moved.json()["error"]["code"]) == (409, "conversation_changed")
    details = moved.json()["error"]["details"]
    assert (details["expected"], details["version"]) == (2, 3)
    assert [one["type"] for one in details["since"]] == ["conversation.message_posted.1"]
    assert await shop.head() == before
    odd = await desk.http.post(at(id, "messages"), json={"text": "2"}, headers=visitor | {"If-Match": "x"})
    assert odd.status_code == 400


async def test_a_repeat_is_answered_like_the_first_time(desk: Desk, shop: Shop) -> None:
    id, visitor = await shop.thread()
    headers = visitor | {"Idempotency-Key": "k1"}
    first = await desk.http.post(at(id, "messages"), json={"text": "1"}, headers=headers)
    await desk.http.post(at(id, "messages"), json={"text": "2"}, headers=visitor)
    again = await desk.http.post(at(id, "messages"), json={"text": "1"}, headers=headers)
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert again.headers[POSITION] == first.headers[POSITION]
    assert again.headers[REPLAYED] == "true"


async def test_a_repeat_comes_before_a_conflict(desk: Desk, shop: Shop) -> None:
    id, visitor = await shop.thread()
    headers = visitor | {"Idempotency-Key": "k1", "If-Match": '"2"'}
    first = await desk.http.post(at(id, "messages"), json={"text": "1"}, headers=headers)
    again = await desk.http.post(at(id, "messages"), json={"text": "1"}, headers=headers)
    assert (again.status_code, again.json()) == (201, first.json())


async def test_one_key_of_two_callers_is_two_keys(desk: Desk, shop: Shop) -> None:
    id, visitor = await shop.thread()
    agent = await shop.member()
    answers = [
        await desk.http.post(at(id, "messages"), json={"text": "x"}, headers=who | {"Idempotency-Key": "k"})
        for who in (visitor, agent)
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() != answers[1].json()


async def test_a_lost_first_answer_can_be_asked_for_again(desk: Desk, shop: Shop) -> None:
    headers = shop.site | {"Idempotency-Key": uuid4().hex}
    first, again = [
        await desk.http.post(START, json={"text": "Hello", "sessionId": "s"}, headers=headers) for _ in range(2)
    ]
    assert again.headers[REPLAYED] == "true"
    assert first.json()["conversation"] == again.json()["conversation"]
    for answer in (first, again):
        written = await desk.http.post(
            at(answer.json()["conversation"]["id"], "messages"),
            json={"text": "More"},
            headers=bearer(answer.json()["visitorToken"]),
        )
        assert written.status_code == 201


async def test_the_visitor_finds_their_threads_newest_first(desk: Desk, shop: Shop) -> None:
    told = (await desk.http.post(START, json={"text": "1"}, headers=shop.site)).json()
    visitor = shop.site | {"X-Visitor-Token": told["visitorToken"]}
    second = (await desk.http.post(START, json={"text": "2"}, headers=visitor)).json()
    assert "visitorToken" not in second
    await shop.thread("somebody else's")
    await desk.fold()
    listed = await desk.http.get("/api/v1/chat/visitor/conversations", headers=visitor)
    ids = [one["id"] for one in listed.json()["data"]]
    assert ids == [second["conversation"]["id"], told["conversation"]["id"]]
    assert listed.json()["nextCursor"] is None


@cases("body", [{}, {"text": None}, {"text": ""}, {"text": "  "}])
async def test_a_message_needs_words(desk: Desk, shop: Shop, body: dict[str, object]) -> None:
    id, visitor = await shop.thread()
    answer = await desk.http.post(at(id, "messages"), json=body, headers=visitor)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "missing_message")


async def test_a_sites_conversations_are_its_own_widgets(desk: Desk, shop: Shop) -> None:
    other = wire("widget", uuid4())
    answer = await desk.http.post(START, json={"text": "x", "widgetId": other}, headers=shop.site)
    assert answer.status_code == 400


async def test_who_wrote_is_in_the_log(desk: Desk, shop: Shop) -> None:
    id, _ = await shop.thread()
    agent = await shop.member()
    headers = agent | {"X-Request-Id": "req-42"}
    told = (await desk.http.post(at(id, "messages"), json={"text": "Hi"}, headers=headers)).json()["message"]
    last = (await desk.store.reader.tenant_page(shop.tenant_id, 0))[-1]
    assert isinstance(last.event, MessagePosted)
    assert wire("agent", last.event.by.id) == told["authorId"]
    assert last.meta.request_id == "req-42"
