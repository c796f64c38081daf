"""Canned responses as of an earlier time or position."""

from __future__ import annotations

from uuid import UUID

from domain.canned_response import CannedResponseRemoved, CannedResponseSaved
from domain.refusals import Invalid
from interfaces.http.as_of import Instant, past_stream
from interfaces.http.canned_body import CannedList, canned_of_event
from interfaces.http.parts import HttpParts
from interfaces.http.position import PATIENCE
from projections.canned import CannedFilter, Viewer, read_canned_ids
from projections.cursor import Cursor, decode_cursor, encode_cursor, page_limit

MOST = 5_000
"""Canned responses, removed ones included, of which an as-of read looks at each."""
_ORDER = "canned/past"


async def past_canned(
    parts: HttpParts, tenant_id: int, viewer: Viewer, chosen: CannedFilter, at: Instant
) -> CannedList:
    """By shortcut; who may see which is decided by today's teams. Raises Invalid for more than MOST."""
    if chosen.q is not None or chosen.sort != "best":
        raise Invalid("q and sort look at today's texts: leave them out with asOf.")
    await parts.read_positions.wait(tenant_id, "canned", at.seq, PATIENCE)
    async with parts.database.tenant(tenant_id) as connection:
        ids = await read_canned_ids(connection, tenant_id, MOST + 1)
    if len(ids) > MOST:
        raise Invalid(f"There are more than {MOST} canned responses.")
    saved: dict[UUID, CannedResponseSaved] = {}
    for one in await past_stream(parts, tenant_id, ids, at):
        if isinstance(one.event, CannedResponseSaved):
            saved[one.stream_id] = one.event
        elif isinstance(one.event, CannedResponseRemoved):
            saved.pop(one.stream_id, None)
    return _page([one for one in saved.values() if _is_visible(one, viewer, chosen.team_id)], chosen)


def _page(saved: list[CannedResponseSaved], chosen: CannedFilter) -> CannedList:
    size = page_limit(chosen.limit)
    start = ("", "")
    if chosen.cursor is not None:
        cursor = decode_cursor(chosen.cursor, _ORDER)
        start = (cursor.key, cursor.last)
    rest = sorted((one for one in saved if _place(one) > start), key=_place)
    more = encode_cursor(Cursor(_ORDER, *_place(rest[size - 1]))) if len(rest) > size else None
    return CannedList(tuple(canned_of_event(one) for one in rest[:size]), more)


def _place(saved: CannedResponseSaved) -> tuple[str, str]:
    return saved.shortcut.lower(), saved.originator_id.hex


def _is_visible(saved: CannedResponseSaved, viewer: Viewer, team_id: UUID | None) -> bool:
    if team_id is not None and saved.team_id != team_id:
        return False
    if saved.scope == "private":
        return saved.owner_id == viewer.agent_id
    return saved.scope == "tenant" or viewer.sees_all_teams or saved.team_id in viewer.team_ids
