"""Suggested replies and summaries: for agents, never posted, their provenance kept."""

from __future__ import annotations

import asyncio

import pytest

from application.ports import Answer
from domain.generation import GenerationRecorded, SourceUsed, Trace
from domain.ids import parse
from tests.interfaces.http.desk import Desk, Shop

CHAT = "/api/v1/chat/conversations"


async def asked_about(desk: Desk, shop: Shop, text: str = "Hello") -> str:
    """A conversation whose reply the assistant owes: it was asked for, and never comes."""
    id, _ = await shop.thread(text)
    async with asyncio.timeout(5):
        while not desk.model.asked:
            await asyncio.sleep(0.01)
    return id


@pytest.mark.parametrize(("path", "purpose"), [("suggest", "suggestion"), ("summary", "summary")])
async def test_what_is_written_is_not_posted_but_kept(desk: Desk, shop: Shop, path: str, purpose: str) -> None:
    id = await asked_about(desk, shop, "Where is my parcel?")
    source = SourceUsed(parse("conversation", id), "ab" * 32)
    desk.will_answer(Answer("On <b>its</b> way.", trace=Trace(model="m", prompt_tokens=5, sources=(source,))))
    before = await shop.head()
    agent = await shop.member()
    written = await desk.http.post(f"{CHAT}/{id}/{path}", headers=agent)
    assert written.status_code == 200, written.text
    assert (written.json()["text"], written.json()["model"], written.json()["tokens"]) == ("On its way.", "m", 5)
    events = [one.event for one in await desk.store.reader.tenant_page(shop.tenant_id, before)]
    kept = [event for event in events if isinstance(event, GenerationRecorded)]
    assert [(one.purpose, one.outcome, one.text, one.by.kind) for one in kept] == [
        (purpose, "suggested", "On its way.", "agent")
    ]
    assert not [event for event in events if event.TYPE.startswith("conversation.")]
    assert [one.purpose for one in desk.model.asked] == ["reply", purpose]


async def test_a_repeat_with_one_key_asks_once(desk: Desk, shop: Shop) -> None:
    id = await asked_about(desk, shop)
    headers = await shop.member() | {"Idempotency-Key": "k"}
    desk.will_answer(Answer("One"), Answer("Two"))
    first, again = [await desk.http.post(f"{CHAT}/{id}/suggest", headers=headers) for _ in range(2)]
    assert first.json() == again.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(desk.model.asked) == 2


async def test_a_model_that_fails_is_told_as_such_and_kept(desk: Desk, shop: Shop) -> None:
    id = await asked_about(desk, shop)
    desk.will_answer(Answer("fallback", hand_over="assistant_failed", trace=Trace(fault="HTTP 500")))
    refused = await desk.http.post(f"{CHAT}/{id}/suggest", headers=await shop.member())
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "assistant_unavailable")
    last = (await desk.store.reader.tenant_page(shop.tenant_id, 0))[-1].event
    assert isinstance(last, GenerationRecorded)
    assert (last.outcome, last.trace.fault, last.text) == ("failed", "HTTP 500", None)


async def test_where_nobody_wrote_there_is_nothing_to_suggest(desk: Desk, shop: Shop) -> None:
    id, _ = await shop.thread(None)
    refused = await desk.http.post(f"{CHAT}/{id}/suggest", headers=await shop.member())
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "nothing_said")
