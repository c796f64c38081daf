"""Family B: the agents' inbox."""

from __future__ import annotations

from typing import Annotated, Literal, get_args
from uuid import UUID

from litestar import Response, get
from litestar.params import FromQuery, QueryParameter

from domain.conversation import Channel
from domain.handling import HandledBy, Status
from domain.ids import parse
from domain.marks import Priority, label
from domain.refusals import Invalid, NotFound
from domain.values import bounded
from domain.view import ViewFilter
from interfaces.http.as_of import AsOf, answer_as_of, instant
from interfaces.http.audience import STAFF, Asker
from interfaces.http.body import JsonRequest
from interfaces.http.headers import answer
from interfaces.http.parts import Parts
from interfaces.http.past_inbox import past_inbox
from interfaces.http.position import reached
from interfaces.http.transcript import Limit, PageCursor
from interfaces.http.views import visible_view
from interfaces.inbox_body import InboxPageBody, inbox_page
from projections.inbox import read_inbox
from projections.inbox_filter import InboxFilter, InboxSort
from projections.sla_standing import SlaStatus


@get(
    "/api/v1/chat/agent/conversations",
    opt={"audience": "member", "roles": STAFF},
    summary="List the inbox",
    operation_id="listInbox",
    tags=["chat"],
)
async def list_inbox(
    request: JsonRequest,
    caller: Asker,
    parts: Parts,
    status: FromQuery[Status | None] = None,
    handled_by: Annotated[HandledBy | None, QueryParameter(name="handledBy")] = None,
    assignee: Annotated[str | None, QueryParameter(description="`me`, `none`, or an agent's id.")] = None,
    participant: Annotated[str | None, QueryParameter(description="`me`, or an agent's id.")] = None,
    team: Annotated[str | None, QueryParameter(description="A team's id.")] = None,
    label: FromQuery[str | None] = None,
    channel: FromQuery[Channel | None] = None,
    priority: FromQuery[Priority | None] = None,
    sla: Annotated[SlaStatus | None, QueryParameter(description="How what is due next stands.")] = None,
    q: Annotated[str | None, QueryParameter(description="How the contact's name or e-mail begins.")] = None,
    sort: FromQuery[InboxSort | None] = None,
    view: Annotated[str | None, QueryParameter(description="A saved view's id; the rest goes before it.")] = None,
    limit: Limit = 50,
    cursor: PageCursor = None,
    as_of: AsOf = None,
) -> Response[InboxPageBody]:
    """Rows carry unread and waitingSince; counts are of the whole inbox. Snoozed ones are not among the open.

    With `asOf`, as it was then: 400 where more than 2,000 conversations have changed since.
    """
    me = caller.agent.agent_id
    asked = ViewFilter(status, handled_by, assignee, team, label, channel, priority, q, sort, sla, participant)
    if view is not None:
        asked = asked.over((await visible_view(request, parts, caller, parse("view", view))).filter)
    chosen = _filter(asked, me, limit, cursor)
    if as_of is not None:
        at = await instant(parts, caller.tenant_id, as_of)
        return answer_as_of(inbox_page(await past_inbox(parts, caller.tenant_id, chosen, me, at)), at)
    seq = await reached(parts, request, caller.tenant_id, "inbox")
    async with parts.database.tenant(caller.tenant_id) as connection:
        page = await read_inbox(connection, caller.tenant_id, chosen, me)
    return answer(inbox_page(page), seq=seq)


def _filter(asked: ViewFilter, me: UUID, limit: int, cursor: str | None) -> InboxFilter:
    return InboxFilter(
        status=asked.status,
        handled_by=asked.handled_by,
        assignee=_assignee(asked.assignee, me),
        participant=_participant(asked.participant, me),
        team=None if asked.team is None else _id("team", asked.team),
        label=_label(asked.label),
        channel=asked.channel,
        priority=asked.priority,
        sla=_sla(asked.sla),
        q=_words(asked.q),
        sort=_sort(asked.sort),
        limit=limit,
        cursor=cursor,
    )


def _sort(given: str | None) -> InboxSort:
    """An order that a view was saved with and that there is no more is the usual one."""
    return next((known for known in get_args(InboxSort) if known == given), "newest")


def _sla(given: str | None) -> SlaStatus | None:
    return next((known for known in get_args(SlaStatus) if known == given), None)


def _assignee(given: str | None, me: UUID) -> UUID | Literal["none"] | None:
    if given is None or given == "none":
        return given
    return me if given == "me" else _id("agent", given)


def _participant(given: str | None, me: UUID) -> UUID | None:
    if given is None:
        return None
    return me if given == "me" else _id("agent", given)


def _id(noun: str, given: str) -> UUID:
    try:
        return parse(noun, given)
    except NotFound:
        raise Invalid(f"There is no {noun} with such an id.") from None


def _label(given: str | None) -> str | None:
    return None if given is None else label(given)


def _words(given: str | None) -> str | None:
    """Nothing to look for is no condition."""
    return (bounded("q", given).strip() or None) if given is not None else None
