"""CitedAnswers: answers without a language model, by quoting the tenant's knowledge base word for word."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from application.ports import Answer, KnowledgeSearch, Passage, Question
from application.visitor_intent import asks_who_answers, is_greeting, is_thanks, wants_human
from domain.assistant import Persona
from domain.conversation import Citation

QUOTED = 2
"""Passages in one answer at most; the second only where it fits nearly as well."""
NEARLY = 0.8
QUOTE = 300
"""Characters of a chunk that a citation repeats, at most; its hash is over all of it."""

_PASSED_ON = "I am passing you on to a colleague."
_NOTHING = "I found nothing about that in our help pages. A colleague will take over."
_WELCOME = "You are welcome."
_CLOSING = "This is an automatic answer from our help pages. You can ask for a human at any time."


class CitedAnswers:
    """An AnswerModel. Says nothing that an article does not say; where none fits, a human takes over."""

    def __init__(self, knowledge: KnowledgeSearch) -> None:
        self._knowledge = knowledge

    async def answer(self, question: Question) -> Answer:
        asked = question.turns[-1].text
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


def _quote(passages: Sequence[Passage]) -> Answer:
    parts: list[str] = []
    for citation in citations_of(passages):
        texts = [passage.text for passage in passages if passage.article_id == citation.article_id]
        parts.append(f"From “{citation.title}”:\n" + "\n\n".join(texts))
    return Answer("\n\n".join([*parts, _CLOSING]), citations=citations_of(passages))
