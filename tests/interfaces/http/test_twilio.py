"""Calls over Twilio: a start prepares the number, signed callbacks move the call on, and nothing else does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from infrastructure.embedded.nats import NatsServer
from infrastructure.voice.twilio import callbacks
from tests.interfaces.http.desk import ORIGIN, Desk, Shop, open_desk
from tests.interfaces.http.test_voice_start import CHATS, VOICE, report, start
from tests.support.cases import cases
from tests.support.twilio_server import ACCOUNT, TOKEN, Trouble, TwilioServer, call_back, twilio_running

FIRST, SECOND, TEAM = "+14165550101", "+14165550102", "+14165550199"
CALLER = "+14165550777"
OTHER_TOKEN = "f" * 32


@pytest.fixture
async def twilio() -> AsyncIterator[TwilioServer]:
    async with twilio_running(FIRST, SECOND) as server:
        yield server


@pytest.fixture
async def desk(database_url: str, nats_server: NatsServer, twilio: TwilioServer) -> AsyncIterator[Desk]:
    async with open_desk(database_url, nats_server.url, twilio_url=twilio.url) as opened:
        yield opened


async def enable(desk: Desk, shop: Shop, *numbers: str, **more: Any) -> dict[str, str]:
    owner = await shop.member("owner")
    account = {"provider": "twilio", "accountSid": ACCOUNT, "authToken": TOKEN, "forwardTo": TEAM}
    body = {"enabled": True, "numbers": numbers or (FIRST,), "prefixes": ["+1416"]} | account | more
    answer = await desk.http.put(VOICE, json=body, headers=owner)
    assert answer.status_code == 200, answer.text
    return owner


class Caller:
    """A visitor's call as Twilio sees it."""

    def __init__(self, desk: Desk, shop: Shop, sid: str = "CA1", to: str = FIRST, origin: str = CALLER) -> None:
        self.desk = desk
        self.urls = callbacks(ORIGIN, shop.tenant_id)
        self.form = {"CallSid": sid, "To": to, "From": origin}

    async def dials(self, **more: str) -> httpx.Response:
        return await call_back(
            self.desk.http, self.urls["VoiceUrl"], **self.form | {"CallStatus": "ringing"} | more
        )

    async def says(self, status: str, number: int, **more: str) -> httpx.Response:
        form = self.form | {"CallStatus": status, "SequenceNumber": str(number)} | more
        return await call_back(self.desk.http, self.urls["StatusCallback"], **form)

    async def leg_says(self, status: str, number: int) -> httpx.Response:
        leg = {"CallSid": f"{self.form['CallSid']}-leg", "ParentCallSid": self.form["CallSid"], "To": TEAM}
        return await self.says(status, number, **leg, From=FIRST)


async def shown(desk: Desk, owner: dict[str, str], chat: str) -> dict[str, Any]:
    await desk.fold()
    return (await desk.http.get(f"{CHATS}/{chat}", headers=owner)).json()["call"]


async def test_a_call_from_ringing_to_its_transcript(desk: Desk, shop: Shop, twilio: TwilioServer) -> None:
    owner = await enable(desk, shop, record=True, longestCall=600)
    begun = (await start(desk, shop)).json()
    assert begun["phoneNumber"] == FIRST
    assert (
        twilio.number(FIRST)["voice_url"]
        == f"{ORIGIN}/api/v1/voice/providers/twilio/incoming?tenant={shop.tenant}"
    )
    caller, chat = Caller(desk, shop), begun["conversationId"]
    dial = await caller.dials()
    assert dial.status_code == 200, dial.text
    assert dial.headers["content-type"].startswith("application/xml")
    for part in (f">{TEAM}</Number>", 'timeLimit="600"', "record-from-answer-dual", "answerOnBridge"):
        assert part in dial.text
    assert (await shown(desk, owner, chat))["status"] == "ringing"
    assert (await caller.leg_says("ringing", 1)).status_code == 204
    assert (await caller.leg_says("in-progress", 2)).status_code == 204
    answered = await shown(desk, owner, chat)
    assert (answered["status"], answered["answeredAt"] is not None, answered["seconds"]) == (
        "answered",
        True,
        None,
    )
    assert (await caller.leg_says("completed", 3)).status_code == 204  # the visitor's own call tells the seconds
    assert (await caller.says("completed", 1, CallDuration="61")).status_code == 204
    recording = {
        "RecordingSid": "RE1",
        "RecordingUrl": "https://api.twilio.test/RE1",
        "RecordingStatus": "completed",
    }
    url = callbacks(ORIGIN, shop.tenant_id)["StatusCallback"]
    assert (await call_back(desk.http, url, CallSid="CA1", **recording)).status_code == 204
    words = {"TranscriptionSid": "TR1", "TranscriptionText": "Hello, it is about my invoice."}
    assert (await call_back(desk.http, url, CallSid="CA1", **words)).status_code == 204
    ended = await shown(desk, owner, chat)
    assert (ended["status"], ended["reason"], ended["seconds"]) == ("ended", "completed", 61)
    assert ended["recordingUrl"] == "https://api.twilio.test/RE1"
    assert ended["transcript"] == "Hello, it is about my invoice."
    used = (await desk.http.get("/api/v1/usage", headers=owner)).json()["meters"]["voiceSeconds"]["used"]
    assert used == 61
    own = await desk.http.get(f"{CHATS}/{chat}", headers={"Authorization": f"Bearer {begun['visitorToken']}"})
    assert "invoice" not in own.text
    assert "RE1" not in own.text
    said = await desk.http.get(f"/api/v1/audit/conversations/{chat}", headers=owner)
    for sentence in (f"started a call over {FIRST}", "had the call answered", "ended the call after 61 s"):
        assert sentence in said.text


