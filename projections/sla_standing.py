"""Standing: of all that a conversation is promised, the one thing that is due next; what rows and frames show."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

import msgspec

from domain.sla_clock import Watch
from domain.sla_policy import SlaTarget

SlaStatus = Literal["running", "warned", "breached", "paused"]


class Standing(msgspec.Struct, frozen=True):
    """`due_at` is None while it stands still, or where nobody is ever there."""

    target: SlaTarget
    due_at: datetime | None
    status: SlaStatus


def standing(watches: Iterable[Watch]) -> Standing | None:
    """What was missed first, then what is due first; None where nothing is open."""
    found = min(watches, key=_urgency, default=None)
    return None if found is None else Standing(found.target, found.due_at, shown_status(found))


def shown_status(watch: Watch) -> SlaStatus:
    """What was missed stays missed, also while the conversation sleeps."""
    return "paused" if watch.is_paused and watch.status != "breached" else watch.status


def _urgency(watch: Watch) -> tuple[bool, bool, float, str]:
    due = watch.due_at
    return watch.status != "breached", due is None, 0.0 if due is None else due.timestamp(), watch.target
