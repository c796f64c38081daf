"""LanguageModel: answers through a model that speaks OpenAI's protocol, grounded in the knowledge base."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from typing import Any

from application.answer_models import failed
from application.cited_answers import citations_of, last_asked, sources_of
from application.ports import Answer, Hear, KnowledgeSearch, Question, unheard
from domain.answer_text import marked_sources, repeats, safe_words, without_marks
from domain.assistant import Persona
from domain.generation import Trace
from domain.values import MESSAGE_LENGTH, NAME_LENGTH, UNSTORABLE
from infrastructure.assistant_prompt import rules_of, said, system_prompt
from infrastructure.assistant_tools import Toolbox
from infrastructure.breaker import Breakers
from infrastructure.chat_completions import ChatCompletions, Prompt
from infrastructure.completion import Completion, Message, ModelFailed, Usage
from infrastructure.egress import Egress

SOURCES = 4
"""Passages of the knowledge base that the model is shown at once."""
ROUNDS = 4
"""How often a model is asked for one answer: after each but the last it may use tools."""

_log = logging.getLogger("verbatim.assistant")


class LanguageModel:
    """An AnswerModel. Whatever the provider does, there is an answer within the deadline."""

    def __init__(
        self,
        knowledge: KnowledgeSearch,
        *,
        url: str | None = None,
        key: str | None = None,
        model: str | None = None,
        deadline: float = 20.0,
        breakers: Breakers | None = None,
        egress: Egress | None = None,
    ) -> None:
        """`url`, `key`, `model`: the installation's own, used where a persona names none."""
        self._knowledge = knowledge
        self._model = model
        self._has_provider = (url or key) is not None
        self._deadline = deadline
        self._completions = ChatCompletions(url, key, deadline, egress or Egress())
        self._breakers = breakers or Breakers()

    def serves(self, persona: Persona) -> bool:
        """True where a model and somebody to ask are known for this persona."""
        named = persona.model or self._model
        return named is not None and (persona.base_url is not None or self._has_provider)

    async def answer(self, question: Question, hear: Hear = unheard) -> Answer:
        """A failure is the persona's fallback and a hand-over, never an exception of the provider."""
        asking = _Asking(question, self._completions, self._knowledge, hear, question.persona.model or self._model)
        breaker = self._breakers.of(question.tenant_id, question.persona.base_url)
        if not breaker.permits():
            return asking.failed("left alone")
        try:
            await self._completions.ready()
            async with asyncio.timeout(self._deadline):
                answer = await asking.answer()
        except (ModelFailed, TimeoutError) as error:
            reason = str(error) or type(error).__name__
            _log.warning("tenant %s: no answer of the model: %s", question.tenant_id, reason)
            is_sick = not isinstance(error, ModelFailed) or error.is_provider_sick
            breaker.failed() if is_sick else breaker.succeeded()
            return asking.failed(reason)
        except BaseException:
            breaker.abandoned()
            raise
        breaker.succeeded()
        return answer

    async def close(self) -> None:
        await self._completions.close()


class _Asking:
    """One question on its way: the rounds of it, and what they cost so far."""

    def __init__(
        self,
        question: Question,
        completions: ChatCompletions,
        knowledge: KnowledgeSearch,
        hear: Hear,
        model: str | None,
    ) -> None:
        self._question = question
        self._completions = completions
        self._knowledge = knowledge
        self._hear = hear
        self._model = model or ""
        self._tools = Toolbox(question, knowledge, ())
        self._prompt_hash: str | None = None
        self._prompt_tokens = self._completion_tokens = self._rounds = 0

    async def answer(self) -> Answer:
        """Raises ModelFailed."""
        question = self._question
        limit = 0 if question.purpose == "summary" else SOURCES
        asked = last_asked(question)
        passages = await self._knowledge.search(question.tenant_id, asked, limit) if limit else ()
        self._tools = Toolbox(question, self._knowledge, passages)
        system = system_prompt(question, passages)
        self._prompt_hash = hashlib.sha256(system.encode()).hexdigest()
        messages: list[dict[str, Any]] = [{"role": "system", "content": system}, *said(question)]
        while self._rounds < ROUNDS:
            completion = await self._round(messages)
            message = completion.choices[0].message
            if not message.tool_calls:
                return self._answer(completion, message)
            messages += [_asked(message), *await self._tools.use(message.tool_calls)]
            if self._tools.hand_over is not None:
                return self._answer(completion, message)
        raise ModelFailed("tools without end", is_provider_sick=False)

    def failed(self, reason: str) -> Answer:
        return failed(self._question, self._trace(None, reason))

    async def _round(self, messages: list[dict[str, Any]]) -> Completion:
        persona = self._question.persona
        prompt = Prompt(self._model, messages, self._tools.schemas, persona.temperature)
        self._rounds += 1
        completion = await self._completions.complete(persona.base_url, prompt, self._hear)
        used = completion.usage or Usage()
        self._prompt_tokens += used.prompt_tokens
        self._completion_tokens += max(used.completion_tokens, used.total_tokens - used.prompt_tokens)
        return completion

    def _answer(self, completion: Completion, message: Message) -> Answer:
        question, tools = self._question, self._tools
        raw = UNSTORABLE.sub("", message.content or "")
        text = safe_words(without_marks(raw), question.persona.link_hosts)[:MESSAGE_LENGTH].strip()
        if not text and tools.hand_over is None:
            raise ModelFailed("no words", is_provider_sick=False)
        if repeats(raw, rules_of(question), question.persona.instructions):
            raise ModelFailed("gave its instructions away", is_provider_sick=False)
        shown = tools.passages
        cited = [shown[number - 1] for number in marked_sources(raw) if 0 < number <= len(shown)]
        model = (UNSTORABLE.sub("", completion.model or "") or self._model)[:NAME_LENGTH] or None
        return Answer(
            text=text or question.persona.fallback,
            model=model,
            tokens=self._prompt_tokens + self._completion_tokens,
            citations=citations_of(cited),
            hand_over=tools.hand_over,
            notes=tuple(tools.notes),
            lead=tools.lead,
            trace=self._trace(model, None),
            arguments=tools.arguments,
        )

    def _trace(self, model: str | None, fault: str | None) -> Trace:
        return Trace(
            prompt_hash=self._prompt_hash,
            model=model,
            sources=sources_of(self._tools.passages),
            calls=tuple(self._tools.uses),
            prompt_tokens=self._prompt_tokens,
            completion_tokens=self._completion_tokens,
            rounds=self._rounds,
            fault=fault,
        )


def _asked(message: Message) -> dict[str, Any]:
    """What the model asked its tools for, back to it: the protocol wants to be reminded."""
    calls = [
        {
            "id": one.id,
            "type": "function",
            "function": {"name": one.function.name, "arguments": one.function.arguments},
        }
        for one in message.tool_calls or ()
    ]
    return {"role": "assistant", "content": message.content, "tool_calls": calls}
