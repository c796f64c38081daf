"""History: one sentence per event (who, what, when, why), straight from the log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from application.log import Recorded
from domain.ids import wire
from domain.kernel import Event
from projections.sentences import SENTENCES


class HistoryLine(msgspec.Struct, frozen=True):
    """One event for an auditor. `why` names the command, and the policy and position of a reaction."""

    position: int
    seq: int
    version: int
    at: datetime
    who: str
    what: str
    why: str
    type: str
    stream_id: UUID
    hash: bytes


def history(recorded: Sequence[Recorded], names: Mapping[UUID, str]) -> list[HistoryLine]:
    """One line per event, in order; `names` are the agents' by id."""
    return [_line(one, names) for one in recorded]


def _line(one: Recorded, names: Mapping[UUID, str]) -> HistoryLine:
    event = one.event
    return HistoryLine(
        one.position,
        one.seq,
        one.version,
        one.at,
        _who(event, names),
        SENTENCES[type(event)](event, names),
        _why(event),
        one.type,
        one.stream_id,
        one.hash,
    )


def _who(event: Event, names: Mapping[UUID, str]) -> str:
    rule = event.cause.rule
    if rule is not None and rule.kind == "automation":
        return f"The automation “{rule.name}” v{rule.version}"
    if event.by.kind == "agent":
        return names.get(event.by.id, "An agent")
    return {"visitor": "The visitor", "assistant": "The assistant", "system": "The system"}.get(
        event.by.kind, "An integration"
    )


def _why(event: Event) -> str:
    cause = event.cause
    reasons = [f"command {cause.command}"]
    if cause.rule is not None and cause.rule.kind == "macro":
        reasons.append(f"by the macro “{cause.rule.name}” v{cause.rule.version}")
    if cause.policy is not None:
        reasons.append(f"by the policy {cause.policy} after position {cause.position}")
    if cause.bulk is not None:
        reasons.append(f"in the bulk {wire('bulk', cause.bulk)}")
    if cause.undoes is not None:
        reasons.append(f"undoing {cause.undoes}")
    return ", ".join(reasons)
