"""A visitor gets a number to dial: one call at a time, once per key, within the plan, only where it is enabled."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import psycopg

from application.actor import system
from application.bus import CommandBus
from application.call import EndOverdueCall
from application.handlers import HANDLERS
from domain.call import DIAL_SECONDS
from domain.ids import parse, wire
from infrastructure.clock import now, uuid7
from tests.interfaces.http.desk import Desk, Shop
from tests.support.cases import cases

VOICE = "/api/v1/voice"
CHATS = "/api/v1/chat/conversations"
FIRST, SECOND = "+14165550101", "+14165550102"


async def enable(desk: Desk, shop: Shop, *numbers: str, **more: Any) -> dict[str, str]:
    """The owner's headers."""
    owner = await shop.member("owner")
    body = {"enabled": True, "numbers": numbers, "prefixes": ["+1416"]} | more
    answer = await desk.http.put(VOICE, json=body, headers=owner)
    assert answer.status_code == 200, answer.text
    return owner


async def start(
    desk: Desk, shop: Shop, token: str | None = None, key: str | None = None, **body: Any
) -> httpx.Response:
    headers = dict(shop.site)
    if token is not None:
        headers["X-Visitor-Token"] = token
    if key is not None:
        headers["Idempotency-Key"] = key
    path = f"/api/widgets/{shop.widget}/voice/start"
    return await desk.http.post(path, json={"sessionId": "session_abc123"} | body, headers=headers)


async def report(desk: Desk, owner: dict[str, str], chat: str, **body: Any) -> httpx.Response:
    return await desk.http.post(f"{CHATS}/{chat}/call", json=body, headers=owner)


async def released(desk: Desk, shop: Shop, count: int = 0) -> None:
    """Until so many numbers of the shop are taken."""
    async with asyncio.timeout(5):
        while True:
            async with desk.store.database.tenant(shop.tenant_id) as connection:
                cursor = await connection.execute("SELECT count(*) FROM voice.lease WHERE released_at IS NULL")
                if await cursor.fetchone() == (count,):
                    return
            await asyncio.sleep(0.01)


async def test_a_start_answers_a_conversation_and_a_number(desk: Desk, shop: Shop) -> None:
    owner = await enable(desk, shop, FIRST)
    answer = await start(desk, shop)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body | {"conversationId": "", "visitorToken": ""} == {
        "success": True,
        "conversationId": "",
        "assistantId": wire("assistant", shop.assistant_id or UUID(int=0)),
        "phoneNumber": FIRST,
        "visitorToken": "",
    }
    await desk.fold()
    shown = (await desk.http.get(f"{CHATS}/{body['conversationId']}", headers=owner)).json()
    assert (shown["channel"], shown["call"]["status"], shown["call"]["phoneNumber"]) == ("voice", "started", FIRST)
    listed = await desk.http.get("/api/v1/chat/agent/conversations?channel=voice", headers=owner)
    assert [one["id"] for one in listed.json()["data"]] == [body["conversationId"]]


async def test_a_tenant_that_has_not_enabled_it_answers_404(desk: Desk, shop: Shop) -> None:
    answer = await start(desk, shop)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "voice_not_enabled")
    assert answer.json()["success"] is False
    owner = await enable(desk, shop, FIRST)
    assert (await desk.http.put(VOICE, json={"prefixes": ["+1416"]}, headers=owner)).status_code == 200
    before = await shop.head()
    assert (await start(desk, shop)).status_code == 404
    assert await shop.head() == before


async def test_a_repeat_with_one_key_is_the_same_call_also_after_its_end(desk: Desk, shop: Shop) -> None:
    owner = await enable(desk, shop, FIRST, SECOND)
    first = await start(desk, shop, key="k")
    chat, token = first.json()["conversationId"], first.json()["visitorToken"]
    before = await shop.head()
    again = await start(desk, shop, key="k")
    assert again.json()["conversationId"] == chat
    assert again.headers["Idempotent-Replayed"] == "true"
    assert await shop.head() == before
    mine = await start(desk, shop, token, key="mine")  # it still rings
    assert (mine.json()["conversationId"], mine.json()["phoneNumber"]) == (chat, FIRST)
    assert (await report(desk, owner, chat, status="ended")).status_code == 200
    await released(desk, shop)
    assert (await start(desk, shop, key="k")).json()["conversationId"] == chat
    other = await start(desk, shop, key="k", assistantId=wire("assistant", UUID(int=1)))
    assert (other.status_code, other.json()["error"]["code"]) == (409, "idempotency_mismatch")


