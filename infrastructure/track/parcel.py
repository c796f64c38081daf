"""Parcel: a beacon as it may be stored, ready to be sent."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from application.tracking import HEARTBEAT, PAGE_VIEW, Beacon, TrackedEvent
from infrastructure.track.online import Here

_SHORT = {
    "id": "i",
    "name": "n",
    "at": "t",
    "url": "u",
    "title": "h",
    "referrer": "r",
    "props": "p",
}
"""Each is written to disk fifty times a row; the view track.event has the names back."""


class StoredEvent(msgspec.Struct, frozen=True, omit_defaults=True, rename=_SHORT):
    """An event as `track.beacon` holds it. Without consent nothing but a name is there."""

    id: str
    name: str
    at: datetime | None = None
    url: str | None = None
    title: str | None = None
    referrer: str | None = None
    props: dict[str, Any] | None = None


class Parcel(msgspec.Struct, frozen=True):
    """`scope`: 8 bytes, the visitor's or session's; `ids`: 8 of each event. `here`: who is where now.

    Without consent it names nobody.
    """

    tenant_id: int
    visitor_id: UUID | None
    widget_id: UUID
    session_id: str
    is_proven: bool
    scope: bytes
    ids: Sequence[bytes]
    events: Sequence[StoredEvent]
    here: Here | None

    @property
    def count(self) -> int:
        return len(self.events)

    def only(self, numbers: Sequence[int]) -> Parcel:
        """The same with these of its events."""
        ids, events = [self.ids[number] for number in numbers], [self.events[number] for number in numbers]
        return msgspec.structs.replace(self, ids=ids, events=events)


def parcel(beacon: Beacon, arrived_at: datetime, secret: bytes) -> Parcel:
    """Takes out of the beacon what may be stored; a clock that is ahead is set to `arrived_at`."""
    told = [event for event in beacon.events if event.name != HEARTBEAT]
    hasher = hashlib.blake2b(_scope(beacon), key=secret, digest_size=8)
    ids = [os.urandom(8) if one.event_id is None else _hash(hasher, one.event_id) for one in told]
    if beacon.visitor_id is None:
        counted = [StoredEvent("", event.name) for event in told]
        return Parcel(beacon.tenant_id, None, beacon.widget_id, "", False, hasher.digest(), ids, counted, None)
    events = [_stored(id, event, arrived_at) for id, event in zip(ids, told, strict=True)]
    who = (beacon.tenant_id, beacon.visitor_id, beacon.widget_id, beacon.session_id, beacon.is_proven)
    return Parcel(*who, hasher.digest(), ids, events, _here(beacon.tenant_id, beacon.visitor_id, told))


def _stored(id: bytes, event: TrackedEvent, arrived_at: datetime) -> StoredEvent:
    at = arrived_at if event.at is None or event.at > arrived_at else event.at
    return StoredEvent(id.hex(), event.name, at, event.url, event.title, event.referrer, event.props)


def _here(tenant_id: int, visitor_id: UUID, events: Sequence[TrackedEvent]) -> Here:
    """On the last page that they opened."""
    for event in reversed(events):
        if event.name == PAGE_VIEW and event.url is not None:
            return Here(tenant_id, visitor_id, event.url, event.title, event.referrer)
    return Here(tenant_id, visitor_id)


def _scope(beacon: Beacon) -> bytes:
    """Within which an event's id is unique: a visitor, or for somebody unknown a widget's session."""
    if beacon.is_proven and beacon.visitor_id is not None:
        return b"%d|%s|" % (beacon.tenant_id, beacon.visitor_id.bytes)
    return b"%d|%s|%s|" % (beacon.tenant_id, beacon.widget_id.bytes, beacon.session_id.encode())


def _hash(scope: hashlib.blake2b, event_id: str) -> bytes:
    hasher = scope.copy()
    hasher.update(event_id.encode())
    return hasher.digest()
