"""What is counted of browsers that wanted nothing kept: names and days."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec
from litestar import Response, get
from litestar.params import QueryParameter

from interfaces.http.audience import MEMBERS, Asker
from interfaces.http.headers import answer
from interfaces.http.parts import Parts
from interfaces.http.transcript import Limit, PageCursor
from projections.tallies import read_tallies

Since = Annotated[date | None, QueryParameter(name="since", description="The first day, in UTC.")]
Until = Annotated[date | None, QueryParameter(name="until", description="The last day.")]


class TallyBody(msgspec.Struct, frozen=True):
    """`event` was reported `count` times with `consent: false` on that day (UTC, of arrival)."""

    day: date
    event: str
    count: int


class TallyList(msgspec.Struct, frozen=True, rename="camel"):
    data: tuple[TallyBody, ...]
    next_cursor: str | None


@get(
    "/api/v1/tracking/tallies",
    opt={"audience": "member", "roles": MEMBERS},
    summary="List what was counted without consent",
    operation_id="listTrackingTallies",
    tags=["visitors"],
)
async def list_tallies(
    caller: Asker,
    parts: Parts,
    since: Since = None,
    until: Until = None,
    limit: Limit = 50,
    cursor: PageCursor = None,
) -> Response[TallyList]:
    """The newest day first, within a day by name. Nobody is in it, so analysts see it whole."""
    async with parts.database.tenant(caller.tenant_id) as connection:
        page = await read_tallies(connection, caller.tenant_id, since, until, limit, cursor)
    seq = (await parts.reader.tenant_heads([caller.tenant_id]))[caller.tenant_id]
    rows = tuple(TallyBody(one.day, one.name, one.number) for one in page.tallies)
    return answer(TallyList(rows, page.next_cursor), seq=seq)


ROUTES = (list_tallies,)
