"""Article: one page of a tenant's knowledge base, what the assistant may quote."""

from __future__ import annotations

from domain.kernel import Aggregate, Event, Stamp
from domain.values import required

BODY_LENGTH = 50_000


class ArticleWritten(Event, frozen=True, kw_only=True):
    TYPE = "article.written.1"

    tenant_id: int
    title: str
    body: str

    def create(self) -> Aggregate:
        return Article(self.originator_id)

    def apply(self, aggregate: Article) -> None:
        aggregate.title, aggregate.body = self.title, self.body
        aggregate.is_removed = False


class ArticleRemoved(Event, frozen=True, kw_only=True):
    TYPE = "article.removed.1"

    def apply(self, aggregate: Article) -> None:
        aggregate.is_removed = True


class Article(Aggregate):
    KIND = "article"

    title = ""
    body = ""
    is_removed = False

    def write(self, stamp: Stamp, tenant_id: int, title: str, body: str) -> None:
        """A new page or a new text of it; the same text again changes nothing. Raises Invalid."""
        new = (required("title", title), required("body", body, BODY_LENGTH))
        if new != (self.title, self.body) or self.is_removed:
            self.record(ArticleWritten, stamp, tenant_id=tenant_id, title=new[0], body=new[1])

    def remove(self, stamp: Stamp) -> None:
        """Removing twice changes nothing."""
        if self.exists and not self.is_removed:
            self.record(ArticleRemoved, stamp)


EVENTS: tuple[type[Event], ...] = (ArticleWritten, ArticleRemoved)
