"""Family A, `POST /track`: what a browser reports. It makes no contact, no conversation and no event."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import uuid4

import msgspec
from litestar import Response, post
from litestar.params import FromPath, JSONBody

from application.tracking import HEARTBEAT, MOST_EVENTS, Beacon, TrackedEvent
from domain.refusals import Invalid, MissingSession
from infrastructure.access.grants import WidgetGrant
from interfaces.http.audience import Asker, Caller
from interfaces.http.body import JsonRequest
from interfaces.http.chat import own_widget
from interfaces.http.headers import idempotency_key
from interfaces.http.parts import Parts


class TrackedBody(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """`props` and `metadata` are two names of one thing. `event`: `page_view` for a page, else a name of yours."""

    event: str | None = None
    event_id: str | None = None
    timestamp: datetime | None = None
    url: str | None = None
    title: str | None = None
    referrer: str | None = None
    props: dict[str, Any] | None = None
    metadata: dict[str, Any] | None = None


class TrackRequest(TrackedBody, frozen=True, rename="camel", forbid_unknown_fields=True):
    """One event, or `events`. With `consent` false they are counted by name, and nothing else is kept."""

    session_id: str | None = None
    consent: bool = True
    events: Annotated[tuple[TrackedBody, ...], msgspec.Meta(max_length=MOST_EVENTS)] | None = None


class TrackAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`visitorToken`: for a browser that came without one; it says from now on who they are."""

    success: bool = True
    visitor_token: str | msgspec.UnsetType = msgspec.UNSET


@post(
    "/api/widgets/{widget_id:str}/track",
    status_code=200,
    opt={"audience": "widget"},
    summary="Track widget event",
    operation_id="trackWidgetEvent",
    tags=["widgets"],
)
async def track_widget_event(
    request: JsonRequest, widget_id: FromPath[str], data: JSONBody[TrackRequest], caller: Asker, parts: Parts
) -> Response[TrackAnswer]:
    """Durable when answered. A repeat with the same `eventId`s, or the same Idempotency-Key, changes nothing.

    The event `heartbeat` says that the visitor is still there; it is neither stored nor counted.
    """
    grant = own_widget(widget_id, caller)
    if not data.session_id or not data.session_id.strip():
        raise MissingSession
    events = _events(data, idempotency_key(request, None))
    beacon = _beacon(caller, grant, data, events)
    await parts.ingest.accept(beacon)
    token = msgspec.UNSET
    if beacon.visitor_id is not None and not beacon.is_proven:
        token = await parts.access.new_visitor(grant.tenant_id, beacon.visitor_id, grant.widget_id)
    return Response(TrackAnswer(visitor_token=token))


def _beacon(caller: Caller, grant: WidgetGrant, data: TrackRequest, events: tuple[TrackedEvent, ...]) -> Beacon:
    """A session's label names nobody: whoever has no visitor token is a new visitor, if they do anything."""
    does_something = any(event.name != HEARTBEAT for event in events)
    visitor_id = caller.contact_id or (uuid4() if does_something else None)
    return Beacon(
        tenant_id=grant.tenant_id,
        widget_id=grant.widget_id,
        session_id=data.session_id or "",
        visitor_id=visitor_id if data.consent else None,
        is_proven=caller.contact_id is not None,
        events=events,
    )


def _events(data: TrackRequest, key: str | None) -> tuple[TrackedEvent, ...]:
    """The one, or the many. `key` numbers those that have no id of their own."""
    if data.events is None:
        return (_event(data, key),)
    if any(getattr(data, name) is not None for name in TrackedBody.__struct_fields__):
        raise Invalid("A request has either one event or events.")
    return tuple(_event(one, f"{key}/{number}" if key else None) for number, one in enumerate(data.events))


def _event(body: TrackedBody, key: str | None) -> TrackedEvent:
    if body.event is None:
        raise Invalid("event is needed.")
    return TrackedEvent(
        name=body.event,
        event_id=body.event_id if body.event_id is not None else key,
        at=body.timestamp,
        url=body.url,
        title=body.title,
        referrer=body.referrer,
        props=body.metadata if body.props is None else body.props,
    )
