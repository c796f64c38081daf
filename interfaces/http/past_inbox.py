"""The inbox as of an earlier time or position."""

from __future__ import annotations

from uuid import UUID

import msgspec

from domain.refusals import Invalid
from domain.sla_clock import clock_of
from interfaces.http.as_of import Instant, past_people, past_stream
from interfaces.http.parts import HttpParts
from interfaces.http.position import PATIENCE
from projections.inbox import InboxPage, page_of, read_entries
from projections.inbox_filter import InboxFilter, order_of
from projections.past_inbox import counts_then, entries_of, merged, read_moved

MOST = 2_000
"""Conversations that may have changed since: each is folded again."""


async def past_inbox(parts: HttpParts, tenant_id: int, chosen: InboxFilter, me: UUID, at: Instant) -> InboxPage:
    """The page an agent would have seen then; their teams and roles are not asked about. Raises Invalid."""
    if chosen.q is not None:
        raise Invalid("q looks for today's names: leave it out with asOf.")
    order = order_of(chosen)
    await parts.read_positions.wait(tenant_id, "inbox", at.seq, PATIENCE)
    async with parts.database.tenant(tenant_id) as connection:
        # These first: what moves in between is in both, and taken as it was then.
        unmoved = msgspec.structs.replace(chosen, until_seq=at.seq)
        still = [entry for entry, _ in await read_entries(connection, tenant_id, unmoved, order)]
        moved = await read_moved(connection, tenant_id, at.seq, MOST + 1)
    if len(moved.conversation_ids) > MOST:
        raise Invalid(f"More than {MOST} conversations have changed since. Ask for a later time.")
    streams = [*moved.conversation_ids, *map(clock_of, moved.conversation_ids)]
    entries = entries_of(await past_stream(parts, tenant_id, streams, at))
    page = merged(still, entries, chosen, order)
    people = await past_people(parts, tenant_id, {entry.contact_id for entry in page}, at)
    named = [(entry, people[entry.contact_id].name if entry.contact_id in people else None) for entry in page]
    return page_of(named, order, chosen.size, counts_then(moved, entries, me))
