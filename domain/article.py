"""Article: one page of a tenant's knowledge base. Only what is published is quoted."""

from __future__ import annotations

from domain.kernel import Aggregate, Event, Stamp
from domain.refusals import Conflict, NotFound
from domain.values import bounded, required

BODY_LENGTH = 50_000
SOURCE_LENGTH = 500


class ArticleWritten(Event, frozen=True, kw_only=True):
    """All of it, new or changed. `source`: what it was imported from; `draft`: it is not quoted yet."""

    TYPE = "article.written.1"

    tenant_id: int
    title: str
    body: str
    source: str | None = None
    draft: bool = False

    def create(self) -> Aggregate:
        return Article(self.originator_id)

    def apply(self, aggregate: Article) -> None:
        aggregate.title, aggregate.body, aggregate.source = self.title, self.body, self.source
        aggregate.is_published, aggregate.is_removed = not self.draft, False


class ArticlePublished(Event, frozen=True, kw_only=True):
    TYPE = "article.published.1"

    def apply(self, aggregate: Article) -> None:
        aggregate.is_published = True


class ArticleUnpublished(Event, frozen=True, kw_only=True):
    """It stays, and is quoted no more."""

    TYPE = "article.unpublished.1"

    def apply(self, aggregate: Article) -> None:
        aggregate.is_published = False


class ArticleRemoved(Event, frozen=True, kw_only=True):
    TYPE = "article.removed.1"

    def apply(self, aggregate: Article) -> None:
        aggregate.is_removed = True


class Article(Aggregate):
    """Its body is plain text; a line that begins with one to six `#` is a heading."""

    KIND = "article"

    title = ""
    body = ""
    source: str | None = None
    is_published = False
    is_removed = False

    @property
    def is_kept(self) -> bool:
        """There, and not removed."""
        return self.exists and not self.is_removed

    def write(
        self, stamp: Stamp, tenant_id: int, title: str, body: str, source: str | None = None, draft: bool = False
    ) -> None:
        """A new page (`draft`: not published yet), or a new text of it, which leaves that as it is.

        The same text again changes nothing; a removed page comes back. Raises Invalid.
        """
        if source is not None:
            bounded("source", source, SOURCE_LENGTH)
        text = (required("title", title), required("body", body, BODY_LENGTH), source or self.source)
        if self.is_kept and text == (self.title, self.body, self.source):
            return
        still_draft = not self.is_published if self.is_kept else draft
        facts = dict(zip(("title", "body", "source"), text, strict=True))
        self.record(ArticleWritten, stamp, tenant_id=tenant_id, draft=still_draft, **facts)

    def expect(self, version: int | None) -> None:
        """Raises NotFound where it was removed, Conflict where `version` is given and another one is stored."""
        if not self.is_kept:
            raise NotFound
        if version is not None and version != self.version:
            raise Conflict(expected=version, version=self.version)

    def publish(self, stamp: Stamp) -> None:
        """Publishing twice changes nothing."""
        if not self.is_published:
            self.record(ArticlePublished, stamp)

    def unpublish(self, stamp: Stamp) -> None:
        """Unpublishing twice changes nothing."""
        if self.is_published:
            self.record(ArticleUnpublished, stamp)

    def remove(self, stamp: Stamp) -> None:
        """Removing twice changes nothing."""
        if self.is_kept:
            self.record(ArticleRemoved, stamp)


EVENTS: tuple[type[Event], ...] = (ArticleWritten, ArticlePublished, ArticleUnpublished, ArticleRemoved)
