"""The JSON of what a conversation is promised: the one thing that is due next, or all of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from domain.ids import wire
from domain.sla_clock import Watch
from domain.sla_policy import SlaTarget
from projections.sla import PromiseView
from projections.sla_standing import SlaStatus, Standing, shown_status, standing


class SlaBody(msgspec.Struct, frozen=True, rename="camel"):
    """The target that is due next. `dueAt` is null while the clock stands still."""

    target: SlaTarget
    due_at: datetime | None
    status: SlaStatus


class TargetBody(msgspec.Struct, frozen=True, rename="camel"):
    """`dueAt` is null while the clock stands still; of a breached one it is when its time was over."""

    target: SlaTarget
    started_at: datetime
    due_at: datetime | None
    warn_at: datetime | None
    status: SlaStatus


class PromiseBody(msgspec.Struct, frozen=True, rename="camel"):
    """The policy in force, in the version that was chosen, and the targets that are open.

    `target`, `dueAt` and `status` are those of the one that is due next, null where none is open.
    """

    policy_id: str
    policy_version: int
    target: SlaTarget | None
    due_at: datetime | None
    status: SlaStatus | None
    targets: tuple[TargetBody, ...]


def sla_body(found: Standing | None) -> SlaBody | None:
    return None if found is None else SlaBody(found.target, found.due_at, found.status)


def sla_of_watches(watches: Iterable[Watch]) -> SlaBody | None:
    return sla_body(standing(watches))


def promise_body(view: PromiseView | None) -> PromiseBody | None:
    """None where no policy is in force."""
    if view is None:
        return None
    found = standing(view.watches)
    return PromiseBody(
        policy_id=wire("sla_policy", view.terms.policy_id),
        policy_version=view.terms.policy_version,
        target=None if found is None else found.target,
        due_at=None if found is None else found.due_at,
        status=None if found is None else found.status,
        targets=tuple(_target(one) for one in view.watches),
    )


def _target(watch: Watch) -> TargetBody:
    return TargetBody(watch.target, watch.started_at, watch.due_at, watch.warn_at, shown_status(watch))
