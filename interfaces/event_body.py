"""The JSON of one event: what the feed, `verbatim replay` and the audit show of the log itself."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from application.log import Recorded
from domain.catalog import EVENT_TYPES
from domain.ids import event_wire, wire
from domain.kernel import Cause, Event
from domain.personal import personal_fields
from interfaces.wire import author_wire

_PLACE = {"originator_id", "originator_version", "at", "by", "cause"}


class ByBody(msgspec.Struct, frozen=True):
    kind: str
    id: str | None


class RuleBody(msgspec.Struct, frozen=True):
    """The automation or macro, as it was then."""

    kind: str
    id: str
    version: int
    name: str


class CauseBody(msgspec.Struct, frozen=True, omit_defaults=True):
    command: str
    policy: str | None = None
    position: int | None = None
    bulk: str | None = None
    undoes: str | None = None
    rule: RuleBody | None = None
    depth: int = 0
    origin: int | None = None


class EventBody(msgspec.Struct, frozen=True, rename="camel"):
    """One event: `seq` in its tenant, `position` over all; `data` holds the facts of its type (docs/events.md).

    `hash` is the head of the stream's chain after this event, in hex.
    """

    event_id: str
    type: str
    seq: int
    position: int
    stream: str
    version: int
    at: datetime
    by: ByBody
    cause: CauseBody
    data: dict[str, Any]
    hash: str


class EventBodies:
    """Turns events into their JSON; without `personal`, fields about people are null (analysts)."""

    def __init__(self, *, personal: bool) -> None:
        self._hidden = {} if personal else {name: personal_fields(kind) for name, kind in EVENT_TYPES.items()}

    def body(self, recorded: Recorded) -> EventBody:
        event = recorded.event
        return EventBody(
            event_id=event_wire(recorded.stream_id, recorded.version),
            type=recorded.type,
            seq=recorded.seq,
            position=recorded.position,
            stream=wire(recorded.kind, recorded.stream_id),
            version=recorded.version,
            at=recorded.at,
            by=ByBody(event.by.kind, author_wire(event.by.kind, event.by.id)),
            cause=_cause(event.cause),
            data=self._data(event),
            hash=recorded.hash.hex(),
        )

    def _data(self, event: Event) -> dict[str, Any]:
        hidden = self._hidden.get(event.TYPE, ())
        facts = msgspec.to_builtins(event)
        return {name: None if name in hidden else value for name, value in facts.items() if name not in _PLACE}


def _cause(cause: Cause) -> CauseBody:
    bulk = None if cause.bulk is None else wire("bulk", cause.bulk)
    rule = cause.rule
    body = None if rule is None else RuleBody(rule.kind, wire(rule.kind, rule.id), rule.version, rule.name)
    place = (cause.policy, cause.position, bulk, cause.undoes)
    return CauseBody(cause.command, *place, body, cause.depth, cause.origin)
