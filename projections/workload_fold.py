"""The workload's tables: what waits, who has what, who is there, which rules apply; and what is due when."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from application.due import due_of
from application.log import Recorded
from application.projection import Connection
from domain import agent, call, handling, team
from domain.agent import (
    AgentDeactivated,
    AgentInvited,
    AgentReactivated,
    AgentRoleChanged,
    AvailabilityChanged,
    CapacitySet,
    SkillsSet,
)
from domain.conversation import ConversationStarted
from domain.handling import Accepted, Assigned, Handling, HandlingChanged, Returned, Transferred
from domain.marks import LabelsChanged
from domain.skills import asked_by
from domain.team import (
    MemberAdded,
    MemberRemoved,
    Routing,
    RoutingChanged,
    TeamCreated,
    TeamRemoved,
    TeamRenamed,
)
from projections.table import Key
from projections.workload_rows import DESKS, STAFF, TABLES, TASKS, TEAMS, DeskRow, Task, TeamRow


class Workload:
    """Folds handling, agents and teams. Nothing of what people write is in it."""

    name = "workload"
    version = 2
    tables = tuple(table.name for table in TABLES)
    concerns = frozenset(
        event.TYPE
        for event in (
            ConversationStarted,
            LabelsChanged,
            *handling.EVENTS,
            *call.EVENTS,
            *agent.EVENTS,
            *team.EVENTS,
        )
    )

    def ddl(self, build: int) -> str:
        return "".join(table.ddl(build) for table in TABLES)

    async def fold(self, connection: Connection, build: int, recorded: Sequence[Recorded]) -> None:
        keys = {(one.tenant_id, one.stream_id) for one in recorded}
        tasks = await TASKS.load(connection, build, keys)
        desks = await DESKS.load(connection, build, keys | {key for one in recorded for key in _given_to(one)})
        teams = await TEAMS.load(connection, build, keys)
        for one in recorded:
            fold_one(tasks, desks, teams, one)
        await TASKS.upsert(connection, build, tasks.values())
        await DESKS.upsert(connection, build, desks.values())
        await TEAMS.upsert(connection, build, teams.values())

    async def forget(self, connection: Connection, build: int, tenant_id: int, stream_id: UUID) -> None:
        for table in TABLES:
            await table.delete(connection, build, tenant_id, stream_id)


def fold_one(tasks: dict[Key, Task], desks: dict[Key, DeskRow], teams: dict[Key, TeamRow], one: Recorded) -> None:
    """What one event does to the rows that it names."""
    _fold_task(tasks, one)
    _fold_desk(desks, one)
    _fold_team(teams, one)


def _given_to(one: Recorded) -> tuple[Key, ...]:
    """The agent who got a conversation by this event."""
    if isinstance(one.event, Accepted | Assigned):
        return ((one.tenant_id, one.event.agent_id),)
    return ()


def _fold_task(tasks: dict[Key, Task], one: Recorded) -> None:
    key = (one.tenant_id, one.stream_id)
    task = tasks.get(key)
    match one.event:
        case ConversationStarted() as event if task is None:
            tasks[key] = _started(one, event)
        case LabelsChanged(added=added, removed=removed) if task is not None:
            task.skills = tuple(sorted((set(task.skills) | set(asked_by(added))) - set(asked_by(removed))))
        case HandlingChanged() as moved if task is not None and task.version < one.version:
            _move(task, moved)
            due = due_of(one)
            task.due_kind, task.due_at = (due.kind, due.at) if due and due.at else (None, None)
            task.position, task.version, task.seq = one.position, one.version, one.seq
        case _ if task is not None and task.call_version < one.version:
            _time_call(task, one)
        case _:
            pass


def _time_call(task: Task, one: Recorded) -> None:
    due = due_of(one)
    if due is not None and due.kind == "call":
        task.call_due_at, task.call_position, task.call_version = due.at, one.position, one.version


def _started(one: Recorded, event: ConversationStarted) -> Task:
    return Task(
        tenant_id=one.tenant_id,
        conversation_id=one.stream_id,
        contact_id=event.contact_id,
        status=event.handling.status,
        handled_by=event.handling.handled_by,
        assignee_id=event.handling.assignee_id,
        team_id=event.handling.team_id,
        waiting_since=event.at if _waits(event.handling) else None,
        queued_at=event.at,
        last_agent_id=None,
        let_go_by=None,
        taken_at=None,
        due_kind=None,
        due_at=None,
        position=one.position,
        version=one.version,
        seq=one.seq,
    )


def _move(task: Task, moved: HandlingChanged) -> None:
    before, after = moved.before, moved.after
    task.status, task.handled_by = after.status, after.handled_by
    task.assignee_id, task.team_id = after.assignee_id, after.team_id
    if before.assignee_id is not None:
        task.last_agent_id = before.assignee_id
    if isinstance(moved, Accepted | Assigned):
        task.taken_at, task.let_go_by = moved.at, None
    if isinstance(moved, Returned | Transferred):
        task.let_go_by = before.assignee_id
    if not _waits(after):
        task.waiting_since = None
        return
    if not _waits(before) and not _went_unaccepted(moved):
        task.queued_at = moved.at
    task.waiting_since = task.queued_at


def _waits(handling: Handling) -> bool:
    return handling.handled_by == "queue" and handling.status == "open"


def _went_unaccepted(moved: HandlingChanged) -> bool:
    """Nobody served the visitor meanwhile: they keep their place."""
    return isinstance(moved, Returned) and moved.reason == "accept_timed_out"


def _fold_desk(desks: dict[Key, DeskRow], one: Recorded) -> None:
    for key in _given_to(one):
        if key in desks:
            desks[key].last_given = max(desks[key].last_given, one.seq)
    key = (one.tenant_id, one.stream_id)
    if isinstance(one.event, AgentInvited):
        desks.setdefault(key, DeskRow(*key, one.event.role, True, True, "offline", False, None, 0, one.seq))
    row = desks.get(key)
    if row is None:
        return
    match one.event:
        case AgentRoleChanged(role=role):
            row.role = role
        case AgentDeactivated():
            row.is_active = False
        case AgentReactivated():
            row.is_active = True
        case AvailabilityChanged(after=availability, is_idle=is_idle):
            row.availability, row.is_idle = availability, is_idle
        case CapacitySet(capacity=capacity):
            row.capacity = capacity
        case SkillsSet(skills=skills):
            row.skills = skills
        case _:
            pass
    row.is_staff = row.is_active and row.role in STAFF


def _fold_team(teams: dict[Key, TeamRow], one: Recorded) -> None:
    key = (one.tenant_id, one.stream_id)
    if isinstance(one.event, TeamCreated) and key not in teams:
        row = (one.event.name, (), Routing(), False, None, one.position, one.version, one.seq)
        teams[key] = TeamRow(*key, *row)
    row = teams.get(key)
    if row is None:
        return
    match one.event:
        case TeamRenamed(name=name):
            row.name = name
        case MemberAdded(agent_id=agent_id):
            row.members = (*(id for id in row.members if id != agent_id), agent_id)
        case MemberRemoved(agent_id=agent_id):
            row.members = tuple(id for id in row.members if id != agent_id)
        case RoutingChanged(routing=routing):
            row.routing = routing
        case TeamRemoved():
            row.is_removed = True
        case _:
            pass
    due = due_of(one)
    if due is not None:
        row.due_at, row.position, row.version = due.at, due.position, due.version
