"""Importing knowledge: the pages of a file become articles; the same file again changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Literal
from uuid import UUID

import msgspec

from application.actor import Actor
from application.article import WriteArticle
from application.bus import CommandBus, Request
from domain.article import ArticleWritten
from domain.ids import natural_key
from infrastructure.documents.pages import Page

AT_ONCE = 64
"""Articles written at the same time: they share appends."""

Outcome = Literal["created", "changed", "unchanged"]


class ImportedArticle(msgspec.Struct, frozen=True):
    """What became of a page. A removed article that is imported again comes back: it was changed."""

    article_id: UUID
    title: str
    outcome: Outcome


class KnowledgeImport(msgspec.Struct, frozen=True):
    """`seq`: the tenant's position after it."""

    articles: tuple[ImportedArticle, ...]
    seq: int

    def count(self, outcome: Outcome) -> int:
        return sum(one.outcome == outcome for one in self.articles)


def article_id(tenant_id: int, source: str) -> UUID:
    """The article that this source is, of this tenant, for ever."""
    return natural_key(tenant_id, "article", f"import/{source}")


async def import_pages(
    bus: CommandBus,
    actor: Actor,
    pages: Sequence[Page],
    request: Request,
    advance: Callable[[int], None] = lambda count: None,
) -> KnowledgeImport:
    """Each page is one command, whose key is made of the request's and the page's place. Raises a Refusal."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def write(number: int, page: Page) -> tuple[ImportedArticle, int]:
        id = article_id(actor.tenant_id, page.source)
        command = WriteArticle(article_id=id, title=page.title, body=page.body, source=page.source)
        key = None if request.key is None else f"{request.key}:{number}"
        async with gate:
            receipt = await bus.execute(actor, command, msgspec.structs.replace(request, key=key))
        advance(1)
        return ImportedArticle(id, page.title, _outcome(receipt.events)), receipt.seq

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(write(number, page)) for number, page in enumerate(pages)]
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None  # one refusal is answered, not a group
    done = [task.result() for task in tasks]
    return KnowledgeImport(tuple(one for one, _ in done), max(seq for _, seq in done))


def _outcome(events: Sequence[object]) -> Outcome:
    written = [event for event in events if isinstance(event, ArticleWritten)]
    if not written:
        return "unchanged"
    return "created" if written[-1].originator_version == 1 else "changed"