async def test_while_a_call_rings_or_runs_the_same_visitor_gets_that_one(desk: Desk, shop: Shop) -> None:
    owner = await enable(desk, shop, FIRST, SECOND)
    first = (await start(desk, shop)).json()
    chat, token = first["conversationId"], first["visitorToken"]
    for status in ("ringing", "answered"):
        assert (await report(desk, owner, chat, status=status)).status_code == 200
        again = await start(desk, shop, token)
        assert (again.json()["conversationId"], again.json()["phoneNumber"]) == (chat, FIRST)
    assert (await report(desk, owner, chat, status="ended")).status_code == 200
    later = (await start(desk, shop, token)).json()  # at once, whether or not the policy was there before
    assert later["conversationId"] != chat
    assert later["phoneNumber"] == SECOND  # the one that rested longest


async def test_starts_of_one_visitor_at_once_are_one_call(desk: Desk, shop: Shop) -> None:
    await enable(desk, shop, FIRST, SECOND)
    _, visitor_headers = await shop.thread()
    token = visitor_headers["Authorization"].removeprefix("Bearer ")
    answers = await asyncio.gather(*(start(desk, shop, token) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["conversationId"] for answer in answers}) == 1
    assert {answer.json()["phoneNumber"] for answer in answers} == {FIRST}
    await released(desk, shop, 1)


async def test_all_numbers_taken_is_a_503_that_says_when(desk: Desk, shop: Shop) -> None:
    owner = await enable(desk, shop, FIRST)
    first = await start(desk, shop)
    before = await shop.head()
    busy = await start(desk, shop)
    assert (busy.status_code, busy.json()["error"]["code"]) == (503, "no_number_free")
    assert int(busy.headers["Retry-After"]) > 0
    assert await shop.head() == before
    await report(desk, owner, first.json()["conversationId"], status="ended")
    await released(desk, shop)
    assert (await start(desk, shop)).status_code == 200


async def test_a_session_is_needed_and_an_assistant_must_be_ones_own(
    desk: Desk, shop: Shop, other_shop: Shop
) -> None:
    await enable(desk, shop, FIRST)
    missing = await start(desk, shop, sessionId=" ")
    assert (missing.status_code, missing.json()["error"]["code"]) == (400, "missing_session")
    foreign = await start(desk, shop, assistantId=wire("assistant", other_shop.assistant_id or UUID(int=0)))
    absent = await start(desk, shop, assistantId=wire("assistant", UUID(int=1)))
    assert foreign.status_code == absent.status_code == 404
    assert foreign.json()["error"]["code"] == absent.json()["error"]["code"] == "not_found"
    await released(desk, shop)  # the number is nobody's
    assert (await start(desk, shop)).status_code == 200


async def test_a_blocked_visitor_gets_no_number(desk: Desk, shop: Shop) -> None:
    owner = await enable(desk, shop, FIRST)
    chat, visitor_headers = await shop.thread()
    await desk.fold()
    contact = (await desk.http.get(f"{CHATS}/{chat}", headers=owner)).json()["contact_data"]["id"]
    await desk.http.post(f"/api/v1/chat/visitors/{contact}/block", json={"reason": "fraud"}, headers=owner)
    refused = await start(desk, shop, visitor_headers["Authorization"].removeprefix("Bearer "))
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "visitor_blocked")
    await released(desk, shop)


async def test_the_plans_seconds_are_held_metered_and_refused_when_there_are_none_left(
    desk: Desk, shop: Shop, database_url: str
) -> None:
    owner = await enable(desk, shop, FIRST, SECOND, longestCall=60)
    await desk.http.put("/api/v1/usage/limits", json={"voiceSeconds": 100}, headers=owner)

    async def meter() -> tuple[int, int]:
        await desk.fold()
        told = (await desk.http.get("/api/v1/usage", headers=owner)).json()["meters"]["voiceSeconds"]
        return told["used"], told["remaining"]

    first = (await start(desk, shop)).json()["conversationId"]
    second = (await start(desk, shop)).json()["conversationId"]  # holds 60, and the 40 that are left
    await report(desk, owner, first, status="answered")
    await report(desk, owner, first, status="ended", seconds=37)
    await report(desk, owner, first, status="ended", seconds=99)
    assert await meter() == (37, 63)
    await report(desk, owner, second, status="answered")
    await report(desk, owner, second, status="ended", seconds=63)
    assert await meter() == (100, 0)
    await released(desk, shop)
    before = await shop.head()
    refused = await start(desk, shop)
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "usage_limit_exceeded")
    details = refused.json()["error"]["details"]
    assert (details["meter"], details["limit"]) == ("voice_seconds", 100)
    assert datetime.fromisoformat(details["resetAt"]) > datetime.now(UTC)
    assert await shop.head() == before
    await released(desk, shop)
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT used FROM usage.counter WHERE meter = 'voice_seconds'").fetchall() == [
            (100,)
        ]
        assert connection.execute("SELECT count(*) FROM usage.reservation").fetchall() == [(0,)]