async def test_what_comes_again_or_late_or_out_of_order_changes_nothing(desk: Desk, shop: Shop) -> None:
    owner = await enable(desk, shop)
    chat = (await start(desk, shop)).json()["conversationId"]
    caller = Caller(desk, shop)
    await caller.dials()
    await caller.leg_says("in-progress", 2)
    await caller.says("completed", 3, CallDuration="20")
    before = await shop.head()
    for _ in range(2):
        await caller.dials()
        await caller.leg_says("ringing", 1)
        await caller.leg_says("in-progress", 2)
        await caller.says("completed", 3, CallDuration="20")
        await caller.says("completed", 4, CallDuration="4000")
        await caller.says("no-answer", 5)
    assert await shop.head() == before
    assert (await shown(desk, owner, chat))["seconds"] == 20


async def test_the_same_callback_many_times_at_once_is_one_event(desk: Desk, shop: Shop) -> None:
    await enable(desk, shop)
    await start(desk, shop)
    before = await shop.head()
    answers = await asyncio.gather(*(Caller(desk, shop).dials() for _ in range(8)))
    assert {"<Dial" in answer.text for answer in answers} == {True}
    assert await shop.head() == before + 1


async def test_a_forged_callback_stores_nothing_and_learns_nothing(
    desk: Desk, shop: Shop, other_shop: Shop
) -> None:
    owner = await enable(desk, shop)
    chat = (await start(desk, shop)).json()["conversationId"]
    before, form = await shop.head(), Caller(desk, shop).form | {"CallStatus": "completed", "CallDuration": "9"}
    urls = callbacks(ORIGIN, shop.tenant_id)
    for url in (urls["StatusCallback"], urls["VoiceUrl"]):
        elsewhere = url.replace(shop.tenant, other_shop.tenant)
        unsigned = await desk.http.post(url, data={"AccountSid": ACCOUNT} | form)
        foreign = {"AccountSid": "AC" + "b" * 32}
        refused = [
            unsigned,
            await call_back(desk.http, url, token=OTHER_TOKEN, **form),
            await call_back(desk.http, url, signed=elsewhere, **form),
            await call_back(desk.http, url, signed=f"{url}&x=1", **form),
            await call_back(desk.http, elsewhere, **form),
            await call_back(desk.http, url.partition("?")[0], **form),
            await call_back(desk.http, url.replace(shop.tenant, "tnt_9999999999"), **form),
            await call_back(desk.http, url.replace(shop.tenant, "nonsense"), **form),
            await call_back(desk.http, url, **form | foreign),
            await desk.http.post(url, json=form, headers={"X-Twilio-Signature": "x"}),
            await desk.http.post(url, content=b"\xff\x00", headers={b"X-Twilio-Signature": "ü".encode()}),
        ]
        assert [answer.status_code for answer in refused] == [401] * len(refused)
        assert {answer.json()["error"]["code"] for answer in refused} == {"signature_invalid"}
    tampered = await desk.http.post(
        urls["StatusCallback"],
        data={"AccountSid": ACCOUNT} | form | {"CallDuration": "1"},
        headers={"X-Twilio-Signature": unsigned.request.headers.get("x-twilio-signature", "AAAA")},
    )
    assert tampered.status_code == 401
    assert await shop.head() == before
    assert (await shown(desk, owner, chat))["status"] == "started"


async def test_another_tenants_number_and_call_are_as_if_they_were_not_there(
    desk: Desk, shop: Shop, other_shop: Shop
) -> None:
    await enable(desk, shop)
    await enable(desk, other_shop, SECOND, authToken=OTHER_TOKEN)
    await start(desk, shop)
    mine = Caller(desk, shop)
    await mine.dials()
    before, others = await shop.head(), await other_shop.head()
    url = callbacks(ORIGIN, other_shop.tenant_id)["StatusCallback"]
    bodies: set[str] = set()
    for form in (
        mine.form | {"CallStatus": "completed", "CallDuration": "9"},
        mine.form | {"CallSid": "CA2", "CallStatus": "completed"},
        {"CallSid": "CA-nobodys", "To": "+14165550000", "From": CALLER, "CallStatus": "completed"},
        {"CallSid": "CA1", "RecordingUrl": "https://x.test/1"},
        {"CallStatus": "completed"},
    ):
        answer = await call_back(desk.http, url, token=OTHER_TOKEN, **form)
        assert answer.status_code == 404
        bodies.add(answer.text.replace(answer.json()["error"]["requestId"], ""))
    assert len(bodies) == 1
    assert (await shop.head(), await other_shop.head()) == (before, others)


