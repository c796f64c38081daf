"""The knowledge base: writing, publishing and removing articles, by hand."""

from __future__ import annotations

from uuid import UUID

import msgspec
from litestar import Response, delete, patch, post
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, UnsetType

from application.article import ChangeArticle, CreateArticle, PublishArticle, RemoveArticle, UnpublishArticle
from application.bus import Receipt
from application.command import Command
from domain.article import Article
from domain.ids import parse
from domain.refusals import NotFound
from interfaces.http.audience import Asker, Caller, may
from interfaces.http.body import JsonRequest
from interfaces.http.first_contact import order_of
from interfaces.http.headers import answer_to_command, expected_version
from interfaces.http.knowledge import KNOWLEDGE, ONE, READING
from interfaces.http.knowledge_body import ArticleBody, article_body
from interfaces.http.knowledge_import import import_knowledge
from interfaces.http.parts import HttpParts, Parts
from projections.articles import ArticleView


class ArticleRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`body` is plain text; a line that begins with `#` is a heading. `published` false: a draft."""

    title: str
    body: str
    published: bool = True


class ArticleChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is left out stays as it is."""

    title: str | UnsetType = UNSET
    body: str | UnsetType = UNSET


@post(
    KNOWLEDGE,
    status_code=201,
    opt={"audience": "member", "roles": may(CreateArticle)},
    summary="Create an article",
    operation_id="createArticle",
    tags=["knowledge"],
)
async def create_article(
    request: JsonRequest, data: JSONBody[ArticleRequest], caller: Asker, parts: Parts
) -> Response[ArticleBody]:
    """Assistants quote it as soon as it is published."""
    command = CreateArticle(title=data.title, body=data.body, draft=not data.published)
    actor = caller.actor()
    receipt = await parts.bus.execute(actor, command, order_of(request, actor, command))
    return await _answer(parts, caller, receipt, receipt.events[-1].originator_id, 201)


@patch(
    ONE,
    status_code=200,
    opt={"audience": "member", "roles": may(ChangeArticle)},
    summary="Change an article",
    operation_id="changeArticle",
    tags=["knowledge"],
)
async def change_article(
    request: JsonRequest,
    article_id: FromPath[str],
    data: JSONBody[ArticleChange],
    caller: Asker,
    parts: Parts,
) -> Response[ArticleBody]:
    """Only what is named changes. `If-Match` with its version refuses to overwrite somebody else's change."""
    id = parse("article", article_id)
    version = expected_version(request)
    command = ChangeArticle(article_id=id, title=data.title, body=data.body, expected_version=version)
    return await _carried_out(request, caller, parts, command, id)


@post(
    ONE + "/publish",
    status_code=200,
    opt={"audience": "member", "roles": may(PublishArticle)},
    summary="Publish an article",
    operation_id="publishArticle",
    tags=["knowledge"],
)
async def publish_article(
    request: JsonRequest, article_id: FromPath[str], caller: Asker, parts: Parts
) -> Response[ArticleBody]:
    """Assistants quote it from now on. Publishing twice changes nothing."""
    id = parse("article", article_id)
    command = PublishArticle(article_id=id, expected_version=expected_version(request))
    return await _carried_out(request, caller, parts, command, id)


@post(
    ONE + "/unpublish",
    status_code=200,
    opt={"audience": "member", "roles": may(UnpublishArticle)},
    summary="Unpublish an article",
    operation_id="unpublishArticle",
    tags=["knowledge"],
)
async def unpublish_article(
    request: JsonRequest, article_id: FromPath[str], caller: Asker, parts: Parts
) -> Response[ArticleBody]:
    """Nobody quotes it any more; it stays to be worked on. Unpublishing twice changes nothing."""
    id = parse("article", article_id)
    command = UnpublishArticle(article_id=id, expected_version=expected_version(request))
    return await _carried_out(request, caller, parts, command, id)


@delete(
    ONE,
    status_code=204,
    opt={"audience": "member", "roles": may(RemoveArticle)},
    summary="Remove an article",
    operation_id="removeArticle",
    tags=["knowledge"],
)
async def remove_article(
    request: JsonRequest, article_id: FromPath[str], caller: Asker, parts: Parts
) -> Response[None]:
    """It is no longer quoted; its history stays. Removing twice changes nothing."""
    command, actor = RemoveArticle(article_id=parse("article", article_id)), caller.actor()
    receipt = await parts.bus.execute(actor, command, order_of(request, actor, command))
    return answer_to_command(None, receipt, 204)


ROUTES = (
    *READING,
    create_article,
    import_knowledge,
    change_article,
    publish_article,
    unpublish_article,
    remove_article,
)


async def _carried_out(
    request: JsonRequest, caller: Caller, parts: HttpParts, command: Command, id: UUID
) -> Response[ArticleBody]:
    actor = caller.actor()
    receipt = await parts.bus.execute(actor, command, order_of(request, actor, command))
    return await _answer(parts, caller, receipt, id, 200)


async def _answer(
    parts: HttpParts, caller: Caller, receipt: Receipt, id: UUID, status: int
) -> Response[ArticleBody]:
    """Out of the log itself, as of the command: a repeat gets the first answer."""
    stream = await parts.reader.stream(caller.tenant_id, id)
    told = [one.event for one in stream if not receipt.events or one.version <= receipt.version]
    article = None
    for event in told:
        article = event.mutate(article)
    if not isinstance(article, Article):
        raise NotFound
    view = ArticleView(
        article_id=id,
        title=article.title,
        body=article.body,
        length=len(article.body),
        source=article.source,
        is_published=article.is_published,
        version=article.version,
        created_at=told[0].at,
        updated_at=article.modified_at,
    )
    return answer_to_command(article_body(view), receipt, status, article.version)
