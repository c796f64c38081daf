"""A tenant's articles as people look through them: by title, or those that hold some words."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from application.projection import Connection
from domain.refusals import Invalid
from projections.cursor import Cursor, decode_cursor, encode_cursor, page_limit

_ORDER = "articles"


class ArticleFilter(msgspec.Struct, frozen=True):
    """`q`: words that stand in title or text, whatever their case and accents. `published` None: both."""

    q: str | None = None
    published: bool | None = None
    limit: int = 50
    cursor: str | None = None


class ArticleView(msgspec.Struct, frozen=True):
    """`body` is empty in a list. `length` in characters, of the body."""

    article_id: UUID
    title: str
    body: str
    length: int
    source: str | None
    is_published: bool
    version: int
    created_at: datetime
    updated_at: datetime


class ArticlePage(msgspec.Struct, frozen=True):
    """`next_cursor` is None on the last page."""

    rows: tuple[ArticleView, ...]
    next_cursor: str | None


_SELECT = """
SELECT article_id, title, {body}, length(body), source, is_published, version, created_at, updated_at, lower(title)
FROM read.article WHERE tenant_id = %(tenant_id)s AND NOT is_removed"""
_LIST = (
    _SELECT.format(body="''")
    + """
  AND (%(published)s::boolean IS NULL OR is_published = %(published)s)
  AND (%(q)s::text IS NULL OR read.folded(title || ' ' || body) LIKE
    '%%' || regexp_replace(read.folded(%(q)s), '([\\\\%%_])', '\\\\\\1', 'g') || '%%')
  AND (%(title)s::text IS NULL OR (lower(title), article_id) > (%(title)s, %(id)s::uuid))
ORDER BY lower(title), article_id LIMIT %(limit)s"""
)
_ONE = _SELECT.format(body="body") + " AND article_id = %(id)s"


async def read_articles(connection: Connection, tenant_id: int, filter: ArticleFilter) -> ArticlePage:
    """A page by title, without bodies. Raises Invalid for a cursor that is not this list's."""
    limit, (title, id) = page_limit(filter.limit), _place(filter.cursor)
    values = {
        "tenant_id": tenant_id,
        "published": filter.published,
        "q": (filter.q or "").strip() or None,
        "title": title,
        "id": id,
        "limit": limit + 1,
    }
    cursor = await connection.execute(_LIST.encode(), values)
    rows = await cursor.fetchall()
    more = None
    if len(rows) > limit:
        more = encode_cursor(Cursor(_ORDER, rows[limit - 1][-1], rows[limit - 1][0].hex))
    return ArticlePage(tuple(_view(row) for row in rows[:limit]), more)


async def read_article(connection: Connection, tenant_id: int, article_id: UUID) -> ArticleView | None:
    """None where there is none, or it was removed."""
    cursor = await connection.execute(_ONE.encode(), {"tenant_id": tenant_id, "id": article_id})
    row = await cursor.fetchone()
    return _view(row) if row else None


def _view(row: tuple[Any, ...]) -> ArticleView:
    return msgspec.convert(dict(zip(ArticleView.__struct_fields__, row, strict=False)), ArticleView)


def _place(text: str | None) -> tuple[str | None, UUID | None]:
    if text is None:
        return None, None
    found = decode_cursor(text, _ORDER)
    try:
        return found.key.replace("\x00", ""), UUID(found.last)
    except ValueError as unreadable:
        raise Invalid("cursor is not one of ours.") from unreadable
