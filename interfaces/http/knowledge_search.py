"""What an assistant would find: the knowledge base, asked by those who keep it."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Response, get
from litestar.params import QueryParameter

from application.ports import Passage
from domain.ids import wire
from domain.refusals import Invalid
from interfaces.http.audience import STAFF, Asker
from interfaces.http.body import JsonRequest
from interfaces.http.headers import answer
from interfaces.http.knowledge import KNOWLEDGE
from interfaces.http.parts import Parts
from interfaces.http.position import reached
from interfaces.wire import maybe_wire
from projections.knowledge import LONGEST
from projections.knowledge_highlights import highlights
from projections.snippet import Span

Question = Annotated[
    str,
    QueryParameter(name="q", max_length=LONGEST, description="As a visitor would ask, 1,000 characters at most."),
]
Most = Annotated[int, QueryParameter(name="limit", ge=1, le=20)]


class PassageBody(msgspec.Struct, frozen=True, rename="camel"):
    """A chunk. `score` grows with how well it fits: 1 is all that was asked. `path` is the headings above it.

    `highlights` are the question's words in `text` as `[start, end]`, end excluded, in Unicode code points.
    """

    article_id: str
    title: str
    path: str
    chunk_id: str | None
    hash: str
    text: str
    score: float
    highlights: tuple[Span, ...]


class PassageList(msgspec.Struct, frozen=True, rename="camel"):
    """Best first. There is no next page: an assistant does not turn it either."""

    data: tuple[PassageBody, ...]
    next_cursor: None = None


@get(
    f"{KNOWLEDGE}/search",
    opt={"audience": "member", "roles": STAFF},
    summary="Search the knowledge base as an assistant does",
    operation_id="searchKnowledge",
    tags=["knowledge"],
)
async def search_knowledge(
    request: JsonRequest, caller: Asker, parts: Parts, q: Question, limit: Most = 5
) -> Response[PassageList]:
    """The passages that fit well enough to be quoted; empty where an assistant would hand over."""
    if not q.strip():
        raise Invalid("q is a question.")
    seq = await reached(parts, request, caller.tenant_id, "knowledge")
    found = await parts.assistants.knowledge.search(caller.tenant_id, q, limit)
    async with parts.database.tenant(caller.tenant_id) as connection:
        marked = await highlights(connection, q, [one.text for one in found])
    rows = tuple(_body(passage, spans) for passage, spans in zip(found, marked, strict=True))
    return answer(PassageList(rows), seq=seq)


def _body(passage: Passage, spans: tuple[Span, ...]) -> PassageBody:
    return PassageBody(
        article_id=wire("article", passage.article_id),
        title=passage.title,
        path=passage.path,
        chunk_id=maybe_wire("chunk", passage.chunk_id),
        hash=passage.hash,
        text=passage.text,
        score=round(passage.score, 4),
        highlights=spans,
    )


ROUTES = (search_knowledge,)
