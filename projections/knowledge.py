"""Knowledge: the chunks of a tenant's articles that answer a question, by words, by trigrams and by meaning.

Each way of looking makes a ranking; reciprocal rank fusion makes one of them (Cormack, Clarke and Büttcher 2009).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from application.ports import Passage
from application.projection import Connection
from projections.knowledge_vectors import rank_by_meaning
from projections.knowledge_words import Fit, rank_by_trigrams, rank_by_words

LEAST = 0.45
"""Fit from which a chunk answers. Measured by tests/projections/test_knowledge.py."""
CLOSE = 0.5
"""Cosine of an embedding's and the question's from which a chunk answers."""
LONGEST = 1_000
"""Characters of a question that are looked at."""
CONSTANT = 60
"""Of the fusion: how little the first places count more than the next ones."""

Place = tuple[UUID, int]
"""An article and the part of it."""


class Meaning(msgspec.Struct, frozen=True):
    """The question as `model` sees it: a vector of length 1."""

    model: str
    vector: tuple[float, ...]


_TEXTS = """
SELECT k.article_id, k.part, k.chunk_id, encode(k.hash, 'hex'), k.title, k.path, k.text
FROM unnest(%s::uuid[], %s::int[]) AS x(article_id, part) JOIN read.knowledge k USING (article_id, part)
WHERE k.tenant_id = %s"""


async def search_knowledge(
    connection: Connection,
    tenant_id: int,
    text: str,
    limit: int,
    meaning: Meaning | None = None,
    least: float = LEAST,
) -> tuple[Passage, ...]:
    """The passages that fit the question at least that well, best first; empty where none does."""
    asked = text[:LONGEST].replace("\x00", " ")
    fits = await rank_by_words(connection, tenant_id, asked)
    rankings = [by_fit(fits), by_article(fits), await rank_by_trigrams(connection, asked)]
    close: Mapping[Place, float] = {}
    if meaning is not None:
        close = await rank_by_meaning(connection, tenant_id, meaning.model, meaning.vector)
        rankings.append(list(close))
    scores = {place: min(fit.fit, 1.0) for place, fit in fits.items()}
    wanted = [
        place
        for place in fused(rankings)
        if scores.get(place, 0.0) >= least or close.get(place, 0.0) >= max(CLOSE, least)
    ]
    found = {place: max(scores.get(place, 0.0), close.get(place, 0.0)) for place in wanted[:limit]}
    return await _passages(connection, tenant_id, found)


def fused(rankings: Sequence[Sequence[Place]]) -> list[Place]:
    """One ranking of them all; the same for the same rankings."""
    scores: dict[Place, float] = {}
    for ranking in rankings:
        for rank, place in enumerate(ranking, 1):
            scores[place] = scores.get(place, 0.0) + 1 / (CONSTANT + rank)
    return sorted(scores, key=lambda place: (-scores[place], place))


def by_fit(fits: Mapping[Place, Fit]) -> list[Place]:
    """The chunks that say most of what is asked first."""
    return sorted(fits, key=lambda place: (-fits[place].fit, place))


def by_article(fits: Mapping[Place, Fit]) -> list[Place]:
    """The articles that say most of what is asked first, in each its best chunk first."""
    return sorted(fits, key=lambda place: (-fits[place].article, place[0], -fits[place].fit, place[1]))


async def _passages(connection: Connection, tenant_id: int, found: Mapping[Place, float]) -> tuple[Passage, ...]:
    keys = [article_id for article_id, _ in found], [part for _, part in found]
    cursor = await connection.execute(_TEXTS, (*keys, tenant_id))
    rows = {(row[0], row[1]): row for row in await cursor.fetchall()}
    return tuple(
        Passage(article_id, title, text, found[article_id, part], chunk_id, digest, path)
        for article_id, part, chunk_id, digest, title, path, text in (rows[place] for place in found)
    )
