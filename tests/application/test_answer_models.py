"""Which model answers, and that an answer always comes."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from application.answer_models import AnswerModels
from application.ports import Answer, Hear, Question, Turn, unheard
from domain.assistant import Persona

FALLBACK = ("Wait for a colleague.", "assistant_failed")


class Says:
    def __init__(self, text: str) -> None:
        self.text = text

    def serves(self, persona: Persona) -> bool:
        return persona.model is not None

    async def answer(self, question: Question, hear: Hear = unheard) -> Answer:
        return Answer(self.text)


class Breaks(Says):
    async def answer(self, question: Question, hear: Hear = unheard) -> Answer:
        raise RuntimeError(question.turns[-1].text)


class Hangs(Says):
    async def answer(self, question: Question, hear: Hear = unheard) -> Answer:
        await asyncio.Event().wait()
        raise AssertionError


def question(model: str | None) -> Question:
    persona = Persona(name="Ada", model=model, fallback="Wait for a colleague.")
    return Question(7, persona, (Turn("visitor", "a secret"),))


async def test_a_persona_with_a_model_is_answered_by_it() -> None:
    models = AnswerModels(Says("quoted"), Says("generated"))
    assert (await models.answer(question("m"))).text == "generated"


async def test_a_persona_without_one_is_answered_from_the_knowledge_base() -> None:
    models = AnswerModels(Says("quoted"), Says("generated"))
    assert (await models.answer(question(None))).text == "quoted"


async def test_a_bug_in_a_model_is_logged_and_a_human_takes_over(caplog: pytest.LogCaptureFixture) -> None:
    models = AnswerModels(Breaks(""), Says("generated"))
    answer = await models.answer(question(None))
    assert (answer.text, answer.hand_over) == FALLBACK
    assert answer.trace.fault == "RuntimeError"
    assert "RuntimeError at test_answer_models.py" in caplog.text
    assert "a secret" not in caplog.text


async def test_a_model_that_never_answers_is_given_up() -> None:
    models = AnswerModels(Says("quoted"), Hangs(""), deadline=0.01)
    answer = await models.answer(question("m"))
    assert (answer.text, answer.hand_over) == FALLBACK
    assert answer.trace.fault == "TimeoutError"


async def test_an_answer_says_which_persona_it_was_and_how_long_it_took() -> None:
    asked = msgspec.structs.replace(question(None), persona_version=3)
    trace = (await AnswerModels(Says("quoted"), Says("")).answer(asked)).trace
    assert trace.persona_version == 3
    assert 0 <= trace.latency_ms < 1_000


async def test_being_stopped_is_not_a_failure_of_the_model() -> None:
    answering = asyncio.create_task(AnswerModels(Says(""), Hangs("")).answer(question("m")))
    await asyncio.sleep(0)
    answering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await answering
