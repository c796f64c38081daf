"""The tables of the knowledge base and how events change them: articles, their chunks, the chunks' words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from application.log import Recorded
from application.projection import Connection
from domain import article
from domain.article import ArticlePublished, ArticleRemoved, ArticleUnpublished, ArticleWritten
from projections.chunks import chunks
from projections.table import Key, Table


class ArticleRow(msgspec.Struct):
    """A removed one stays as a row that no query shows. `version` is what `If-Match` names."""

    tenant_id: int
    article_id: UUID
    title: str
    body: str
    source: str | None
    is_published: bool
    version: int
    created_at: datetime
    updated_at: datetime
    is_removed: bool = False


ARTICLES = Table("article", ArticleRow, ("article_id",), indexes=("tenant_id, lower(title), article_id",))

_DDL = """
CREATE TABLE read.knowledge_{build} (tenant_id int NOT NULL, article_id uuid NOT NULL, part int NOT NULL,
  chunk_id uuid NOT NULL, hash bytea NOT NULL, title text NOT NULL, path text NOT NULL, text text NOT NULL,
  title_words int NOT NULL, PRIMARY KEY (tenant_id, article_id, part));
CREATE INDEX ON read.knowledge_{build} (tenant_id, hash);
CREATE TABLE read.knowledge_word_{build} (tenant_id int NOT NULL, word text COLLATE "C" NOT NULL,
  article_id uuid NOT NULL, part int NOT NULL, count int NOT NULL,
  PRIMARY KEY (tenant_id, word, article_id, part));
CREATE INDEX ON read.knowledge_word_{build} (tenant_id, article_id);
CREATE INDEX ON read.knowledge_word_{build} USING gin (tenant_id, word public.gin_trgm_ops);
SELECT es.protect('read.knowledge_{build}'), es.protect('read.knowledge_word_{build}');
"""

_DELETE = """
DELETE FROM read.{table}_{build} k
USING unnest(%(tenants)s::int[], %(articles)s::uuid[]) AS x(tenant_id, article_id)
WHERE k.tenant_id = x.tenant_id AND k.article_id = x.article_id"""

_INSERT = """
INSERT INTO read.knowledge_{build} (tenant_id, article_id, part, chunk_id, hash, title, path, text, title_words)
SELECT x.*, length(to_tsvector('english', public.unaccent(x.title)))
FROM unnest(%s::int[], %s::uuid[], %s::int[], %s::uuid[], %s::bytea[], %s::text[], %s::text[], %s::text[])
  AS x(tenant_id, article_id, part, chunk_id, hash, title, path, text)"""

# Words are stems: English, without accents, without stop words. A chunk has its title's and headings' words too;
# part 0 has the title's alone. Plain equality on a plain index: full-text operators may not use one under
# row-level security.
_INDEX = """
INSERT INTO read.knowledge_word_{build} (tenant_id, word, article_id, part, count)
SELECT k.tenant_id, left(w.lexeme, 100), k.article_id, p.part, sum(cardinality(w.positions))
FROM read.knowledge_{build} k
JOIN unnest(%(tenants)s::int[], %(articles)s::uuid[]) AS x(tenant_id, article_id) USING (tenant_id, article_id)
CROSS JOIN LATERAL (SELECT k.part, concat_ws(' ', k.title, k.path, k.text) AS text
  UNION ALL SELECT 0, k.title WHERE k.part = 1) AS p
CROSS JOIN LATERAL unnest(to_tsvector('english', public.unaccent(p.text))) AS w
GROUP BY 1, 2, 3, 4"""


class Knowledge:
    """Folds articles. Only what is published is cut into chunks, so nothing else is ever found."""

    name = "knowledge"
    version = 2
    tables = (ARTICLES.name, "knowledge", "knowledge_word")
    concerns = frozenset(event.TYPE for event in article.EVENTS)

    def ddl(self, build: int) -> str:
        return ARTICLES.ddl(build) + _DDL.format(build=build)

    async def fold(self, connection: Connection, build: int, recorded: Sequence[Recorded]) -> None:
        keys = {(one.tenant_id, one.stream_id) for one in recorded}
        rows = await ARTICLES.load(connection, build, keys)
        for one in recorded:
            _fold(rows, one)
        await ARTICLES.upsert(connection, build, rows.values())
        await _delete(connection, build, keys)
        await _insert(connection, build, [row for row in rows.values() if row.is_published and not row.is_removed])

    async def forget(self, connection: Connection, build: int, tenant_id: int, stream_id: UUID) -> None:
        await ARTICLES.delete(connection, build, tenant_id, stream_id)
        await _delete(connection, build, [(tenant_id, stream_id)])


def _fold(rows: dict[Key, ArticleRow], one: Recorded) -> None:
    key = (one.tenant_id, one.stream_id)
    row = rows.get(key)
    match one.event:
        case ArticleWritten() as written:
            rows[key] = _row(one, written, row)
            return
        case ArticlePublished() if row is not None:
            row.is_published = True
        case ArticleUnpublished() if row is not None:
            row.is_published = False
        case ArticleRemoved() if row is not None:
            row.is_removed = True
        case _:
            return
    row.version, row.updated_at = one.version, one.at


def _row(one: Recorded, written: ArticleWritten, before: ArticleRow | None) -> ArticleRow:
    return ArticleRow(
        tenant_id=one.tenant_id,
        article_id=one.stream_id,
        title=written.title,
        body=written.body,
        source=written.source,
        is_published=not written.draft,
        version=one.version,
        created_at=written.at if before is None else before.created_at,
        updated_at=written.at,
    )


async def _delete(connection: Connection, build: int, keys: Iterable[Key]) -> None:
    for table in ("knowledge", "knowledge_word"):
        await connection.execute(_DELETE.format(table=table, build=build).encode(), _columns(keys))


async def _insert(connection: Connection, build: int, articles: Sequence[ArticleRow]) -> None:
    rows = [row for one in articles for row in _chunk_rows(one)]
    if not rows:
        return
    columns = [list(column) for column in zip(*rows, strict=True)]
    await connection.execute(_INSERT.format(build=build).encode(), columns)
    keys = [(one.tenant_id, one.article_id) for one in articles]
    await connection.execute(_INDEX.format(build=build).encode(), _columns(keys))


def _chunk_rows(one: ArticleRow) -> Iterator[tuple[Any, ...]]:
    for chunk in chunks(one.article_id, one.title, one.body):
        path = " > ".join(chunk.path)
        yield one.tenant_id, one.article_id, chunk.part, chunk.id, chunk.hash, one.title, path, chunk.text


def _columns(keys: Iterable[Key]) -> dict[str, list[int] | list[UUID]]:
    listed = list(keys)
    return {
        "tenants": [tenant_id for tenant_id, _ in listed],
        "articles": [article_id for _, article_id in listed],
    }
