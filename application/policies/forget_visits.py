"""Whenever a contact was erased, what their browser reported is forgotten too."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from uuid import UUID

from application.log import Recorded
from domain.contact import ContactErased

Forget = Callable[[int, Collection[UUID]], Awaitable[object]]
"""Deletes what a tenant's contacts were tracked doing."""


class ForgetVisits:
    """A `Policy`. Forgetting twice changes nothing."""

    name = "forget_visits"

    def __init__(self, forget: Forget) -> None:
        self._forget = forget

    def concerns(self, recorded: Recorded) -> bool:
        return isinstance(recorded.event, ContactErased)

    async def react(self, recorded: Recorded) -> None:
        await self._forget(recorded.tenant_id, [recorded.stream_id])
