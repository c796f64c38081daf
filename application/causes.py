"""Causes: how far automations have led to an event, found by walking up its causes through other policies' events.

Routing, for one, reacts to what an automation did, and what routing does may be what the automation waits for. So
an event of a policy continues the chain of what made it happen: of the event that it names as its cause and the
one before it in its own stream, the later.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

import msgspec

from application.log import EventLog, Recorded

StreamOf = Callable[[int, UUID], Awaitable[Sequence[Recorded]]]
"""(tenant, stream) -> its events with their positions, oldest first."""

MOST_STEPS = 20
"""Policies that follow from one another without an automation among them; further up nobody looks."""


class Chain(msgspec.Struct, frozen=True):
    """`depth`: automations before this event; `origin`: the position of the event that began it."""

    depth: int
    origin: int


async def chain_of(log: EventLog, stream_of: StreamOf, recorded: Recorded) -> Chain:
    """Of an event that no policy caused, that event itself, at no cost."""
    one = recorded
    for _ in range(MOST_STEPS):
        if one.event.cause.position is None or one.event.cause.depth > 0:
            break
        one = await _before(log, stream_of, one, one.event.cause.position)
    cause = one.event.cause
    return Chain(cause.depth, one.position if cause.origin is None else cause.origin)


async def _before(log: EventLog, stream_of: StreamOf, one: Recorded, position: int) -> Recorded:
    named = await log.read(one.tenant_id, position, position)
    stream = [other for other in await stream_of(one.tenant_id, one.stream_id) if other.version < one.version]
    return max([*named, *stream[-1:]], key=lambda other: other.position, default=one)
