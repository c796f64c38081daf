"""Whatever a model does: one outcome, a human gets it, nothing is lost, within the time that a visitor waits."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import pytest

from domain.conversation import AssistantReplied, MessagePosted
from domain.generation import GenerationRecorded
from domain.handling import HandedOver
from tests.infrastructure.assistant_scene import PERSONA, Scene, Shelves, open_scene
from tests.support.model_server import (
    Behaviour,
    ModelServer,
    answers,
    begins,
    calls,
    cuts,
    fails,
    hangs,
    never_ends,
    running_model_server,
    says,
    streams,
)

FAULTS: dict[str, Behaviour] = {
    "hangs before its headers": hangs,
    "hangs in the middle": begins("You may", then=hangs),
    "500": fails(500),
    "429 with Retry-After": fails(429, "Retry-After: 3600\r\n"),
    "401": fails(401),
    "malformed JSON": answers(b'{"choices":[{"mess'),
    "no choices": answers(b'{"choices":[]}'),
    "cut in the middle of a body": cuts,
    "cut in the middle of a stream": streams("You ", "may", ends=False),
    "an error in the stream": begins("Y", then=lambda one: one.send(b'data: {"error":{"message":"x"}}\n\n')),
    "arguments that are no JSON": calls("create_note", '{"text":'),
    "a tool that there is not": calls("delete_everything", "{}"),
    "tools without end": calls("search_knowledge", '{"query":"x"}'),
    "no words": says(""),
    "a body without end": never_ends,
    "50 MB": answers(b'{"choices":[{"message":{"content":"' + b"x" * 50_000_000 + b'"}}]}'),
}


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with running_model_server() as running:
        yield running


def expect_one_hand_over(scene: Scene, visitors_words: str) -> None:
    events = [one.event for one in scene.log.recorded]
    posted = [event for event in events if isinstance(event, MessagePosted)]
    replies = [event for event in events if isinstance(event, AssistantReplied)]
    handed = [event for event in events if isinstance(event, HandedOver)]
    kept = [event for event in events if isinstance(event, GenerationRecorded)]
    assert [one.text for one in posted] == [visitors_words]
    assert [(one.text, one.model) for one in replies] == [(PERSONA.fallback, None)]
    assert [(one.reason, one.after.handled_by) for one in handed] == [("assistant_failed", "queue")]
    assert [one.outcome for one in kept] == ["failed"]
    assert kept[0].trace.fault is not None
    assert kept[0].message_id == replies[0].message_id


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_ends_in_one_hand_over(server: ModelServer, fault: str) -> None:
    server.will(FAULTS[fault])
    async with open_scene(server.url, Shelves({})) as scene:
        await scene.model._completions.ready()  # pyright: ignore[reportPrivateUsage]  # loading is no fault
        await scene.house.chat("Where is my parcel?")
        began = time.monotonic()
        await scene.react()
        await scene.react()
        assert time.monotonic() - began < 5
        expect_one_hand_over(scene, "Where is my parcel?")


async def test_nobody_listening_ends_in_one_hand_over() -> None:
    async with open_scene("http://127.0.0.1:1/v1", Shelves({})) as scene:
        await scene.house.chat("Hello?")
        await scene.react()
        expect_one_hand_over(scene, "Hello?")


async def test_words_without_end_are_cut_to_what_a_message_holds(server: ModelServer) -> None:
    server.will(says("word " * 10_000))
    async with open_scene(server.url, Shelves({})) as scene:
        await scene.house.chat("Hello?")
        await scene.react()
        replies = [one.event for one in scene.log.recorded if isinstance(one.event, AssistantReplied)]
        assert len(replies) == 1
        assert 9_990 < len(str(replies[0].text)) <= 10_000
