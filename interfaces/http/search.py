"""Family B: search."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.params import QueryParameter

from domain.ids import parse, wire
from domain.marks import label as label_of
from domain.refusals import Invalid, NotFound
from interfaces.http.audience import STAFF, Asker
from interfaces.http.body import JsonRequest
from interfaces.http.headers import answer
from interfaces.http.parts import Parts
from interfaces.http.position import reached
from interfaces.http.transcript import Limit, PageCursor
from interfaces.wire import ContactBody, MessageRole, author_wire, maybe_wire, role_of
from projections.search import LONGEST, Found, SearchFilter, SearchHit, SearchIn, search

Words = Annotated[
    str,
    QueryParameter(
        name="q",
        max_length=LONGEST,
        description='Words that must all be there, the last one perhaps only begun; "a phrase"; -without; or.',
    ),
]
Where = Annotated[SearchIn, QueryParameter(name="in", description="What is listed.")]
# Texts: Litestar takes any number for a time too.
From = Annotated[
    str | None,
    QueryParameter(name="from", format="date-time", description="Said then or later; UTC if it does not say."),
]
To = Annotated[str | None, QueryParameter(name="to", format="date-time", description="Said before.")]
Assignee = Annotated[
    str | None, QueryParameter(name="agent", description="Whose conversation: `me`, `none`, or an agent's id.")
]
Label = Annotated[str | None, QueryParameter(name="label", description="A label of the conversation.")]


class SpeakerBody(msgspec.Struct, frozen=True):
    """Who said it; in a list of contacts, the contact."""

    role: MessageRole
    id: str | None


class SearchHitBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A message; a conversation, told by the best of its `matches`; or a contact.

    `found` says of what `snippet` is a part: `text` that was said, the names of a message's `file`s, an
    `attribute` of the conversation (then `messageId` is null), or what a `contact` is known by.

    `snippet` is plain text, never markup; `highlights` are the matches in it as `[start, end]`, end excluded, in
    Unicode code points. `rank` compares within one search only.
    """

    conversation_id: str | None
    message_id: str | None
    contact_data: ContactBody = msgspec.field(name="contact_data")
    who: SpeakerBody
    at: datetime
    private: bool
    found: Found
    snippet: str
    highlights: tuple[tuple[int, int], ...]
    rank: float
    matches: int


class SearchPageBody(msgspec.Struct, frozen=True, rename="camel"):
    """Ranked; of equal rank the newest first. A page may be short and have a next one nevertheless."""

    data: tuple[SearchHitBody, ...]
    next_cursor: str | None


@get(
    "/api/v1/chat/search",
    opt={"audience": "member", "roles": STAFF},
    summary="Search messages, conversations and contacts",
    operation_id="search",
    tags=["chat"],
)
async def search_chat(
    request: JsonRequest,
    caller: Asker,
    parts: Parts,
    q: Words,
    within: Where = "messages",
    since: From = None,
    until: To = None,
    agent: Assignee = None,
    label: Label = None,
    limit: Limit = 50,
    cursor: PageCursor = None,
) -> Response[SearchPageBody]:
    """All history, private notes, names of files and texts of attributes included; nothing of erased persons.

    The newest 1,000 matches are ranked among themselves, then, on the pages after them, the next 1,000.
    """
    chosen = SearchFilter(
        q=q,
        within=within,
        since=_time("from", since),
        until=_time("to", until),
        assignee=_assignee(agent, caller.agent.agent_id),
        label=None if label is None else label_of(label),
        with_private=True,
        limit=limit,
        cursor=cursor,
    )
    seq = await reached(parts, request, caller.tenant_id, "search")
    if within == "contacts":
        seq = min(seq, await reached(parts, request, caller.tenant_id, "contacts"))
    async with parts.database.tenant(caller.tenant_id) as connection:
        page = await search(connection, caller.tenant_id, chosen)
    return answer(SearchPageBody(tuple(_body(hit) for hit in page.hits), page.next_cursor), seq=seq)


def _body(hit: SearchHit) -> SearchHitBody:
    return SearchHitBody(
        conversation_id=maybe_wire("conversation", hit.conversation_id),
        message_id=maybe_wire("message", hit.message_id),
        contact_data=ContactBody(wire("contact", hit.contact_id), hit.contact_name, hit.contact_email),
        who=SpeakerBody(role_of(hit.role), author_wire(hit.role, hit.author_id)),
        at=hit.at,
        private=hit.private,
        found=hit.found,
        snippet=hit.snippet,
        highlights=hit.highlights,
        rank=hit.rank,
        matches=hit.matches,
    )


def _time(name: str, text: str | None) -> datetime | None:
    """A + of the zone arrives as a space where it was not encoded. Raises Invalid."""
    if text is None:
        return None
    try:
        at = msgspec.convert(text.replace(" ", "+") if "T" in text else text, datetime)
    except msgspec.ValidationError:
        raise Invalid(f"{name} is a time: 2030-01-02T03:04:05Z.") from None
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def _assignee(given: str | None, me: UUID) -> UUID | Literal["none"] | None:
    if given is None or given == "none":
        return given
    if given == "me":
        return me
    try:
        return parse("agent", given)
    except NotFound:
        raise Invalid("agent is me, none, or an agent's id.") from None
