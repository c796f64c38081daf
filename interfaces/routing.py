"""Routing put together: seats for every command, the policy and the timers for the process that reacts."""

from __future__ import annotations

from application.allowance import Allowance
from application.bus import CommandBus
from application.cache import AggregateCache
from application.due import Holds
from application.handlers import HANDLERS
from application.policies.route_conversations import RouteConversations
from application.policies.tell_queue_places import TellQueuePlaces
from application.seats import Seats, seated
from infrastructure.clock import now, uuid7
from infrastructure.eventstore.store import EventStore
from infrastructure.nats.feed import Feed
from infrastructure.projector.positions import ReadPositions
from infrastructure.projector.progress import Progress
from infrastructure.timers import Timers
from interfaces.queue_places import QueuePlaces
from interfaces.workload import Workload


def open_seats(store: EventStore) -> Seats:
    """For all buses of a process."""
    return Seats(Workload(store.database, ReadPositions(store.database)))


def seated_bus(
    store: EventStore, seats: Seats, cache: AggregateCache | None = None, allowance: Allowance | None = None
) -> CommandBus:
    return CommandBus(store, seated(HANDLERS, seats), now, uuid7, cache, allowance)


def routing(
    store: EventStore, seats: Seats, progress: Progress | None = None, holds: Holds | None = None
) -> tuple[RouteConversations, Timers]:
    """Both for one Reactor: `[*policies, route, timers]`, with `timers.run` beside them. `holds`: see Timers.

    Their bus remembers no aggregate: most of what they decide about is changed by other processes, and on an
    old one a command that finds nothing to do would leave somebody waiting.
    """
    workload = Workload(store.database, ReadPositions(store.database, progress))
    bus = seated_bus(store, seats, AggregateCache(0))
    return RouteConversations(store, bus, workload, now), Timers(bus, store.reader, workload, now, holds)


def queue_places(store: EventStore, feed: Feed, progress: Progress | None = None) -> TellQueuePlaces:
    return TellQueuePlaces(store, QueuePlaces(store.database, ReadPositions(store.database, progress), feed))
