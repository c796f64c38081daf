"""Whenever the queue moves, those who wait in it are told where they stand. Nothing of it is stored."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from application.log import EventLog, Recorded
from application.ports import Places, QueuePlace
from application.turns import Turns
from domain.conversation import ConversationStarted
from domain.handling import Handling, HandlingChanged
from domain.ids import natural_key

TENANTS = 10_000
"""Whose places are remembered, so that nobody is told the same twice; others hear theirs again."""


class TellQueuePlaces:
    """A look answers for all events before it, so a busy queue is told now and then, not at every event."""

    name = "tell_queue_places"

    def __init__(self, log: EventLog, places: Places) -> None:
        self._log = log
        self._places = places
        self._turns = Turns()
        self._looked: dict[int, int] = {}
        self._told: dict[int, dict[UUID, QueuePlace]] = {}

    def concerns(self, recorded: Recorded) -> bool:
        """Somebody came into the queue, or left it."""
        event = recorded.event
        if isinstance(event, ConversationStarted):
            return _waits(event.handling)
        return isinstance(event, HandlingChanged) and (_waits(event.before) or _waits(event.after))

    async def react(self, recorded: Recorded) -> None:
        """Raises Unavailable where the read model does not keep up."""
        turn = natural_key(recorded.tenant_id, "queue")
        await self._turns.begin(turn)
        try:
            if self._looked.get(recorded.tenant_id, 0) < recorded.seq:
                await self._tell(recorded)
        finally:
            self._turns.end(turn)

    async def _tell(self, recorded: Recorded) -> None:
        tenant_id = recorded.tenant_id
        seq = max(recorded.seq, await self._log.head(tenant_id))
        waiting = await self._places.queue(tenant_id, seq)
        known = self._told.get(tenant_id, {})
        for place in _news(waiting, known):
            await self._places.tell(tenant_id, place)
        self._remember(tenant_id, seq, waiting)

    def _remember(self, tenant_id: int, seq: int, waiting: Sequence[QueuePlace]) -> None:
        self._told.pop(tenant_id, None)
        self._looked.pop(tenant_id, None)
        self._told[tenant_id] = {place.conversation_id: place for place in waiting}
        self._looked[tenant_id] = seq
        if len(self._told) > TENANTS:
            oldest = next(iter(self._told))
            del self._told[oldest], self._looked[oldest]


def _waits(handling: Handling) -> bool:
    return handling.handled_by == "queue" and handling.status == "open"


def _news(waiting: Sequence[QueuePlace], known: dict[UUID, QueuePlace]) -> list[QueuePlace]:
    """Whose position is another than they were told; an estimate alone is no news."""
    return [
        place
        for place in waiting
        if place.conversation_id not in known or known[place.conversation_id].position != place.position
    ]
