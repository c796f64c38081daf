"""Stamps for tests of the domain: who, on a clock that starts on New Year 2030."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from domain.kernel import ActorKind, Aggregate, By, Cause, Event, Stamp

NEW_YEAR = datetime(2030, 1, 1, tzinfo=UTC)


def stamp(kind: ActorKind = "system", id: int = 0, hours: float = 0) -> Stamp:
    """By this kind of actor, so many hours after the start."""
    return Stamp(By(kind, UUID(int=id)), NEW_YEAR + timedelta(hours=hours), Cause("Test"))


def types(aggregate: Aggregate) -> list[str]:
    """The types of what was recorded since the last look."""
    return [event.TYPE for event in aggregate.collect_events()]


def refolded(events: list[Event]) -> Aggregate:
    """The aggregate that these events make."""
    aggregate = None
    for event in events:
        aggregate = event.mutate(aggregate)
    assert aggregate is not None
    return aggregate
