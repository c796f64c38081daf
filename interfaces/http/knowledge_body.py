"""The JSON of an article, of a list of them, and of an import."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from domain.ids import wire
from interfaces.knowledge_import import KnowledgeImport
from projections.articles import ArticleView


class ArticleBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`version` is what `If-Match` names; `source` is the file it was imported from, null where it was not.

    A list leaves `body` out and tells its `length` in characters.
    """

    id: str
    title: str
    body: str | msgspec.UnsetType = msgspec.UNSET
    length: int
    source: str | None
    published: bool
    version: int
    created_at: datetime
    updated_at: datetime


class ArticleList(msgspec.Struct, frozen=True, rename="camel"):
    data: tuple[ArticleBody, ...]
    next_cursor: str | None = None


class ImportedBody(msgspec.Struct, frozen=True):
    id: str
    title: str
    outcome: Literal["created", "changed", "unchanged"]


class ImportBody(msgspec.Struct, frozen=True):
    """In the order of the file."""

    created: int
    changed: int
    unchanged: int
    articles: tuple[ImportedBody, ...]


def article_body(view: ArticleView, *, listed: bool = False) -> ArticleBody:
    return ArticleBody(
        id=wire("article", view.article_id),
        title=view.title,
        body=msgspec.UNSET if listed else view.body,
        length=view.length,
        source=view.source,
        published=view.is_published,
        version=view.version,
        created_at=view.created_at,
        updated_at=view.updated_at,
    )


def import_body(done: KnowledgeImport) -> ImportBody:
    articles = tuple(
        ImportedBody(wire("article", one.article_id), one.title, one.outcome) for one in done.articles
    )
    return ImportBody(done.count("created"), done.count("changed"), done.count("unchanged"), articles)
