"""Family B: the notes that name the asking agent, and having read them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import JSONBody, QueryParameter

from application.mention import MOST_READ, ReadMentions, ReadUpTo
from domain.ids import parse, wire
from domain.mention import MentionsRead
from interfaces.http.audience import STAFF, Asker, may
from interfaces.http.body import JsonRequest
from interfaces.http.first_contact import order_of
from interfaces.http.headers import answer, answer_to_command
from interfaces.http.marks import Version
from interfaces.http.parts import Parts
from interfaces.http.position import reached
from interfaces.http.transcript import Limit, PageCursor
from interfaces.message_body import named_in
from interfaces.wire import ContactBody, MessageRole, author_wire, role_of
from projections.mentions import Mention, read_mentions

MENTIONS = "/api/v1/chat/mentions"
Unread = Annotated[bool, QueryParameter(name="unread", description="Only what is not read yet.")]


class MentionBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One note. `id` is the message's, `version` its place in the conversation; `text` is null once erased."""

    id: str
    conversation_id: str
    contact_data: ContactBody = msgspec.field(name="contact_data")
    role: MessageRole
    author_id: str | None
    text: str | None
    mentions: tuple[str, ...] | msgspec.UnsetType
    created_at: datetime
    read: bool
    version: int
    seq: int


class MentionPageBody(msgspec.Struct, frozen=True, rename="camel"):
    """`unread`: of all there are, whatever is listed."""

    data: tuple[MentionBody, ...]
    next_cursor: str | None
    unread: int


class ReadPlace(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """A conversation, up to a message's `version`; without it all of the conversation."""

    conversation_id: str
    up_to: Version | None = None


class ReadRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    conversations: Annotated[tuple[ReadPlace, ...], msgspec.Meta(min_length=1, max_length=MOST_READ)]


class LeftUnread(msgspec.Struct, frozen=True, rename="camel"):
    """`left`: how many are unread in it now."""

    conversation_id: str
    up_to: int
    left: int


class ReadAnswer(msgspec.Struct, frozen=True):
    """What changed; a conversation without an unread mention is not among it."""

    conversations: tuple[LeftUnread, ...]


@get(
    MENTIONS,
    opt={"audience": "member", "roles": STAFF},
    summary="List the notes that mention me",
    operation_id="listMentions",
    tags=["chat"],
)
async def list_mentions(
    request: JsonRequest,
    caller: Asker,
    parts: Parts,
    unread: Unread = False,
    limit: Limit = 50,
    cursor: PageCursor = None,
) -> Response[MentionPageBody]:
    """The newest first, by name or as a member of a team; with the number of those that are unread."""
    seq = await reached(parts, request, caller.tenant_id, "transcript")
    me = caller.agent.agent_id
    async with parts.database.tenant(caller.tenant_id) as connection:
        page = await read_mentions(connection, caller.tenant_id, me, unread=unread, limit=limit, cursor=cursor)
    body = MentionPageBody(tuple(_body(row) for row in page.rows), page.next_cursor, page.unread)
    return answer(body, seq=seq)


@post(
    MENTIONS + "/read",
    status_code=200,
    opt={"audience": "member", "roles": may(ReadMentions)},
    summary="Mark mentions as read",
    operation_id="readMentions",
    tags=["chat"],
)
async def mark_mentions_read(
    request: JsonRequest, data: JSONBody[ReadRequest], caller: Asker, parts: Parts
) -> Response[ReadAnswer]:
    """The caller's own, in all of these conversations, or in none where one is absent. Twice changes nothing."""
    actor = caller.actor()
    places = tuple(ReadUpTo(parse("conversation", one.conversation_id), one.up_to) for one in data.conversations)
    command = ReadMentions(places=places)
    receipt = await parts.bus.execute(actor, command, order_of(request, actor, command))
    left = (
        LeftUnread(wire("conversation", event.originator_id), event.up_to, event.left)
        for event in receipt.events
        if isinstance(event, MentionsRead)
    )
    return answer_to_command(ReadAnswer(tuple(left)), receipt)


ROUTES = (list_mentions, mark_mentions_read)


def _body(row: Mention) -> MentionBody:
    return MentionBody(
        id=wire("message", row.message_id),
        conversation_id=wire("conversation", row.conversation_id),
        contact_data=ContactBody(wire("contact", row.contact_id), row.contact_name),
        role=role_of(row.role),
        author_id=author_wire(row.role, row.author_id),
        text=row.text,
        mentions=named_in(row.mentions),
        created_at=row.at,
        read=row.is_read,
        version=row.version,
        seq=row.seq,
    )
