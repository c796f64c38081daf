"""CitedAnswers: answers without a language model, by quoting the tenant's knowledge base word for word."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from uuid import UUID

from application.ports import Answer, Hear, KnowledgeSearch, Passage, Question, unheard
from application.visitor_intent import asks_who_answers, is_greeting, is_thanks, wants_human
from domain.assistant import Persona
from domain.conversation import Citation
from domain.generation import SourceUsed, Trace

QUOTED = 2
"""Passages in one answer at most; the second only where it fits nearly as well."""
NEARLY = 0.8
QUOTE = 300
"""Characters of a chunk that a citation repeats, at most; its hash is over all of it."""
DIGESTED = 500
"""Characters of a message in a summary."""

_PASSED_ON = "I am passing you on to a colleague."
_NOTHING = "I found nothing about that in our help pages. A colleague will take over."
_WELCOME = "You are welcome."
_CLOSING = "This is an automatic answer from our help pages. You can ask for a human at any time."


class CitedAnswers:
    """An AnswerModel. Says nothing that an article does not say; where none fits, a human takes over."""

    def __init__(self, knowledge: KnowledgeSearch) -> None:
        self._knowledge = knowledge

    async def answer(self, question: Question, hear: Hear = unheard) -> Answer:
        if question.purpose == "summary":
            return Answer(_digest(question))
        asked = last_asked(question)
        if wants_human(asked):
            return Answer(_PASSED_ON, hand_over="visitor_asked")
        if is_greeting(asked) or asks_who_answers(asked):
            return Answer(_introduction(question.persona))
        if is_thanks(asked):
            return Answer(_WELCOME)
        passages = await self._knowledge.search(question.tenant_id, asked, QUOTED)
        if not passages:
            return Answer(_NOTHING, hand_over="nothing_found")
        return _quote([one for one in passages if one.score >= NEARLY * passages[0].score])


def last_asked(question: Question) -> str:
    """The visitor's last words."""
    said = (turn.text for turn in reversed(question.turns) if turn.speaker == "visitor")
    return next(said, question.turns[-1].text)


def sources_of(passages: Sequence[Passage]) -> tuple[SourceUsed, ...]:
    """Which passages these were, word for word."""
    return tuple(SourceUsed(one.article_id, hashlib.sha256(one.text.encode()).hexdigest()) for one in passages)


def citations_of(passages: Sequence[Passage]) -> tuple[Citation, ...]:
    """Each article once, in the order of the passages."""
    best: dict[UUID, Passage] = {}
    for passage in passages:
        best.setdefault(passage.article_id, passage)
    return tuple(_citation(passage) for passage in best.values())


def _citation(passage: Passage) -> Citation:
    if passage.chunk_id is None:
        return Citation(passage.article_id, passage.title)
    quote = passage.text[:QUOTE]
    return Citation(passage.article_id, passage.title, passage.chunk_id, passage.hash, quote)


def _introduction(persona: Persona) -> str:
    return (
        f"I am {persona.name}, an automatic assistant. I answer from our help pages; a human is there if you ask."
    )


def _digest(question: Question) -> str:
    """What a summary is without anybody who can write one: how it began and where it stands."""
    said = [turn.text for turn in question.turns if turn.speaker == "visitor"]
    first, last = said[0][:DIGESTED], said[-1][:DIGESTED]
    answers = len(question.turns) - len(said)
    lines = [f"{len(said)} messages of the visitor, {answers} answers.", f"First: “{first}”"]
    return "\n".join(lines if len(said) == 1 else [*lines, f"Last: “{last}”"])


def _quote(passages: Sequence[Passage]) -> Answer:
    parts: list[str] = []
    for citation in citations_of(passages):
        texts = [passage.text for passage in passages if passage.article_id == citation.article_id]
        parts.append(f"From “{citation.title}”:\n" + "\n\n".join(texts))
    trace = Trace(sources=sources_of(passages))
    return Answer("\n\n".join([*parts, _CLOSING]), citations=citations_of(passages), trace=trace)
