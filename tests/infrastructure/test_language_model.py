"""The language model's adapter: the real `openai` client against a server that speaks its protocol."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Sequence
from uuid import UUID

import msgspec
import pytest

from application.ports import Answer, Lead, Passage, Question, Turn
from domain.assistant import Persona
from domain.conversation import Citation
from domain.generation import Trace
from infrastructure.breaker import Breaker, Breakers
from infrastructure.egress import Egress
from infrastructure.language_model import LanguageModel
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
    streams_call,
)

RETURNS = Passage(UUID(int=1), "Returns", "You may return an item within 30 days.", 1.0)
SHIPPING = Passage(UUID(int=2), "Shipping", "A parcel takes three days.", 0.9)
FALLBACK = Answer("A colleague will take over.", hand_over="assistant_failed")


def plain(answer: Answer) -> Answer:
    """Without what is noted about it."""
    return msgspec.structs.replace(answer, trace=Trace(), arguments=None)


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
        deadline=2.0,
        breakers=Breakers(lambda: Breaker(failures=100)),
        egress=Egress(allow_private=True),
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
    assert plain(await model.answer(question())) == Answer("Within 30 days.", model="small-2", tokens=99)


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
    "unknown tool, again and again": calls("delete_everything", "{}"),
    "arguments that are no JSON": calls("search_knowledge", '{"query":'),
    "tools without end": calls("search_knowledge", '{"query":"jackets"}'),
    "a stream that is cut": streams("You ", "may", ends=False),
    "a stream that stands still": begins("You ", then=hangs),
    "a stream of something else": begins("You ", then=lambda exchange: exchange.send(b"data: <html>\n\n")),
    "an error in the stream": begins(
        "You ", then=lambda exchange: exchange.send(b'data: {"error":{"message":"overloaded"}}\n\n')
    ),
    "a stream without words": streams(),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_is_the_fallback_and_a_human_within_the_deadline(
    server: ModelServer, model: LanguageModel, fault: str
) -> None:
    await model.answer(question())  # the first use imports the client
    server.will(FAULTS[fault])
    began = time.monotonic()
    assert plain(await model.answer(question())) == FALLBACK
    assert time.monotonic() - began < 4.0


async def test_nobody_listening_is_a_fault_too() -> None:
    model = LanguageModel(Shelf(), url="http://127.0.0.1:1/v1", deadline=1.0)
    assert plain(await model.answer(question())) == FALLBACK
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
    model = LanguageModel(
        Shelf(),
        url="http://127.0.0.1:1/v1",
        key="sk-house",
        deadline=1.0,
        egress=Egress(allow_private=True),
    )
    answer = await model.answer(question(base_url=server.url))
    assert answer.text == "Hello."
    assert b"sk-house" not in msgspec.json.encode(server.exchanges[0].headers)
    await model.close()


async def test_a_provider_that_keeps_failing_is_left_alone(server: ModelServer) -> None:
    breakers = Breakers(lambda: Breaker(failures=2))
    model = LanguageModel(Shelf(), url=server.url, deadline=1.0, breakers=breakers)
    server.will(answers(b"<html>"))
    for _ in range(3):
        assert plain(await model.answer(question())) == FALLBACK
    assert len(server.exchanges) == 2
    await model.close()


async def test_a_refused_request_says_nothing_against_the_provider(server: ModelServer) -> None:
    model = LanguageModel(Shelf(), url=server.url, deadline=1.0, breakers=Breakers(lambda: Breaker(failures=1)))
    server.will(fails(400), says("Fine."))
    assert plain(await model.answer(question())) == FALLBACK
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


async def test_a_stream_is_heard_while_it_comes(server: ModelServer, model: LanguageModel) -> None:
    heard: list[str] = []
    server.will(streams("Within ", "30 ", "days."))
    answer = await model.answer(question(), heard.append)
    assert (answer.text, answer.model, answer.tokens) == ("Within 30 days.", "test-model", 42)
    assert heard[:3] == ["Within ", "Within 30 ", "Within 30 days."]


async def test_the_knowledge_base_may_be_searched_before_answering(
    server: ModelServer, model: LanguageModel
) -> None:
    server.will(streams_call("search_knowledge", '{"que', 'ry":"shipping"}'), streams("Three days [source 2]."))
    answer = await model.answer(question())
    assert (answer.text, answer.citations) == ("Three days.", (Citation(UUID(int=2), "Shipping"),))
    told = server.exchanges[1].body["messages"][-2:]
    assert told[0]["tool_calls"][0]["function"] == {
        "name": "search_knowledge",
        "arguments": '{"query":"shipping"}',
    }
    assert (told[1]["role"], told[1]["tool_call_id"]) == ("tool", "call_1")


async def test_what_a_model_wants_done_is_written_on_its_answer(server: ModelServer, model: LanguageModel) -> None:
    server.will(
        calls("qualify_lead", '{"why":"Wants 50 chairs, left an address","score":80}'),
        calls("create_note", '{"text":"Asks for a discount."}'),
        says("I have noted it."),
    )
    answer = await model.answer(question())
    assert (answer.lead, answer.notes) == (
        Lead("Wants 50 chairs, left an address", 80),
        ("Asks for a discount.",),
    )
    assert [(one.name, one.is_refused) for one in answer.trace.calls] == [
        ("qualify_lead", False),
        ("create_note", False),
    ]
    assert (answer.trace.rounds, answer.tokens) == (3, 126)


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("search_knowledge", '{"query":"x","tenantId":"tnt_2"}'),
        ("qualify_lead", '{"why":"x","conversationId":"cnv_1"}'),
        ("create_note", '{"text":"x","visitorId":"vis_1"}'),
        ("create_note", '{"text":"<b></b>"}'),
        ("qualify_lead", '{"why":"x","score":101}'),
    ],
)
async def test_a_tool_that_is_told_whose_it_is_refuses(
    server: ModelServer, model: LanguageModel, tool: str, arguments: str
) -> None:
    server.will(calls(tool, arguments), says("Well."))
    answer = await model.answer(question())
    assert [(one.name, one.is_refused) for one in answer.trace.calls] == [(tool, True)]
    assert (answer.lead, answer.notes) == (None, ())


async def test_no_tool_has_a_parameter_for_a_tenant_a_visitor_or_a_conversation(
    server: ModelServer, model: LanguageModel
) -> None:
    await model.answer(question())
    tools = {one["function"]["name"]: one["function"]["parameters"] for one in server.exchanges[0].body["tools"]}
    assert {name: sorted(one["properties"]) for name, one in tools.items()} == {
        "search_knowledge": ["query"],
        "qualify_lead": ["score", "why"],
        "hand_over": ["reason"],
        "create_note": ["text"],
    }
    assert all(one["additionalProperties"] is False for one in tools.values())


async def test_a_tool_that_the_persona_does_not_allow_is_not_there(
    server: ModelServer, model: LanguageModel
) -> None:
    asked = question()
    persona = msgspec.structs.replace(asked.persona, tools=("hand_over",), temperature=0.5, languages=("de",))
    server.will(calls("create_note", '{"text":"x"}'), says("Ja."))
    answer = await model.answer(msgspec.structs.replace(asked, persona=persona))
    assert answer.notes == ()
    body = server.exchanges[0].body
    assert [one["function"]["name"] for one in body["tools"]] == ["hand_over"]
    assert body["temperature"] == 0.5
    assert "Write only in: de." in server.system_prompt


async def test_what_an_answer_rests_on_is_noted(server: ModelServer, model: LanguageModel) -> None:
    server.will(says("Within 30 days."))
    trace = (await model.answer(question())).trace
    hashes = [hashlib.sha256(one.text.encode()).hexdigest() for one in (RETURNS, SHIPPING)]
    assert [one.hash for one in trace.sources] == hashes
    assert trace.prompt_hash == hashlib.sha256(server.system_prompt.encode()).hexdigest()
    assert (trace.model, trace.prompt_tokens, trace.completion_tokens) == ("test-model", 40, 2)


async def test_an_answer_that_failed_says_why_and_what_it_cost(server: ModelServer, model: LanguageModel) -> None:
    server.will(says(""))
    trace = (await model.answer(question())).trace
    assert (trace.fault, trace.prompt_tokens, trace.completion_tokens) == ("no words", 40, 2)


async def test_the_house_rules_never_come_out(server: ModelServer, model: LanguageModel) -> None:
    await model.answer(question())
    server.will(says("My orders: " + server.system_prompt))
    answer = await model.answer(question())
    assert plain(answer) == FALLBACK
    assert answer.trace.fault == "gave its instructions away"


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:9", "https://127.0.0.1:9", "https://10.0.0.1", "https://[::1]"]
)
async def test_an_address_of_a_persona_that_leads_into_our_network_is_not_asked(
    server: ModelServer, address: str
) -> None:
    model = LanguageModel(Shelf(), url="http://127.0.0.1:1/v1", deadline=5.0)
    for url in (address, server.url):
        assert plain(await model.answer(question(base_url=url))) == FALLBACK
    assert server.exchanges == []
    await model.close()
