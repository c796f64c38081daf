"""Sentences of SLA policies and clocks, for the history."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from domain import sla_clock, sla_policy
from domain.ids import wire
from domain.kernel import Event

_WORDS = {
    "firstResponse": "the first response",
    "nextResponse": "the next response",
    "resolution": "the resolution",
}

SLA_SENTENCES: Mapping[type[Event], Callable[[Any, Mapping[UUID, str]], str]] = {
    sla_policy.SlaPolicySaved: lambda e, _: f"saved the SLA policy “{e.definition.name}”",
    sla_policy.SlaPolicyRemoved: lambda _e, _: "removed the SLA policy",
    sla_clock.SlaApplied: lambda e, _: (
        f"put it under the SLA policy {wire('sla_policy', e.terms.policy_id)} in version {e.terms.policy_version}"
    ),
    sla_clock.SlaLifted: lambda _e, _: "put it under no SLA policy any more",
    sla_clock.SlaStarted: lambda e, _: f"started the clock for {_WORDS[e.target]}",
    sla_clock.SlaPaused: lambda _e, _: "stopped the SLA clock while it sleeps",
    sla_clock.SlaResumed: lambda _e, _: "let the SLA clock go on",
    sla_clock.SlaWarned: lambda e, _: f"warned that {_WORDS[e.target]} is due {_at(e.due_at)}",
    sla_clock.SlaBreached: lambda e, _: f"saw {_WORDS[e.target]} missed, which was due {_at(e.due_at)}",
    sla_clock.SlaMet: lambda e, _: f"saw {_WORDS[e.target]} in time, after {e.elapsed} s",
    sla_clock.SlaStopped: lambda e, _: f"stopped the clock for {_WORDS[e.target]}: {e.reason} after {e.elapsed} s",
}


def _at(due_at: datetime | None) -> str:
    return "soon" if due_at is None else f"at {due_at:%Y-%m-%d %H:%M:%S} UTC"
