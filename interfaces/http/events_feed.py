"""The feed: a tenant's events by seq, for who replays, analyses or reacts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated

import msgspec
from litestar import Response, get
from litestar.params import Parameter

from application.log import Recorded
from infrastructure.access.grants import Member
from interfaces.event_body import EventBodies, EventBody
from interfaces.http.audience import Asker
from interfaces.http.headers import answer
from interfaces.http.parts import HttpParts, Parts

READERS = frozenset(["owner", "admin", "analyst"])
WITHOUT_PERSONAL = frozenset(["analyst"])
PERSONAL = frozenset(["conversations:read", "contacts:read"])
LONGEST_WAIT = 30.0

After = Annotated[int, Parameter(ge=0, description="The last seq you have; 0 from the beginning.")]
Wait = Annotated[
    float, Parameter(ge=0, le=LONGEST_WAIT, description="Seconds to wait while there is nothing new.")
]
Limit = Annotated[int, Parameter(ge=1, le=1000)]


class EventPage(msgspec.Struct, frozen=True):
    """Events after `after`, in order and without a gap; ask again with `next`."""

    data: tuple[EventBody, ...]
    next: int


@get(
    "/api/v1/events",
    opt={"audience": "member", "roles": READERS},
    summary="Read the tenant's events",
    operation_id="listEvents",
    tags=["history"],
)
async def list_events(
    caller: Asker, parts: Parts, after: After = 0, wait: Wait = 0.0, limit: Limit = 100
) -> Response[EventPage]:
    """What people said and are is left out for analysts, and for permission sets that do not read both."""
    recorded = await parts.reader.tenant_page(caller.tenant_id, after, limit)
    if not recorded and wait:
        await _news(parts, caller.tenant_id, after, wait)
        recorded = await parts.reader.tenant_page(caller.tenant_id, after, limit)
    bodies = EventBodies(personal=_sees_personal(caller.agent))
    last = recorded[-1].seq if recorded else after
    return answer(EventPage(tuple(bodies.body(one) for one in recorded), last), seq=last)


def _sees_personal(member: Member) -> bool:
    holds_both = member.permissions is None or member.permissions >= PERSONAL
    return holds_both and member.role not in WITHOUT_PERSONAL


async def _news(parts: HttpParts, tenant_id: int, after: int, seconds: float) -> None:
    """Returns when there may be an event after `after`, or when the time is over."""
    arrived = asyncio.Event()

    def listen(recorded: Sequence[Recorded]) -> None:
        if recorded[-1].seq > after:
            arrived.set()

    try:
        async with asyncio.timeout(seconds), parts.feed.follow(tenant_id, listen) as seq:
            if seq <= after:
                await arrived.wait()
    except TimeoutError:
        return
