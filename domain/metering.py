"""Metering: what one event uses. Charges, read model and true-up all ask here, so they cannot differ.

A new meter's events are named in `MEASURES`; nothing else knows which event counts what.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from domain.call import CallEnded
from domain.campaign_life import CampaignLaunched
from domain.conversation import AssistantReplied, MessagePosted, ReplyDiscarded
from domain.file import FilePurged, FileUploaded
from domain.kernel import Event
from domain.plan import LEVELS, Meter, ModelWeight, weighed

Weights = tuple[ModelWeight, ...]


class Measure(msgspec.Struct, frozen=True):
    """`amount` of a meter; `model` where a language model was asked."""

    meter: Meter
    amount: int
    model: str | None = None


def measured(event: Event, weights: Weights) -> Measure | None:
    """What this event uses, None for most. `weights`: the plan's when it happened."""
    measure = MEASURES.get(type(event))
    found = None if measure is None else measure(event, weights)
    return None if found is None or found.amount == 0 else found


def period_of(meter: str, at: datetime) -> int:
    """The calendar month in UTC as yyyymm; a level has one period, 0."""
    if meter in LEVELS:
        return 0
    month = at.astimezone(UTC)
    return month.year * 100 + month.month


def end_of(period: int) -> datetime | None:
    """When the next period begins; None for a level, which has no end."""
    if period == 0:
        return None
    year, month = divmod(period, 100)
    return datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)


def _message(event: MessagePosted, _: Weights) -> Measure | None:
    """Visitors' only: an agent can always answer. One beyond the limit is kept, and not counted."""
    is_counted = event.by.kind == "visitor" and event.beyond != "messages"
    return Measure("messages", 1) if is_counted else None


def _tokens(event: AssistantReplied | ReplyDiscarded, weights: Weights) -> Measure:
    """Also a reply that came too late was paid for."""
    return Measure("tokens", weighed(weights, event.model, event.tokens), event.model)


def _spoken(event: CallEnded, _: Weights) -> Measure:
    return Measure("voice_seconds", event.seconds)


def _stored(event: FileUploaded, _: Weights) -> Measure:
    return Measure("storage_bytes", event.size)


def _freed(event: FilePurged, _: Weights) -> Measure:
    return Measure("storage_bytes", -event.size)


def _campaign(_: CampaignLaunched, __: Weights) -> Measure:
    """However many it is sent to: those are messages, and no visitor's."""
    return Measure("campaigns", 1)


MEASURES: Mapping[type[Event], Callable[[Any, Weights], Measure | None]] = {
    MessagePosted: _message,
    AssistantReplied: _tokens,
    ReplyDiscarded: _tokens,
    CallEnded: _spoken,
    FileUploaded: _stored,
    FilePurged: _freed,
    CampaignLaunched: _campaign,
}
METERED: frozenset[str] = frozenset(event.TYPE for event in MEASURES)
