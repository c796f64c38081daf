"""AnswerModels: which model answers for a persona, and the promise that an answer always comes."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Protocol

from msgspec.structs import replace

from application.fault import fault
from application.ports import Answer, AnswerModel, Hear, Question, unheard
from domain.assistant import Persona
from domain.generation import Trace

DEADLINE = 25.0
"""Seconds within which a visitor hears something, whatever a model does."""

_log = logging.getLogger("verbatim.assistant")


class GeneratingModel(AnswerModel, Protocol):
    """An AnswerModel that needs a model's name and somebody to ask."""

    def serves(self, persona: Persona) -> bool: ...


class AnswerModels:
    """Itself an AnswerModel: `generating` for the personas that it serves, `quoting` for all others."""

    def __init__(self, quoting: AnswerModel, generating: GeneratingModel, deadline: float = DEADLINE) -> None:
        self._quoting = quoting
        self._generating = generating
        self._deadline = deadline

    async def answer(self, question: Question, hear: Hear = unheard) -> Answer:
        """Never raises: what a model does not foresee is logged, and a human takes over.

        The one place where a model is asked, whatever for; the answer's `trace` says what it cost.
        """
        began = time.monotonic()
        answer = await self._answer(question, hear)
        took = round((time.monotonic() - began) * 1_000)
        trace = replace(answer.trace, persona_version=question.persona_version, latency_ms=took)
        return replace(answer, trace=trace)

    async def _answer(self, question: Question, hear: Hear) -> Answer:
        model = self._generating if self._generating.serves(question.persona) else self._quoting
        try:
            async with asyncio.timeout(self._deadline):
                return await model.answer(question, hear)
        except Exception as error:
            # Not swallowed: a bug is logged as one, and still no visitor may wait for ever.
            _log.error("tenant %s: the assistant failed: %s", question.tenant_id, fault(error))
            return failed(question, Trace(fault=type(error).__name__))


def failed(question: Question, trace: Trace) -> Answer:
    """The persona's own words for "not now", and a human. `trace` says why, and what it cost all the same."""
    return Answer(question.persona.fallback, hand_over="assistant_failed", trace=trace)
