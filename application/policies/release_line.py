"""Whenever a call has ended, its number is free for the next one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from uuid import UUID

from application.log import Recorded
from domain.call import CallEnded

Release = Callable[[int, UUID], Awaitable[None]]
"""Gives back the number of a tenant's conversation."""


class ReleaseLine:
    """A `Policy`. Releasing twice changes nothing; a number that nobody gives back comes free by its own time."""

    name = "release_line"

    def __init__(self, release: Release) -> None:
        self._release = release

    def concerns(self, recorded: Recorded) -> bool:
        return isinstance(recorded.event, CallEnded)

    async def react(self, recorded: Recorded) -> None:
        await self._release(recorded.tenant_id, recorded.stream_id)
