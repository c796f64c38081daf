"""What every event and every aggregate is. Both meet the `eventsourcing` library's protocols."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar, Literal
from uuid import UUID

import msgspec

ActorKind = Literal["visitor", "agent", "assistant", "system", "integration"]

NOWHERE = UUID(int=0)
BEGINNING = datetime.min.replace(tzinfo=UTC)


class By(msgspec.Struct, frozen=True):
    """Who did it. `id` names a contact, agent, assistant or API key; the system is `NOWHERE`."""

    kind: ActorKind
    id: UUID = NOWHERE


class TenantRule(msgspec.Struct, frozen=True):
    """A rule that the tenant made and that asked for it, at this version and as it was called then."""

    kind: Literal["automation", "macro"]
    id: UUID
    version: int
    name: str


class Cause(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why it happened: the command, and for a reaction the policy and the position it reacted to.

    `bulk`: the bulk action the command was part of; `undoes`: the id (`evt_…`) of the event it takes back.
    `rule`: the automation or macro that asked for it. `depth`: how many automations led here, one after another;
    `origin`: the position of the event that the first of them reacted to.
    """

    command: str
    policy: str | None = None
    position: int | None = None
    bulk: UUID | None = None
    undoes: str | None = None
    rule: TenantRule | None = None
    depth: int = 0
    origin: int | None = None


class Stamp(msgspec.Struct, frozen=True):
    """Who, when (UTC) and why: handed to every deciding method, written into every event."""

    by: By
    at: datetime
    cause: Cause


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A fact in the past tense. `TYPE` is written by hand and never changes: name, dot, schema version.

    `originator_id` (the stream) and `originator_version` (1 for the first event) are columns of the
    event table; the mapper leaves them out of the stored payload.
    """

    TYPE: ClassVar[str]

    originator_id: UUID = NOWHERE
    originator_version: int = 0
    at: datetime
    by: By
    cause: Cause

    def apply(self, aggregate: Any) -> None:
        """Evolve the aggregate; a fact that changes no state leaves this as it is."""

    def create(self) -> Aggregate | None:
        """A blank aggregate for this stream; only first events know which."""
        return None

    def mutate(self, aggregate: Any) -> Any:
        """The library's `CanMutateProtocol`: apply and return the aggregate at this version."""
        target = self.create() if aggregate is None else aggregate
        if target is None:
            return None
        self.apply(target)
        target.version = self.originator_version
        target.modified_at = self.at
        return target


class PersonalEvent(Event, frozen=True, kw_only=True):
    """An event with `Personal` fields, sealed under the key of `subject_id`."""

    subject_id: UUID


class Aggregate:
    """A consistency boundary: public methods decide and record, events evolve."""

    KIND: ClassVar[str]

    def __init__(self, id: UUID) -> None:
        self.id = id
        self.version = 0
        self.modified_at = BEGINNING
        self._recorded: list[Event] = []

    @property
    def exists(self) -> bool:
        """False for a stream that has no event yet."""
        return self.version > 0

    def record(self, event_class: type[Event], stamp: Stamp, **facts: Any) -> None:
        """Append one event and apply it. Time never runs backwards within a stream."""
        event = event_class(
            originator_id=self.id,
            originator_version=self.version + 1,
            at=max(stamp.at, self.modified_at),
            by=stamp.by,
            cause=stamp.cause,
            **facts,
        )
        event.mutate(self)
        self._recorded.append(event)

    def collect_events(self) -> Sequence[Any]:
        """The events recorded since the last call, oldest first (library's `CollectEventsProtocol`)."""
        recorded, self._recorded = self._recorded, []
        return recorded