@cases("origin", ["+97912345678", "+4930123456", "+19005550101", "anonymous", ""])
async def test_a_caller_from_elsewhere_is_rejected_and_the_number_stays_the_visitors(
    desk: Desk, shop: Shop, origin: str
) -> None:
    await enable(desk, shop)
    await start(desk, shop)
    before = await shop.head()
    answer = await Caller(desk, shop, "CA9", origin=origin).dials()
    assert "<Reject/>" in answer.text
    assert (await Caller(desk, shop, "CA9", origin=origin).says("completed", 1)).status_code == 404
    assert await shop.head() == before
    assert "<Dial" in (await Caller(desk, shop, "CA1").dials()).text


async def test_who_dials_a_number_that_waits_for_nobody_is_rejected(desk: Desk, shop: Shop) -> None:
    await enable(desk, shop)
    assert "<Reject/>" in (await Caller(desk, shop).dials()).text
    await start(desk, shop)
    assert "<Dial" in (await Caller(desk, shop).dials()).text
    assert "<Reject/>" in (await Caller(desk, shop, "CA2").dials()).text  # it is taken


async def test_agents_do_not_say_how_a_providers_call_goes(desk: Desk, shop: Shop) -> None:
    owner = await enable(desk, shop)
    chat = (await start(desk, shop)).json()["conversationId"]
    before = await shop.head()
    answer = await report(desk, owner, chat, status="ended", seconds=0)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "call_is_tracked")
    assert await shop.head() == before


async def test_a_call_nobody_picks_up_is_missed_and_left_to_humans(desk: Desk, shop: Shop) -> None:
    owner = await enable(desk, shop)
    chat = (await start(desk, shop)).json()["conversationId"]
    caller = Caller(desk, shop)
    await caller.dials()
    await caller.says("no-answer", 1, CallDuration="0")
    call = await shown(desk, owner, chat)
    assert (call["status"], call["reason"], call["seconds"]) == ("ended", "missed", 0)
    assert (await desk.http.get(f"{CHATS}/{chat}", headers=owner)).json()["handledBy"] == "queue"


@pytest.mark.parametrize(
    "trouble",
    [
        Trouble(500),
        Trouble(429),
        Trouble(401),
        Trouble(302),
        Trouble(200, b"<html>nonsense</html>"),
        Trouble(200, b'{"incoming_phone_numbers":[{"sid":1}]}'),
        Trouble(200, b"\xff\xfe"),
        Trouble(200, b"[" * 100_000),
        Trouble(200, b"x" * 300_000),
        Trouble(hangs=True),
    ],
    ids=lambda trouble: f"{trouble.status}-{trouble.body[:12]!r}-{trouble.hangs}",
)
async def test_a_twilio_that_fails_costs_nothing_and_keeps_no_number(
    desk: Desk, shop: Shop, twilio: TwilioServer, trouble: Trouble
) -> None:
    await enable(desk, shop)
    before = await shop.head()
    twilio.troubles = [trouble]
    answer = await start(desk, shop, key="k")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "line_unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    assert TOKEN not in answer.text
    assert await shop.head() == before
    assert (await start(desk, shop, key="k")).json()["phoneNumber"] == FIRST


async def test_a_number_that_is_not_the_accounts_is_not_given_out(desk: Desk, shop: Shop) -> None:
    await enable(desk, shop, "+14165550555", FIRST)
    answers = [await start(desk, shop) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 503]


async def test_a_twilio_that_keeps_failing_is_left_alone_for_a_while(
    desk: Desk, shop: Shop, twilio: TwilioServer
) -> None:
    await enable(desk, shop)
    twilio.troubles = [Trouble(500)] * 5
    for _ in range(6):
        assert (await start(desk, shop)).status_code == 503
    assert len(twilio.asked) == 5


async def test_a_number_that_points_here_already_is_not_changed_again(
    desk: Desk, shop: Shop, twilio: TwilioServer
) -> None:
    await enable(desk, shop)
    await start(desk, shop)
    await Caller(desk, shop).dials()
    await Caller(desk, shop).says("canceled", 1)
    async with asyncio.timeout(5):
        while (await start(desk, shop)).status_code != 200:
            await asyncio.sleep(0.01)
    assert [method for method, _ in twilio.asked] == ["GET", "POST", "GET"]
