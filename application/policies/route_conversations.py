"""Whenever somebody waits and somebody has room, the one gets to the other.

Every event that may change who waits, who is there or who has room is looked at. A look takes all of the
tenant's queue, so one look answers for all events before it, and no sweep is needed for what an event missed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime

from application.actor import system
from application.bus import CommandBus, Request
from application.handling import AssignConversation, ReturnConversation
from application.log import EventLog, Recorded
from application.ports import Desks
from application.routing import Floor, decide, serving
from application.turns import Turns
from domain import agent, team
from domain.conversation import ConversationStarted
from domain.handling import Awakened, HandlingChanged
from domain.ids import natural_key
from domain.marks import LabelsChanged
from domain.refusals import Conflict, NotFound

LOOKS = 50
"""Looks in one reaction: each one after the first finds that somebody else was faster."""
AT_ONCE = 64
"""Commands under way at a time."""

_CHANGES = (ConversationStarted, HandlingChanged, LabelsChanged, *agent.EVENTS, *team.EVENTS)
_Order = tuple[AssignConversation | ReturnConversation, Request]


class StillMoving(Exception):
    """What is read and what is decided do not meet. The tenant's next event looks again."""


class RouteConversations:
    """Assigns what waits, and takes back what is left with people who have gone."""

    name = "route_conversations"

    def __init__(self, log: EventLog, bus: CommandBus, desks: Desks, clock: Callable[[], datetime]) -> None:
        self._log = log
        self._bus = bus
        self._desks = desks
        self._clock = clock
        self._turns = Turns()
        self._looked: dict[int, int] = {}

    def concerns(self, recorded: Recorded) -> bool:
        return isinstance(recorded.event, _CHANGES)

    async def react(self, recorded: Recorded) -> None:
        """Until nobody waits who could be given to somebody. One reaction of a tenant at a time.

        Raises Unavailable where the read model does not keep up, StillMoving.
        """
        turn = natural_key(recorded.tenant_id, "routing")
        await self._turns.begin(turn)
        try:
            await self._release(recorded)
            if self._looked.get(recorded.tenant_id, 0) < recorded.seq:
                await self._route(recorded)
        finally:
            self._turns.end(turn)

    async def _route(self, recorded: Recorded) -> None:
        # The head first, then the clock: whatever is looked at happened before this time of day.
        seq = max(recorded.seq, await self._log.head(recorded.tenant_id))
        for _ in range(LOOKS):
            now = self._clock()
            floor = await self._desks.floor(recorded.tenant_id, seq, now)
            orders = self._orders(recorded, floor, now)
            if not orders:
                self._looked[recorded.tenant_id] = seq
                return
            for start in range(0, len(orders), AT_ONCE):
                seq = max(seq, await self._carry_out(recorded.tenant_id, orders[start : start + AT_ONCE]))
        raise StillMoving

    def _orders(self, recorded: Recorded, floor: Floor, now: datetime) -> list[_Order]:
        """The keys name a conversation at one version: at that version it is given away once, to one agent."""
        orders: list[_Order] = []
        for held in floor.abandoned:
            back = ReturnConversation(conversation_id=held.conversation_id, reason="agent_left")
            orders.append((back, self._request(recorded, f"{held.conversation_id.hex}:{held.version}")))
        for one in decide(floor, now):
            to = AssignConversation(conversation_id=one.conversation_id, agent_id=one.agent_id, rule=one.rule)
            orders.append((to, self._request(recorded, f"{one.conversation_id.hex}:{one.version}")))
        return orders

    async def _carry_out(self, tenant_id: int, orders: Sequence[_Order]) -> int:
        """The tenant's seq after it: what the next look must have read. Raises what a command raises."""
        done = await asyncio.gather(*(self._give(tenant_id, order) for order in orders), return_exceptions=True)
        failed = next((one for one in done if isinstance(one, BaseException)), None)
        if failed is not None:
            raise failed
        return max(one for one in done if isinstance(one, int))

    async def _give(self, tenant_id: int, order: _Order) -> int:
        command, request = order
        try:
            return (await self._bus.execute(system(tenant_id), command, request)).seq
        except (Conflict, NotFound):
            return await self._log.head(tenant_id)  # what was read is old: the next look knows better

    async def _release(self, recorded: Recorded) -> None:
        """What wakes for an agent who is not there goes back to the queue, where somebody else can be given it."""
        event = recorded.event
        if not isinstance(event, Awakened) or event.after.handled_by != "agent" or event.reason == "agent":
            return
        floor = await self._desks.floor(recorded.tenant_id, recorded.seq, self._clock())
        if _is_left_alone(event, floor):
            command = ReturnConversation(conversation_id=recorded.stream_id, reason="agent_left")
            request = self._request(recorded, f"{recorded.stream_id.hex}:{recorded.version}")
            await self._give(recorded.tenant_id, (command, request))

    def _request(self, recorded: Recorded, key: str) -> Request:
        return Request(f"{self.name}:{key}", policy=self.name, position=recorded.position)


def _is_left_alone(event: Awakened, floor: Floor) -> bool:
    """Its agent is not there, and its queue is one that is assigned from."""
    if any(desk.agent_id == event.after.assignee_id and desk.is_there for desk in floor.desks):
        return False
    return any(one.routing.strategy != "manual" for one in serving(event.after.team_id, floor.teams))
