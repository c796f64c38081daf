"""What a webhook is sent of an event: one body, in the form it asked for, with who did it."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from application.actor import Actor, system
from application.campaign_sending import ReportProgress
from application.contact import NoteContact
from application.conversation import PostMessage
from application.log import Recorded
from domain.campaign_progress import Counts, Progress
from domain.kernel import By
from domain.webhook import Subscription
from infrastructure.webhooks.delivery import Attempt
from interfaces.webhook_metrics import WebhookMetrics
from interfaces.webhook_payload import payload_of
from tests.support.house import ADMIN, VISITOR, House
from tests.support.memory_log import MemoryLog
from tests.support.stamps import NEW_YEAR

BOT = Actor(7, By("integration", UUID(int=5)), "admin", frozenset(["conversations:write"]))


@pytest.fixture
async def recorded() -> list[Recorded]:
    """A visitor writes, a bot answers, an agent notes on the conversation and on the contact."""
    log = MemoryLog()
    house = House(log)
    chat = await house.chat("Where is it?", with_assistant=False)
    await house.say(chat, "On its way.", BOT)
    await house.do(ADMIN, PostMessage(conversation_id=chat, text="Again!", private=True))
    await house.do(ADMIN, NoteContact(contact_id=VISITOR, text="Impatient."))
    return list(log.recorded)


def sent(recorded: list[Recorded], *events: str, **more: Any) -> list[dict[str, Any]]:
    wanted = Subscription("https://shop.test", events, **more)
    payloads = [payload for one in recorded if (payload := payload_of(one, wanted)) is not None]
    return [json.loads(payload.body) for payload in payloads]


async def test_a_bot_tells_its_own_words_by_who_said_them(recorded: list[Recorded]) -> None:
    asked, answered = sent(recorded, "message:new")
    assert (asked["by"]["kind"], asked["data"]["role"], asked["data"]["text"]) == (
        "visitor", "visitor", "Where is it?",
    )  # fmt: skip
    assert answered["by"] == {"kind": "integration", "id": f"key_{5:032x}"}


async def test_an_event_is_sent_once_as_the_frame_where_both_forms_are_asked_for(recorded: list[Recorded]) -> None:
    types = [one["type"] for one in sent(recorded, "message:new", "conversation.*")]
    assert types == ["conversation.started.1", "message:new", "message:new"]


async def test_an_event_by_its_type_is_what_the_feed_shows(recorded: list[Recorded]) -> None:
    [started] = sent(recorded, "conversation.started.1")
    assert {"type", "seq", "eventId", "at", "by", "data", "stream", "version", "cause"} <= started.keys()


async def test_notes_leave_only_where_they_are_asked_for(recorded: list[Recorded]) -> None:
    words = json.dumps(sent(recorded, "*", "message:new"))
    assert "Again!" not in words
    assert "Impatient." not in words
    words = json.dumps(sent(recorded, "*", "message:new", private_notes=True))
    assert "Again!" in words
    assert "Impatient." in words


async def test_without_personal_data_nobodys_words_leave(recorded: list[Recorded]) -> None:
    for events in (("message:new", "conversation:*"), ("*",)):
        words = json.dumps(sent(recorded, *events, personal_data=False, private_notes=True))
        assert words.count('"text": null') >= 2
        assert not [text for text in ("Where is it?", "On its way.", "Again!", "Impatient.") if text in words]


def test_attempts_are_counted_by_the_class_of_their_answer() -> None:
    registry = CollectorRegistry()
    metrics = WebhookMetrics(registry)
    for code in (200, 204, 503, None):
        metrics.attempted(Attempt(NEW_YEAR, 0.1, code=code))
    text = generate_latest(registry).decode()
    for line in ('{answer="2xx"} 2.0', '{answer="5xx"} 1.0', '{answer="none"} 1.0'):
        assert f"verbatim_webhook_attempts_total{line}" in text
    assert "verbatim_webhook_seconds_count 4.0" in text


async def test_a_campaigns_progress_is_sent_as_the_frame_of_the_socket() -> None:
    log = MemoryLog()
    progress = Progress("one_off", "running", Counts(total=4, sent=1), as_of=1, started_at=NEW_YEAR)
    await House(log).do(system(7), ReportProgress(campaign_id=UUID(int=9), progress=progress))
    [told] = sent(list(log.recorded), "campaign:progress")
    assert (told["type"], told["data"]["campaignId"], told["data"]["percent"]) == (
        "campaign:progress", f"cmp_{9:032x}", 25.0,
    )  # fmt: skip
