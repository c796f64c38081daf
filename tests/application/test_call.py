"""Commands about calls and about voice: each does it, refuses it, stays quiet when nothing is to do."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from application.actor import system
from application.call import CallIsTracked, EndOverdueCall, ReportCall, StartCall
from application.due import due_of
from application.voice import ConfigureVoice
from domain.call import DIAL_SECONDS, CallEnded, CallStarted, CallTranscribed
from domain.conversation import ConversationStarted
from domain.handling import HandedOver
from domain.phone import PrefixRefused
from domain.refusals import Forbidden, Invalid, NotFound
from domain.voice import Provider, VoiceConfigured, VoiceSettings
from tests.support.house import ADMIN, ASSISTANT, STRANGER, TENANT, VISITING, WIDGET, House, agent

CHAT = UUID(int=0xF1)
SYSTEM = system(TENANT)
NUMBER = "+14165550101"
SETTINGS = VoiceSettings(enabled=True, numbers=(NUMBER,), prefixes=("+1416",))


def starting(provider: Provider = "pool", **facts: object) -> StartCall:
    whole = {"conversation_id": CHAT, "contact_id": VISITING.by.id, "widget_id": WIDGET, "session_id": "s"} | facts
    return StartCall(phone_number=NUMBER, provider=provider, longest=600, **whole)  # pyright: ignore[reportArgumentType]


def reporting(**facts: object) -> ReportCall:
    return ReportCall(conversation_id=CHAT, **facts)  # pyright: ignore[reportArgumentType]


@pytest.fixture
async def house() -> House:
    opened = House()
    await opened.open()
    return opened


async def test_a_call_and_its_conversation_start_in_one_append(house: House) -> None:
    receipt = await house.do(VISITING, starting())
    kinds = [type(event) for event in receipt.events]
    assert kinds[-2:] == [ConversationStarted, CallStarted]
    started = receipt.events[-2]
    assert isinstance(started, ConversationStarted)
    assert (started.channel, started.assistant_id, started.session_id) == ("voice", ASSISTANT, "s")
    assert not (await house.do(VISITING, starting())).events


async def test_nobody_starts_a_call_for_somebody_else(house: House) -> None:
    with pytest.raises(NotFound):
        await house.do(VISITING, starting(contact_id=STRANGER))
    with pytest.raises(NotFound):
        await house.do(VISITING, starting(assistant_id=UUID(int=1)))
    with pytest.raises(Forbidden):
        await house.do(agent(), starting())


async def test_reports_move_the_call_on_and_again_say_nothing(house: House) -> None:
    await house.do(VISITING, starting())
    for status, count in (("ringing", 1), ("answered", 1), ("ended", 1), ("ringing", 0), ("answered", 0)):
        for wanted in (count, 0):
            assert len((await house.do(agent(), reporting(status=status))).events) == wanted
    with pytest.raises(Invalid):
        await house.do(agent(), reporting(status="started"))


async def test_a_call_of_a_provider_is_the_providers_to_report(house: House) -> None:
    await house.do(VISITING, starting("twilio"))
    with pytest.raises(CallIsTracked):
        await house.do(agent(), reporting(status="ended"))
    assert (await house.do(SYSTEM, reporting(status="ended"))).events


async def test_there_is_nothing_to_report_on_a_chat(house: House) -> None:
    chat = await house.chat()
    for command in (ReportCall(conversation_id=chat, status="ended"), EndOverdueCall(conversation_id=chat)):
        with pytest.raises(NotFound):
            await house.do(SYSTEM, command)


async def test_whom_nobody_spoke_to_is_left_to_humans_and_whom_somebody_did_is_not(house: House) -> None:
    await house.do(VISITING, starting())
    assert not (await house.do(SYSTEM, EndOverdueCall(conversation_id=CHAT))).events
    house.later(seconds=DIAL_SECONDS)
    events = (await house.do(SYSTEM, EndOverdueCall(conversation_id=CHAT))).events
    assert [type(event) for event in events] == [CallEnded, HandedOver]
    other = {"conversation_id": UUID(int=0xF2)}
    await house.do(VISITING, starting(**other))
    told = ReportCall(conversation_id=other["conversation_id"], status="ended", seconds=5)
    assert [type(event) for event in (await house.do(agent(), told)).events] == [CallEnded]


async def test_card_numbers_in_a_transcript_are_masked(house: House) -> None:
    await house.do(VISITING, starting())
    receipt = await house.do(agent(), reporting(transcript="My card is 4111 1111 1111 1111."))
    (event,) = receipt.events
    assert isinstance(event, CallTranscribed)
    assert "4111 1111" not in str(event.text)
    assert not (await house.do(agent(), reporting(transcript="My card is 4111 1111 1111 1111."))).events


async def test_a_call_has_a_clock_of_its_own(house: House) -> None:
    receipt = await house.do(VISITING, starting())
    stored = await house.log.read(TENANT, 1, receipt.seq)
    (due,) = [found for one in stored if (found := due_of(one)) is not None]
    assert (due.kind, due.at) == ("call", house.now + timedelta(seconds=DIAL_SECONDS))
    assert due.clock == (TENANT, CHAT, True)


async def test_voice_is_configured_once(house: House) -> None:
    (event,) = (await house.do(ADMIN, ConfigureVoice(settings=SETTINGS))).events
    assert isinstance(event, VoiceConfigured)
    assert not (await house.do(ADMIN, ConfigureVoice(settings=SETTINGS))).events
    with pytest.raises(Forbidden):
        await house.do(agent(), ConfigureVoice(settings=VoiceSettings()))


async def test_a_token_stays_until_there_is_another_one(house: House) -> None:
    (event,) = (await house.do(ADMIN, ConfigureVoice(settings=SETTINGS, secret_id=CHAT))).events
    assert isinstance(event, VoiceConfigured)
    (event,) = (await house.do(ADMIN, ConfigureVoice(settings=VoiceSettings()))).events
    assert isinstance(event, VoiceConfigured)
    assert event.secret_id == CHAT


@pytest.mark.parametrize(
    ("settings", "refusal"),
    [
        (VoiceSettings(numbers=(NUMBER,)), PrefixRefused),
        (VoiceSettings(numbers=("+4930123456",), prefixes=("+1",)), PrefixRefused),
        (VoiceSettings(forward_to="+88212345678", prefixes=("+882",)), PrefixRefused),
        (VoiceSettings(numbers=("911",), prefixes=("+1",)), Invalid),
        (VoiceSettings(provider="twilio", prefixes=("+1",)), Invalid),
        (VoiceSettings(account="AC1"), Invalid),
        (VoiceSettings(longest_call=0), Invalid),
        (VoiceSettings(prefixes=("1",)), Invalid),
        (VoiceSettings(prefixes=tuple(f"+1{n:03}" for n in range(101))), Invalid),
    ],
)
async def test_settings_that_cost_too_much_or_make_no_sense_are_refused(
    house: House, settings: VoiceSettings, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        await house.do(ADMIN, ConfigureVoice(settings=settings))
