"""The rows of the workload: what routing and timers look at. Nothing of what people write is in them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from application.due import DueKind
from domain.agent import Availability, Role
from domain.handling import HandledBy, Status
from domain.team import Routing
from projections.table import Table

STAFF: frozenset[Role] = frozenset(["owner", "admin", "supervisor", "agent"])
"""Roles that work on conversations."""


class Task(msgspec.Struct):
    """One conversation. `waiting_since` is None unless it is open and in the queue.

    `queued_at`: when it last came into the queue; kept while a transfer waits to be accepted.
    `last_agent_id` had it before; `let_go_by` gave it back. `taken_at`: when an agent last got it.
    `skills`: what its labels ask for. `due_*`: what a timer has to do.
    `call_*`: the same for its call. `version` and `seq` are those of the last event that moved it.
    """

    tenant_id: int
    conversation_id: UUID
    contact_id: UUID
    status: Status
    handled_by: HandledBy
    assignee_id: UUID | None
    team_id: UUID | None
    waiting_since: datetime | None
    queued_at: datetime
    last_agent_id: UUID | None
    let_go_by: UUID | None
    taken_at: datetime | None
    due_kind: DueKind | None
    due_at: datetime | None
    position: int
    version: int
    seq: int
    skills: tuple[str, ...] = ()
    call_due_at: datetime | None = None
    call_position: int = 0
    call_version: int = 0


class DeskRow(msgspec.Struct):
    """An agent. `last_given`: the seq at which they last got a conversation, 0 before the first."""

    tenant_id: int
    agent_id: UUID
    role: Role
    is_active: bool
    is_staff: bool
    availability: Availability
    is_idle: bool
    capacity: int | None
    last_given: int
    since: int
    skills: tuple[str, ...] = ()


class TeamRow(msgspec.Struct):
    """`since`: the seq of its founding, the order of lists. `due_at`: the next opening to be noted."""

    tenant_id: int
    team_id: UUID
    name: str
    members: tuple[UUID, ...]
    routing: Routing
    is_removed: bool
    due_at: datetime | None
    position: int
    version: int
    since: int


TASKS = Table(
    "workload",
    Task,
    ("conversation_id",),
    indexes=(
        "tenant_id, waiting_since, conversation_id WHERE waiting_since IS NOT NULL",
        "tenant_id, assignee_id WHERE status = 'open' AND handled_by = 'agent'",
        "tenant_id, taken_at WHERE taken_at IS NOT NULL",
        "due_at WHERE due_at IS NOT NULL",
        "call_due_at WHERE call_due_at IS NOT NULL",
    ),
)
DESKS = Table("workload_desk", DeskRow, ("agent_id",))
TEAMS = Table("workload_team", TeamRow, ("team_id",))
TABLES: tuple[Table[Any], ...] = (TASKS, DESKS, TEAMS)
