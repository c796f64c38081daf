"""The language model's adapter: the real `openai` client against a server that speaks its protocol."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from uuid import UUID

import msgspec
import pytest

from application.ports import Answer, Passage, Question, Turn
from domain.assistant import Persona
from domain.conversation import Citation
from infrastructure.breaker import Breaker, Breakers
from infrastructure.language_model import LanguageModel
from tests.support.model_server import (
    Behaviour,
    ModelServer,
    answers,
    calls,
    cuts,
    fails,
    hangs,
    never_ends,
    running_model_server,
    says,
)

RETURNS = Passage(UUID(int=1), "Returns", "You may return an item within 30 days.", 1.0)
SHIPPING = Passage(UUID(int=2), "Shipping", "A parcel takes three days.", 0.9)
FALLBACK = Answer("A colleague will take over.", hand_over="assistant_failed")


class Shelf:
    """A knowledge base of two passages that fit everything."""

    async def search(self, tenant_id: int, text: str, limit: int) -> Sequence[Passage]:
        return [RETURNS, SHIPPING][:limit]


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with running_model_server() as running:
        yield running


@pytest.fixture
async def model(server: ModelServer) -> AsyncIterator[LanguageModel]:
    adapter = LanguageModel(
        Shelf(),
        url=server.url,
        key="sk-house",
        deadline=1.0,
        breakers=Breakers(lambda: Breaker(failures=100)),
    )
    yield adapter
    await adapter.close()


def question(text: str = "How do I return a jacket?", base_url: str | None = None) -> Question:
    persona = Persona(
        name="Ada",
        instructions="Be kind.",
        model="small",
        base_url=base_url,
        fallback="A colleague will take over.",
    )
    return Question(7, persona, (Turn("assistant", "Hello."), Turn("agent", "Hi."), Turn("visitor", text)))


async def test_the_answer_names_its_model_and_tokens(server: ModelServer, model: LanguageModel) -> None:
    server.will(says("Within 30 days.", model="small-2", tokens=99))
    assert await model.answer(question()) == Answer("Within 30 days.", model="small-2", tokens=99)


async def test_the_model_is_asked_with_instructions_sources_and_turns(
    server: ModelServer, model: LanguageModel
) -> None:
    await model.answer(question())
    exchange = server.exchanges[0]
    assert exchange.path == "/v1/chat/completions"
    assert exchange.headers["authorization"] == "Bearer sk-house"
    assert exchange.body["model"] == "small"
    assert server.system_prompt.startswith("Be kind.\n\nYou are Ada")
    assert "[source 1] Returns\nYou may return an item within 30 days." in server.system_prompt
    assert [one["role"] for one in exchange.body["messages"]] == ["system", "assistant", "assistant", "user"]


async def test_the_sources_it_names_become_citations_and_leave_the_text(
    server: ModelServer, model: LanguageModel
) -> None:
    server.will(says("Three days [source 2]. Or 30 [sources 1, 2], see list[1] [source 9]."))
    answer = await model.answer(question())
    assert answer.text == "Three days. Or 30, see list[1]."
    assert answer.citations == (Citation(UUID(int=2), "Shipping"), Citation(UUID(int=1), "Returns"))


async def test_the_model_may_ask_for_a_human(server: ModelServer, model: LanguageModel) -> None:
    server.will(calls("hand_over", '{"reason":"complaint"}', "I am sorry."))
    answer = await model.answer(question())
    assert (answer.text, answer.hand_over, answer.model) == ("I am sorry.", "complaint", "test-model")


@pytest.mark.parametrize("arguments", ['{"reason":"Anna Smith is angry"}', "{not json", ""])
async def test_a_reason_that_is_not_on_the_list_reads_other(
    server: ModelServer, model: LanguageModel, arguments: str
) -> None:
    server.will(calls("hand_over", arguments))
    answer = await model.answer(question())
    assert (answer.text, answer.hand_over) == ("A colleague will take over.", "other")


FAULTS: dict[str, Behaviour] = {
    "no byte": hangs,
    "500": fails(500),
    "429 for an hour": fails(429, "Retry-After: 3600\r\n"),
    "wrong key": fails(401),
    "no such model": fails(404),
    "cut in the middle": cuts,
    "no end": never_ends,
    "far too long": answers(b" " * 2_000_000 + b'{"choices":[{"message":{"content":"Hi"}}]}'),
    "not JSON": answers(b"<html>"),
    "not UTF-8": answers(b'{"choices":[{"message":{"content":"\xff"}}]}'),
    "no choice": answers(b'{"choices":[]}'),
    "other shape": answers(b'{"choices":[{"message":{"content":{"a":1}}}]}'),
    "empty": says(""),
    "nothing": says(None),
    "blank": says(" \n\x00"),
    "unknown tool": calls("delete_everything", "{}"),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_is_the_fallback_and_a_human_within_the_deadline(
    server: ModelServer, model: LanguageModel, fault: str
) -> None:
    await model.answer(question())  # the first use imports the client
    server.will(FAULTS[fault])
    began = time.monotonic()
    assert await model.answer(question()) == FALLBACK
    assert time.monotonic() - began < 2.0


async def test_nobody_listening_is_a_fault_too() -> None:
    model = LanguageModel(Shelf(), url="http://127.0.0.1:1/v1", deadline=1.0)
    assert await model.answer(question()) == FALLBACK
    await model.close()


async def test_one_transient_error_is_tried_again(server: ModelServer, model: LanguageModel) -> None:
    server.will(fails(503, "Retry-After-Ms: 1\r\n"), says("Here."))
    assert (await model.answer(question())).text == "Here."


async def test_words_that_no_column_can_hold_are_made_storable(server: ModelServer, model: LanguageModel) -> None:
    server.will(says("a\x00b" + "x" * 20_000))
    answer = await model.answer(question())
    assert answer.text.startswith("abx")
    assert len(answer.text) == 10_000


async def test_the_house_key_never_goes_to_an_address_of_a_persona(server: ModelServer) -> None:
    model = LanguageModel(Shelf(), url="http://127.0.0.1:1/v1", key="sk-house", deadline=1.0)
    answer = await model.answer(question(base_url=server.url))
    assert answer.text == "Hello."
    assert b"sk-house" not in msgspec.json.encode(server.exchanges[0].headers)
    await model.close()


async def test_a_provider_that_keeps_failing_is_left_alone(server: ModelServer) -> None:
    breakers = Breakers(lambda: Breaker(failures=2))
    model = LanguageModel(Shelf(), url=server.url, deadline=1.0, breakers=breakers)
    server.will(answers(b"<html>"))
    for _ in range(3):
        assert await model.answer(question()) == FALLBACK
    assert len(server.exchanges) == 2
    await model.close()


async def test_a_refused_request_says_nothing_against_the_provider(server: ModelServer) -> None:
    model = LanguageModel(Shelf(), url=server.url, deadline=1.0, breakers=Breakers(lambda: Breaker(failures=1)))
    server.will(fails(400), says("Fine."))
    assert await model.answer(question()) == FALLBACK
    assert (await model.answer(question())).text == "Fine."
    await model.close()


async def test_a_cancelled_question_ends_at_once(server: ModelServer, model: LanguageModel) -> None:
    server.will(hangs)
    asking = asyncio.create_task(model.answer(question()))
    await server.asked.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking


@pytest.mark.parametrize(
    ("persona", "serves"),
    [
        (Persona(name="a", model="m"), True),
        (Persona(name="a"), False),
        (Persona(name="a", base_url="http://x/v1"), False),
    ],
)
def test_a_persona_without_a_model_is_not_served(persona: Persona, serves: bool) -> None:
    assert LanguageModel(Shelf(), key="k").serves(persona) is serves


def test_without_anybody_to_ask_no_model_is_served_but_ones_own() -> None:
    nobody = LanguageModel(Shelf(), model="house")
    assert not nobody.serves(Persona(name="a", model="m"))
    assert nobody.serves(Persona(name="a", base_url="http://x/v1"))
