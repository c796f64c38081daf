"""Knowledge: the tenant's articles as passages, and an index of their words that finds what answers a question."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

from application.log import Recorded
from application.ports import Passage
from application.projection import Connection
from domain import article
from domain.article import ArticleWritten
from projections.passages import passages

_DDL = """
CREATE TABLE read.knowledge_{build} (tenant_id int NOT NULL, article_id uuid NOT NULL, part int NOT NULL,
  title text NOT NULL, text text NOT NULL, title_words int NOT NULL, PRIMARY KEY (tenant_id, article_id, part));
CREATE TABLE read.knowledge_word_{build} (tenant_id int NOT NULL, word text COLLATE "C" NOT NULL,
  article_id uuid NOT NULL, part int NOT NULL, PRIMARY KEY (tenant_id, word, article_id, part));
CREATE INDEX ON read.knowledge_word_{build} (tenant_id, article_id);
SELECT es.protect('read.knowledge_{build}'), es.protect('read.knowledge_word_{build}');
"""

_DELETE = """
DELETE FROM read.{table}_{build} k
USING unnest(%(tenants)s::int[], %(articles)s::uuid[]) AS x(tenant_id, article_id)
WHERE k.tenant_id = x.tenant_id AND k.article_id = x.article_id"""

_INSERT = """
INSERT INTO read.knowledge_{build} (tenant_id, article_id, part, title, text, title_words)
SELECT x.*, length(to_tsvector('english', public.unaccent(x.title)))
FROM unnest(%s::int[], %s::uuid[], %s::int[], %s::text[], %s::text[])
  AS x(tenant_id, article_id, part, title, text)"""

# Words are stems: English, without accents, without stop words. A passage has its title's words too; part 0 has
# nothing else. Plain equality on a plain index: full-text operators may not use one under row-level security.
_INDEX = """
INSERT INTO read.knowledge_word_{build} (tenant_id, word, article_id, part)
SELECT DISTINCT k.tenant_id, w.lexeme, k.article_id, p.part FROM read.knowledge_{build} k
JOIN unnest(%(tenants)s::int[], %(articles)s::uuid[]) AS x(tenant_id, article_id) USING (tenant_id, article_id)
CROSS JOIN LATERAL (VALUES (k.part, k.text), (k.part, k.title), (0, k.title)) AS p(part, text)
CROSS JOIN LATERAL unnest(to_tsvector('english', public.unaccent(p.text))) AS w"""

# A word of the question counts the more, the fewer articles have it; one that no article has is taken for a
# typing error of the nearest word, if that is near, and else counts against every passage.
_SEARCH = """
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
  SELECT k.article_id, k.part, k.word, max(w.weight * w.trust) AS weight
  FROM weighed w JOIN read.knowledge_word k ON k.tenant_id = %(tenant_id)s AND k.word = w.word GROUP BY 1, 2, 3
), scored AS (
  SELECT k.article_id, k.part, k.title, k.text, p.weight / (SELECT sum(weight) FROM weighed)
    + %(title_weight)s * coalesce(t.words / nullif(k.title_words, 0)::float, 0) AS score
  FROM (SELECT article_id, part, sum(weight) AS weight FROM hit WHERE part > 0 GROUP BY 1, 2) p
  JOIN read.knowledge k ON k.tenant_id = %(tenant_id)s AND k.article_id = p.article_id AND k.part = p.part
  LEFT JOIN (SELECT article_id, count(*) AS words FROM hit WHERE part = 0 GROUP BY 1) t
    ON t.article_id = p.article_id
)
SELECT article_id, title, text, score FROM scored WHERE score >= %(least)s
ORDER BY score DESC, article_id, part LIMIT %(limit)s"""

TITLE_WEIGHT = 0.5
LEAST = 0.45
"""Score from which a passage fits. Measured by tests/projections/test_knowledge.py."""
LONGEST = 1_000
"""Characters of a question that are looked at."""
TYPING_ERRORS_UP_TO = 20
"""Words of a question in which typing errors are looked for: a long one has enough words without them."""
FILLING = [
    *[
        "anyth",
        "answer",
        "ask",
        "could",
        "find",
        "get",
        "give",
        "good",
        "got",
        "hello",
        "help",
        "hey",
        "hi",
        "issu",
    ],
    *[
        "know",
        "let",
        "like",
        "look",
        "may",
        "need",
        "ok",
        "one",
        "pleas",
        "problem",
        "question",
        "someth",
        "still",
    ],
    *["sure", "tell", "thank", "thing", "tri", "understand", "want", "work", "would", "yes"],
]
"""Stems that say nothing about what is asked."""

_Key = tuple[int, UUID]


class Knowledge:
    """Folds articles: what was written last, cut into passages."""

    name = "knowledge"
    version = 1
    tables = ("knowledge", "knowledge_word")
    concerns = frozenset(event.TYPE for event in article.EVENTS)

    def ddl(self, build: int) -> str:
        return _DDL.format(build=build)

    async def fold(self, connection: Connection, build: int, recorded: Sequence[Recorded]) -> None:
        latest = {(one.tenant_id, one.stream_id): one.event for one in recorded}
        written = {key: event for key, event in latest.items() if isinstance(event, ArticleWritten)}
        await _delete(connection, build, list(latest))
        await _insert(connection, build, written)

    async def forget(self, connection: Connection, build: int, tenant_id: int, stream_id: UUID) -> None:
        await _delete(connection, build, [(tenant_id, stream_id)])


async def search_knowledge(connection: Connection, tenant_id: int, text: str, limit: int) -> tuple[Passage, ...]:
    """The passages that fit the question, best first; empty where none does."""
    facts = {"text": text[:LONGEST].replace("\x00", " "), "tenant_id": tenant_id, "limit": limit}
    tuning = {
        "filling": FILLING,
        "title_weight": TITLE_WEIGHT,
        "least": LEAST,
        "typing_errors_up_to": TYPING_ERRORS_UP_TO,
    }
    cursor = await connection.execute(_SEARCH, facts | tuning)
    return tuple(Passage(*row) for row in await cursor.fetchall())


async def _delete(connection: Connection, build: int, keys: Sequence[_Key]) -> None:
    for table in ("knowledge", "knowledge_word"):
        await connection.execute(_DELETE.format(table=table, build=build).encode(), _columns(keys))


async def _insert(connection: Connection, build: int, written: Mapping[_Key, ArticleWritten]) -> None:
    rows = [(*key, part, event.title, text) for key, event in written.items() for part, text in _parts(event)]
    if not rows:
        return
    columns = [list(column) for column in zip(*rows, strict=True)]
    await connection.execute(_INSERT.format(build=build).encode(), columns)
    await connection.execute(_INDEX.format(build=build).encode(), _columns(list(written)))


def _parts(event: ArticleWritten) -> Iterator[tuple[int, str]]:
    return enumerate(passages(event.body), start=1)


def _columns(keys: Sequence[_Key]) -> dict[str, list[int] | list[UUID]]:
    return {"tenants": [tenant_id for tenant_id, _ in keys], "articles": [article_id for _, article_id in keys]}
