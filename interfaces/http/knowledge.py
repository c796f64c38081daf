"""The knowledge base: its articles, for all who work here to read."""

from __future__ import annotations

from typing import Annotated

from litestar import Response, get
from litestar.params import FromPath, FromQuery, QueryParameter

from domain.ids import parse
from domain.refusals import NotFound
from interfaces.http.audience import STAFF, Asker
from interfaces.http.body import JsonRequest
from interfaces.http.headers import answer
from interfaces.http.knowledge_body import ArticleBody, ArticleList, article_body
from interfaces.http.parts import Parts
from interfaces.http.position import reached
from interfaces.http.transcript import Limit, PageCursor
from projections.articles import ArticleFilter, read_article, read_articles

KNOWLEDGE = "/api/v1/knowledge"
ONE = KNOWLEDGE + "/{article_id:str}"


@get(
    KNOWLEDGE,
    opt={"audience": "member", "roles": STAFF},
    summary="List articles",
    operation_id="listArticles",
    tags=["knowledge"],
)
async def list_articles(
    request: JsonRequest,
    caller: Asker,
    parts: Parts,
    q: FromQuery[str | None] = None,
    published: Annotated[bool | None, QueryParameter(description="Only those that are, or are not.")] = None,
    limit: Limit = 50,
    cursor: PageCursor = None,
) -> Response[ArticleList]:
    """By title, without their bodies: all of them, or those in which `q` stands."""
    seq = await reached(parts, request, caller.tenant_id, "knowledge")
    async with parts.database.tenant(caller.tenant_id) as connection:
        page = await read_articles(connection, caller.tenant_id, ArticleFilter(q, published, limit, cursor))
    rows = tuple(article_body(row, listed=True) for row in page.rows)
    return answer(ArticleList(rows, page.next_cursor), seq=seq)


@get(
    ONE,
    opt={"audience": "member", "roles": STAFF},
    summary="Get an article",
    operation_id="getArticle",
    tags=["knowledge"],
)
async def get_article(
    request: JsonRequest, article_id: FromPath[str], caller: Asker, parts: Parts
) -> Response[ArticleBody]:
    """All of it. What was removed is not there."""
    id = parse("article", article_id)
    seq = await reached(parts, request, caller.tenant_id, "knowledge")
    async with parts.database.tenant(caller.tenant_id) as connection:
        view = await read_article(connection, caller.tenant_id, id)
    if view is None:
        raise NotFound
    return answer(article_body(view), seq=seq, version=view.version)


READING = (list_articles, get_article)
