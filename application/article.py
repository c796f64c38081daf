"""Commands about the knowledge base."""

from __future__ import annotations

from uuid import UUID

from msgspec import UNSET, UnsetType

from application.command import Command, Handlers
from application.work import Work
from domain.article import Article


class CreateArticle(Command, frozen=True, kw_only=True):
    """A new article; a `draft` is not quoted until it is published."""

    title: str
    body: str
    draft: bool = False


class _AboutArticle(Command, frozen=True, kw_only=True):
    article_id: UUID

    @property
    def turn(self) -> UUID:
        return self.article_id


class WriteArticle(_AboutArticle, frozen=True, kw_only=True):
    """A new article under a known id, or a new text for one there is, also a removed one: set-up and imports."""

    title: str
    body: str
    source: str | None = None


class ChangeArticle(_AboutArticle, frozen=True, kw_only=True):
    """What is left out stays. `expected_version`: refuse if somebody else has changed it."""

    title: str | UnsetType = UNSET
    body: str | UnsetType = UNSET
    expected_version: int | None = None


class PublishArticle(_AboutArticle, frozen=True, kw_only=True):
    """It is quoted from now on."""

    expected_version: int | None = None


class UnpublishArticle(_AboutArticle, frozen=True, kw_only=True):
    """It is quoted no more, and can still be worked on."""

    expected_version: int | None = None


class RemoveArticle(_AboutArticle, frozen=True, kw_only=True):
    """It is no longer quoted; its history stays."""


async def create_article(work: Work, command: CreateArticle) -> None:
    article = work.create(Article)
    article.write(work.stamp, work.actor.tenant_id, command.title, command.body, draft=command.draft)


async def write_article(work: Work, command: WriteArticle) -> None:
    article = await work.load(Article, command.article_id)
    article.write(work.stamp, work.actor.tenant_id, command.title, command.body, command.source)


async def change_article(work: Work, command: ChangeArticle) -> None:
    article = await work.get(Article, command.article_id)
    article.expect(command.expected_version)
    title = article.title if command.title is UNSET else command.title
    body = article.body if command.body is UNSET else command.body
    article.write(work.stamp, work.actor.tenant_id, title, body)


async def publish_article(work: Work, command: PublishArticle) -> None:
    article = await work.get(Article, command.article_id)
    article.expect(command.expected_version)
    article.publish(work.stamp)


async def unpublish_article(work: Work, command: UnpublishArticle) -> None:
    article = await work.get(Article, command.article_id)
    article.expect(command.expected_version)
    article.unpublish(work.stamp)


async def remove_article(work: Work, command: RemoveArticle) -> None:
    article = await work.get(Article, command.article_id)
    article.remove(work.stamp)


HANDLERS: Handlers = {
    CreateArticle: create_article,
    WriteArticle: write_article,
    ChangeArticle: change_article,
    PublishArticle: publish_article,
    UnpublishArticle: unpublish_article,
    RemoveArticle: remove_article,
}
