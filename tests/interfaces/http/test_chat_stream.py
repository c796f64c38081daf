"""Family A as a stream: the words while they are made, then the same JSON."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from application.ports import Answer, Hear, Question, unheard
from domain.conversation import AssistantReplied, MessagePosted
from infrastructure.embedded.nats import NatsServer
from tests.interfaces.http.desk import FALLBACK, Desk, Shop, open_desk

STREAM = {"Accept": "text/event-stream"}


class Speaker:
    """Says its words piece by piece, each when the test lets it, then answers."""

    def __init__(self, *pieces: str) -> None:
        self.pieces = pieces
        self.let = asyncio.Event()
        self.script: list[Answer] = []
        self.asked: list[Question] = []

    async def answer(self, question: Question, hear: Hear = unheard) -> Answer:
        self.asked.append(question)
        for number in range(1, len(self.pieces) + 1):
            hear("".join(self.pieces[:number]))
            await asyncio.sleep(0.05)  # longer than the pace of frames
        await self.let.wait()
        return Answer("".join(self.pieces), model="m", tokens=7)


def events_in(text: str) -> list[tuple[str, Any]]:
    """(name, data) of each event."""
    blocks = [block.split("\n") for block in text.split("\n\n") if block.startswith("event: ")]
    return [(name.removeprefix("event: "), msgspec.json.decode(data[6:])) for name, data in blocks]


def spoken(events: list[tuple[str, Any]]) -> str:
    """What a browser shows that follows the deltas."""
    shown = ""
    for name, data in events:
        if name == "delta":
            shown = shown[: data["offset"]] + data["text"]
    return shown


async def test_the_words_come_while_they_are_made_then_the_same_json(desk: Desk, shop: Shop) -> None:
    desk.model = Speaker("Within ", "30 ", "days.")  # pyright: ignore[reportAttributeAccessIssue]
    desk.model.let.set()  # pyright: ignore[reportAttributeAccessIssue]
    answer = await shop.say("Returns?", STREAM, clientMessageId="one")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = events_in(answer.text)
    assert [name for name, _ in events].count("done") == 1
    assert events[-1][0] == "done"
    assert len(events) > 2
    assert spoken(events) == "Within 30 days."
    again = (await shop.say("Returns?", clientMessageId="one")).json()
    assert events[-1][1] | {"visitorToken": ""} == again | {"visitorToken": ""}


async def test_an_answer_that_nobody_streamed_is_one_delta(desk: Desk, shop: Shop) -> None:
    desk.will_answer(Answer("Hello!"))
    events = events_in((await shop.say("Hi", STREAM)).text)
    assert [name for name, _ in events] == ["delta", "done"]
    assert events[0][1] == {"offset": 0, "text": "Hello!"}


async def test_a_repeat_is_told_the_first_answer_and_asks_nobody(desk: Desk, shop: Shop) -> None:
    desk.will_answer(Answer("One"))
    first = events_in((await shop.say("Hi", STREAM, clientMessageId="k")).text)
    again = await shop.say("Hi", STREAM, clientMessageId="k")
    assert again.headers["Idempotent-Replayed"] == "true"
    assert events_in(again.text)[-1][1]["message"] == first[-1][1]["message"] == "One"
    assert len(desk.model.asked) == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [({"message": ""}, 400), ({"conversationId": "cnv_" + "0" * 32}, 404), ({"assistantId": "ast_1"}, 404)],
)
async def test_a_refusal_is_no_stream(shop: Shop, body: dict[str, str], status: int) -> None:
    message = body.pop("message", "Hi")
    answer = await shop.say(message, STREAM, **body)
    assert answer.status_code == status
    assert answer.json()["success"] is False


async def test_a_model_that_is_too_slow_ends_the_stream_with_the_fallback(
    database_url: str, nats_server: NatsServer
) -> None:
    async with open_desk(database_url, nats_server.url, reply_timeout=0.2) as desk:
        shop = await desk.shop()
        events = events_in((await shop.say("Hello", STREAM)).text)
    done = events[-1][1]
    assert (done["message"], done["handledBy"], done["metadata"]["model"]) == (FALLBACK, "queue", None)
    assert spoken(events) == FALLBACK


async def test_who_is_cut_off_finds_the_one_reply_finished(desk: Desk, shop: Shop) -> None:
    speaker = Speaker("Within ", "30 days.")
    desk.model = speaker  # pyright: ignore[reportAttributeAccessIssue]
    asking = asyncio.create_task(shop.say("Returns?", STREAM, clientMessageId="cut"))
    async with asyncio.timeout(5):
        while not speaker.asked:
            await asyncio.sleep(0.01)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    speaker.let.set()
    again = (await shop.say("Returns?", clientMessageId="cut")).json()
    assert (again["message"], again["metadata"]["model"]) == ("Within 30 days.", "m")
    events = [one.event for one in await desk.store.reader.tenant_page(shop.tenant_id, 0)]
    assert sum(isinstance(event, AssistantReplied) for event in events) == 1
    assert sum(isinstance(event, MessagePosted) for event in events) == 1
    assert len(speaker.asked) == 1


async def test_two_streams_at_once_do_not_hear_each_other(desk: Desk, shop: Shop) -> None:
    class Echo:
        async def answer(self, question: Question, hear: Hear = unheard) -> Answer:
            words = f"You said {question.turns[-1].text} to me."
            for end in range(4, len(words), 4):
                hear(words[:end])
                await asyncio.sleep(0.02)
            return Answer(words)

    desk.model = Echo()  # pyright: ignore[reportAttributeAccessIssue]
    answers = await asyncio.gather(*(shop.say(f"word{number}", STREAM) for number in range(5)))
    for number, answer in enumerate(answers):
        assert f"word{number} " in spoken(events_in(answer.text))
        assert sum(f"word{other}" in answer.text for other in range(5)) == 1
