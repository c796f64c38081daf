"""Commands about the knowledge base."""

from __future__ import annotations

from uuid import UUID

from application.command import Command, Handlers
from application.work import Work
from domain.article import Article


class _AboutArticle(Command, frozen=True, kw_only=True):
    article_id: UUID

    @property
    def turn(self) -> UUID:
        return self.article_id


class WriteArticle(_AboutArticle, frozen=True, kw_only=True):
    """A new article, or a new text for one there is."""

    title: str
    body: str


class RemoveArticle(_AboutArticle, frozen=True, kw_only=True):
    """It is no longer quoted; its history stays."""


async def write_article(work: Work, command: WriteArticle) -> None:
    article = await work.load(Article, command.article_id)
    article.write(work.stamp, work.actor.tenant_id, command.title, command.body)


async def remove_article(work: Work, command: RemoveArticle) -> None:
    article = await work.get(Article, command.article_id)
    article.remove(work.stamp)


HANDLERS: Handlers = {WriteArticle: write_article, RemoveArticle: remove_article}
