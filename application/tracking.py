"""Tracking: what a visitor's browser reports. Never in the log, and so neither a command nor an event of it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.refusals import Invalid
from domain.values import bounded, required

MOST_EVENTS = 50
URL_LENGTH, TITLE_LENGTH, PROPS_SIZE = 2048, 256, 8192
PAGE_VIEW = "page_view"
HEARTBEAT = "heartbeat"
"""Says only that somebody is still there: neither stored nor counted."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.:/-]{0,99}")
_ZERO = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_encode = msgspec.json.Encoder().encode
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)


class TrackedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened on a page. `event_id` is the client's: what comes twice with it is stored once.

    `referrer` is the page before; `at` None is the moment it arrives.
    """

    name: str
    event_id: str | None = None
    at: datetime | None = None
    url: str | None = None
    title: str | None = None
    referrer: str | None = None
    props: dict[str, Any] | None = None


class Beacon(msgspec.Struct, frozen=True, kw_only=True):
    """What one browser reports at once.

    `visitor_id` None: without consent, so that only the names are counted. `is_proven`: a visitor token named the
    visitor; a `session_id` is a label and proves nothing.
    """

    tenant_id: int
    widget_id: UUID
    session_id: str
    visitor_id: UUID | None
    is_proven: bool
    events: tuple[TrackedEvent, ...]


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """A visitor who came, moved to another page, or (`is_online` False) is gone. `since` is when they came."""

    tenant_id: int
    visitor_id: UUID
    is_online: bool
    since: datetime | None = None
    url: str | None = None
    title: str | None = None
    referrer: str | None = None


def valid_beacon(beacon: Beacon) -> Beacon:
    """`beacon` unchanged. Raises Invalid that names the first bad event."""
    required("sessionId", beacon.session_id)
    if not 1 <= len(beacon.events) <= MOST_EVENTS:
        raise Invalid(f"A request carries 1 to {MOST_EVENTS} events.")
    for number, event in enumerate(beacon.events):
        try:
            _expect_valid(event)
        except Invalid as refusal:
            raise Invalid(refusal.message, event=number) from None
    return beacon


def _expect_valid(event: TrackedEvent) -> None:
    if not _NAME.fullmatch(event.name):
        raise Invalid("event is a name of 1 to 100 letters, digits, spaces and _ . : / -")
    if event.event_id is not None:
        required("eventId", event.event_id)
    if event.url is not None:
        _expect_address("url", event.url)
    if event.referrer is not None:
        _expect_address("referrer", event.referrer)
    if event.title is not None:
        bounded("title", event.title, TITLE_LENGTH)
    if event.at is not None and (event.at.tzinfo is None or event.at < _EARLIEST):
        raise Invalid("timestamp has a zone and is in this century.")
    if event.props is not None:
        _expect_props(event.props)


def _expect_props(props: dict[str, Any]) -> None:
    written = _encode(props)
    if len(written) > PROPS_SIZE:
        raise Invalid(f"props are larger than {PROPS_SIZE} bytes.")
    # An odd number of backslashes: an even one is a text that says so.
    if b"u0000" in written and _ZERO.search(written) is not None:
        raise Invalid("props hold a character that no text may hold.")


def _expect_address(name: str, address: str) -> None:
    if not bounded(name, address, URL_LENGTH).startswith(("http://", "https://")):
        raise Invalid(f"{name} is an http or https address.")
