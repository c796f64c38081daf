"""Visitors: what they looked at and asked, whether they may write, and how often they may begin."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, JSONBody

from application.command import Command
from application.contact import BlockContact, UnblockContact
from domain.conversation import Channel
from domain.handling import Status
from domain.ids import parse
from domain.refusals import NotFound, RateLimited
from interfaces.http.audience import STAFF, Asker, may
from interfaces.http.body import JsonRequest
from interfaces.http.contact_body import ContactAnswer, carry_out_on_contact
from interfaces.http.first_contact import Opening
from interfaces.http.headers import answer
from interfaces.http.parts import HttpParts, Parts
from interfaces.http.position import reached
from interfaces.http.transcript import Limit, PageCursor
from interfaces.wire import maybe_wire
from projections.visits import MomentKind, MomentView, is_known, read_nth_start, read_timeline

VISITOR = "/api/v1/chat/visitors/{contact_id:str}"
MOST_STARTS = 50
STARTS_WITHIN = timedelta(hours=24)


class StartsLimited(RateLimited):
    policy = ("conversations", MOST_STARTS, int(STARTS_WITHIN.total_seconds()))


class BlockRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Without `until` it holds until it is taken back. The visitor is not told the reason."""

    reason: str
    until: datetime | None = None


class MomentBody(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """A `page` they looked at, another tracked `event`, a `conversation` that began, or their `rating` of one."""

    type: MomentKind
    at: datetime
    url: str | None = None
    title: str | None = None
    referrer: str | None = None
    conversation_id: str | None = None
    channel: Channel | None = None
    status: Status | None = None
    ended_at: datetime | None = None
    score: int | None = None
    comment: str | None = None
    event: str | None = None
    props: dict[str, Any] | None = None


class TimelineBody(msgspec.Struct, frozen=True, rename="camel"):
    data: tuple[MomentBody, ...]
    next_cursor: str | None = None


@get(
    VISITOR + "/timeline",
    opt={"audience": "member", "roles": STAFF},
    summary="Get a visitor's timeline",
    operation_id="getVisitorTimeline",
    tags=["visitors"],
)
async def get_visitor_timeline(
    request: JsonRequest,
    contact_id: FromPath[str],
    caller: Asker,
    parts: Parts,
    limit: Limit = 50,
    cursor: PageCursor = None,
) -> Response[TimelineBody]:
    """What everybody who is this person did, newest first: pages and tracked events, conversations, ratings."""
    id = parse("contact", contact_id)
    seq = await reached(parts, request, caller.tenant_id, "contacts")
    async with parts.database.tenant(caller.tenant_id) as connection:
        if not await is_known(connection, caller.tenant_id, id):
            raise NotFound
        page = await read_timeline(connection, caller.tenant_id, id, limit, cursor)
    return answer(TimelineBody(tuple(_moment(one) for one in page.moments), page.next_cursor), seq=seq)


@post(
    VISITOR + "/block",
    status_code=200,
    opt={"audience": "member", "roles": may(BlockContact)},
    summary="Block a visitor",
    operation_id="blockVisitor",
    tags=["visitors"],
)
async def block_visitor(
    request: JsonRequest, contact_id: FromPath[str], data: JSONBody[BlockRequest], caller: Asker, parts: Parts
) -> Response[ContactAnswer]:
    """What they write is refused with 403 `visitor_blocked`; all contacts that are this person are blocked."""
    command = BlockContact(contact_id=parse("contact", contact_id), reason=data.reason, until=data.until)
    return await carry_out_on_contact(request, parts, caller.actor(), command)


@post(
    VISITOR + "/unblock",
    status_code=200,
    opt={"audience": "member", "roles": may(UnblockContact)},
    summary="Unblock a visitor",
    operation_id="unblockVisitor",
    tags=["visitors"],
)
async def unblock_visitor(
    request: JsonRequest, contact_id: FromPath[str], caller: Asker, parts: Parts
) -> Response[ContactAnswer]:
    """They may write again at once."""
    command = UnblockContact(contact_id=parse("contact", contact_id))
    return await carry_out_on_contact(request, parts, caller.actor(), command)


async def refuse_flood(parts: HttpParts, opened: Opening, command: Command | None) -> None:
    """50 new conversations in 24 hours are enough for one visitor. Raises RateLimited; nothing is stored then.

    Asked of the read model, once per start: a burst may pass by as much as the read model is behind. A repeat of
    a start that was carried out is let through, so that it gets its answer; without `command` none is looked for.
    """
    if opened.actor.role != "visitor" or opened.is_first_contact:
        return
    async with parts.database.tenant(opened.actor.tenant_id) as connection:
        earliest = await read_nth_start(connection, opened.actor.tenant_id, opened.contact_id, MOST_STARTS)
    if earliest is None:
        return
    left = earliest + STARTS_WITHIN - datetime.now(UTC)
    if left <= timedelta(0):
        return
    if (
        command is None
        or opened.request.key is None
        or await parts.bus.recall(opened.actor, command, opened.request) is None
    ):
        raise StartsLimited(int(left.total_seconds()) + 1)


def _moment(one: MomentView) -> MomentBody:
    return MomentBody(
        type=one.kind,
        at=one.at,
        url=one.url,
        title=one.title,
        referrer=one.referrer,
        conversation_id=maybe_wire("conversation", one.conversation_id),
        channel=one.channel,
        status=one.status,
        ended_at=one.ended_at,
        score=one.score,
        comment=one.comment,
        event=one.name if one.kind == "event" else None,
        props=one.props,
    )


ROUTES = (get_visitor_timeline, block_visitor, unblock_visitor)
