"""The knowledge base by the words of a question: as they are written, and by words much like them."""

from __future__ import annotations

from uuid import UUID

import msgspec

from application.projection import Connection

# A word of the question counts the more, the fewer articles have it; one that no article has is taken for a
# typing error of the nearest word, if that is near, and else counts against every chunk.
_WORDS = """
WITH asked AS MATERIALIZED (
  SELECT w.lexeme AS word FROM unnest(to_tsvector('english', public.unaccent(%(text)s))) AS w
  WHERE w.lexeme <> ALL(%(filling)s)
), known AS MATERIALIZED (
  SELECT a.word AS asked, (SELECT count(DISTINCT k.article_id) FROM read.knowledge_word k
    WHERE k.tenant_id = %(tenant_id)s AND k.word = a.word) AS articles FROM asked a
), nearest AS (
  SELECT a.asked, n.word, n.trust FROM known a CROSS JOIN LATERAL (
    SELECT k.word, similarity(k.word, a.asked) AS trust FROM (SELECT DISTINCT word FROM read.knowledge_word
      WHERE tenant_id = %(tenant_id)s AND word >= left(a.asked, 1) AND word < left(a.asked, 1) || chr(1114111)) k
    WHERE length(k.word) >= 5 AND similarity(k.word, a.asked) >= 0.4 ORDER BY 2 DESC, 1 LIMIT 1) n
  WHERE a.articles = 0 AND length(a.asked) >= 5 AND (SELECT count(*) FROM asked) <= %(typing_errors_up_to)s
), heard AS (
  SELECT a.asked AS word, 1 AS trust, a.articles FROM known a WHERE NOT EXISTS (
    SELECT 1 FROM nearest n WHERE n.asked = a.asked)
  UNION ALL
  SELECT n.word, n.trust, (SELECT count(DISTINCT k.article_id) FROM read.knowledge_word k
    WHERE k.tenant_id = %(tenant_id)s AND k.word = n.word) FROM nearest n
), weighed AS MATERIALIZED (
  SELECT word, trust, ln(1 + (SELECT count(*) FROM read.knowledge WHERE tenant_id = %(tenant_id)s AND part = 1)
    / greatest(1, articles)::float) AS weight FROM heard
), hit AS MATERIALIZED (
  SELECT k.article_id, k.part, k.word, max(k.count) AS count, max(w.weight * w.trust) AS weight
  FROM weighed w JOIN read.knowledge_word k ON k.tenant_id = %(tenant_id)s AND k.word = w.word GROUP BY 1, 2, 3
), article AS (
  SELECT article_id, sum(weight * count / (count + 1.2)) AS score FROM (
    SELECT article_id, word, max(weight) AS weight, sum(count)::float AS count FROM hit GROUP BY 1, 2) h
  GROUP BY 1
)
SELECT k.article_id, k.part, p.weight / (SELECT sum(weight) FROM weighed)
    + %(title_weight)s * coalesce(t.words / nullif(k.title_words, 0)::float, 0) AS fit, a.score
FROM (SELECT article_id, part, sum(weight) AS weight FROM hit WHERE part > 0 GROUP BY 1, 2) p
JOIN read.knowledge k ON k.tenant_id = %(tenant_id)s AND k.article_id = p.article_id AND k.part = p.part
JOIN article a ON a.article_id = p.article_id
LEFT JOIN (SELECT article_id, count(*) AS words FROM hit WHERE part = 0 GROUP BY 1) t
  ON t.article_id = p.article_id
ORDER BY fit DESC, k.article_id, k.part LIMIT %(most)s"""

_TRIGRAMS = """
SELECT article_id, part FROM read.knowledge_like(ARRAY(
  SELECT left(w.lexeme, 100) FROM unnest(to_tsvector('english', public.unaccent(%(text)s))) AS w
  WHERE w.lexeme <> ALL(%(filling)s) ORDER BY length(w.lexeme) DESC, w.lexeme LIMIT %(words)s),
  %(alike)s::real, %(most)s::int)"""

TITLE_WEIGHT = 0.5
TYPING_ERRORS_UP_TO = 20
"""Words of a question in which typing errors are looked for: a long one has enough words without them."""
ALIKE = 0.4
"""Trigram similarity from which a word is much like another."""
MOST = 200
"""Chunks in a ranking."""
_FILLING = """
anyth answer ask could find get give good got hello help hey hi issu know let like look may need ok one pleas
problem question someth still sure tell thank thing tri understand want work would yes
"""
FILLING = _FILLING.split()
"""Stems that say nothing about what is asked."""

Place = tuple[UUID, int]


class Fit(msgspec.Struct, frozen=True):
    """`fit`: how much of what is asked the chunk says, 1 for all of it, more where the title does too.
    `article`: how much the whole article says of it, and how often; comparable within one question."""

    fit: float
    article: float


async def rank_by_words(connection: Connection, tenant_id: int, text: str) -> dict[Place, Fit]:
    """The chunks with a word of the question, the ones that fit best."""
    values = {
        "text": text,
        "tenant_id": tenant_id,
        "filling": FILLING,
        "title_weight": TITLE_WEIGHT,
        "typing_errors_up_to": TYPING_ERRORS_UP_TO,
        "most": MOST,
    }
    cursor = await connection.execute(_WORDS, values)
    return {(article_id, part): Fit(fit, score) for article_id, part, fit, score in await cursor.fetchall()}


async def rank_by_trigrams(connection: Connection, text: str) -> list[Place]:
    """The chunks with words much like the question's, best first."""
    values = {"text": text, "filling": FILLING, "words": TYPING_ERRORS_UP_TO, "alike": ALIKE, "most": MOST}
    cursor = await connection.execute(_TRIGRAMS, values)
    return [(article_id, part) for article_id, part in await cursor.fetchall()]