async def test_calls_under_way_hold_what_the_plan_has_left(desk: Desk, shop: Shop) -> None:
    owner = await enable(desk, shop, FIRST, SECOND, longestCall=60)
    await desk.http.put("/api/v1/usage/limits", json={"voiceSeconds": 60}, headers=owner)
    assert (await start(desk, shop)).status_code == 200
    assert (await start(desk, shop)).status_code == 429
    await released(desk, shop, 1)


@cases("role", ["supervisor", "agent", "analyst", "auditor"])
async def test_only_owners_and_admins_configure_it(desk: Desk, shop: Shop, role: Any) -> None:
    answer = await desk.http.put(VOICE, json={"enabled": True}, headers=await shop.member(role))
    assert answer.status_code == 403


@cases(
    ("body", "code"),
    [
        ({"numbers": ["4165550101"], "prefixes": ["+1"]}, "invalid_request"),
        ({"numbers": [FIRST, FIRST], "prefixes": ["+1"]}, "invalid_request"),
        ({"numbers": [FIRST]}, "prefix_refused"),
        ({"numbers": [FIRST], "prefixes": ["+44"]}, "prefix_refused"),
        ({"numbers": ["+19005550101"], "prefixes": ["+1"]}, "prefix_refused"),
        ({"numbers": ["+97912345678"], "prefixes": ["+979"]}, "prefix_refused"),
        ({"prefixes": ["+"]}, "invalid_request"),
        ({"longestCall": 59}, "invalid_request"),
        ({"longestCall": 14401}, "invalid_request"),
        ({"provider": "twilio"}, "invalid_request"),
        ({"provider": "carrier_pigeon"}, "invalid_request"),
    ],
)
async def test_numbers_are_e164_within_the_prefixes(
    desk: Desk, shop: Shop, body: dict[str, Any], code: str
) -> None:
    owner = await shop.member("owner")
    before = await shop.head()
    answer = await desk.http.put(VOICE, json=body, headers=owner)
    assert answer.json()["error"]["code"] == code
    assert await shop.head() == before


async def test_the_same_settings_again_record_nothing_and_the_token_never_comes_out(
    desk: Desk, shop: Shop, other_shop: Shop
) -> None:
    token = "t" * 32
    twilio = {"provider": "twilio", "accountSid": "AC" + "a" * 32, "forwardTo": SECOND}
    owner = await enable(desk, shop, FIRST, **twilio, authToken=token)
    before = await shop.head()
    body = {"enabled": True, "numbers": [FIRST], "prefixes": ["+1416"], **twilio}
    for again in (body | {"authToken": token}, body):
        answer = await desk.http.put(VOICE, json=again, headers=owner)
        assert answer.json()["hasAuthToken"] is True
        assert token not in answer.text
    assert await shop.head() == before
    told = await desk.http.get(VOICE, headers=owner)
    assert told.json()["accountSid"] == "AC" + "a" * 32
    assert token not in told.text
    events = await desk.http.get("/api/v1/events", headers=await shop.member("analyst"))
    assert "voice.configured.1" in events.text
    assert token not in events.text
    stranger = await desk.http.get(VOICE, headers=await other_shop.member("owner"))
    assert (stranger.json()["numbers"], stranger.json()["hasAuthToken"]) == ([], False)


async def test_a_call_that_nobody_dials_is_missed_and_left_to_humans(desk: Desk, shop: Shop) -> None:
    owner = await enable(desk, shop, FIRST)
    chat = (await start(desk, shop)).json()["conversationId"]
    command, actor = EndOverdueCall(conversation_id=parse("conversation", chat)), system(shop.tenant_id)
    before = await shop.head()
    await desk.do(actor, command)  # too early
    assert await shop.head() == before
    later = CommandBus(desk.store, HANDLERS, lambda: now() + timedelta(seconds=DIAL_SECONDS), uuid7)
    for _ in range(2):
        await later.execute(actor, command)
    assert await shop.head() == before + 2
    await desk.fold()
    shown = (await desk.http.get(f"{CHATS}/{chat}", headers=owner)).json()
    assert (shown["call"]["status"], shown["call"]["reason"], shown["call"]["seconds"]) == ("ended", "missed", 0)
    assert shown["handledBy"] == "queue"
    desk.react(await desk.store.reader.raw_stream(shop.tenant_id, command.conversation_id))
    await released(desk, shop)
