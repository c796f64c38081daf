"""MemoryDesks: the workload folded from a log in memory, as old as a test wants it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from uuid import UUID

from application.due import Due
from application.log import Recorded
from application.ports import Seat
from application.routing import Desk, Floor, Held, TeamDesk, Waiting, queues_with_room
from domain.team import CAPACITY
from projections.workload_fold import Workload, fold_one
from projections.workload_rows import DeskRow, Task, TeamRow
from tests.support.memory_log import MemoryLog


class MemoryDesks:
    """`lag()` says how many events of the log are not folded yet; never more than who asks can bear."""

    def __init__(self, log: MemoryLog, lag: Callable[[], int] = lambda: 0) -> None:
        self._log = log
        self._lag = lag
        self._folded = 0
        self.tasks: dict[tuple[int, UUID], Task] = {}
        self.desks: dict[tuple[int, UUID], DeskRow] = {}
        self.teams: dict[tuple[int, UUID], TeamRow] = {}
        self.seq = 0

    async def seat(self, tenant_id: int, agent_id: UUID) -> Seat:
        self.fold(0)
        row = self.desks.get((tenant_id, agent_id))
        teams = [team for team in self.teams.values() if agent_id in team.members and not team.is_removed]
        return Seat(
            row is not None and row.is_staff and row.availability == "online",
            self._log.load_of(tenant_id, agent_id),
            self._log.rooms.get((tenant_id, agent_id)),
            capacity_of(None, [team.routing.capacity for team in teams]),
        )

    async def floor(self, tenant_id: int, seq: int, now: datetime) -> Floor:
        self.fold(seq)
        desks = tuple(self._desk(row) for row in self.desks.values())
        founded = sorted(self.teams.values(), key=lambda row: row.since)
        teams = tuple(
            TeamDesk(row.team_id, frozenset(row.members), row.routing) for row in founded if not row.is_removed
        )
        queues = queues_with_room(desks, teams, now)
        known = {team.team_id for team in teams}
        waiting = [
            Waiting(
                one.conversation_id,
                one.contact_id,
                one.version,
                one.waiting_since,
                one.team_id,
                one.last_agent_id,
                one.let_go_by,
                frozenset(one.skills),
            )
            for one in self.tasks.values()
            if one.waiting_since is not None
            and any(seat.suits(_queue(one, known), frozenset(one.skills)) for seat in queues.seats)
        ]
        gone = [row.agent_id for row in self.desks.values() if not row.is_staff]
        abandoned = [Held(one.conversation_id, one.version) for id in gone for one in self.held(id)]
        return Floor(self.seq, desks, teams, tuple(waiting), tuple(abandoned))

    async def outstanding(self, position: int) -> Sequence[Due]:
        self.fold(position)
        of_tasks = [
            Due(one.tenant_id, one.conversation_id, one.due_kind, one.due_at, one.version, one.position)
            for one in self.tasks.values()
            if one.due_at is not None and one.due_kind is not None
        ]
        of_teams = [
            Due(one.tenant_id, one.team_id, "hours", one.due_at, one.version, one.position)
            for one in self.teams.values()
            if one.due_at is not None
        ]
        return of_tasks + of_teams

    def held(self, agent_id: UUID) -> list[Task]:
        """The open conversations of this agent, as folded."""
        return [
            one
            for one in self.tasks.values()
            if one.assignee_id == agent_id and one.status == "open" and one.handled_by == "agent"
        ]

    def fold(self, seq: int) -> None:
        """On to the end of the log but for the lag, and to `seq` in any case."""
        end = max(len(self._log.recorded) - self._lag(), self._folded)
        while self._folded < end or (self.seq < seq and self._folded < len(self._log.recorded)):
            self.take(self._log.recorded[self._folded])

    def take(self, one: Recorded) -> None:
        """The next event, wherever it comes from."""
        self._folded += 1
        self.seq = one.seq
        if one.type in Workload.concerns:
            fold_one(self.tasks, self.desks, self.teams, one)

    def _desk(self, row: DeskRow) -> Desk:
        load = len(self.held(row.agent_id))
        return Desk(
            row.agent_id, row.availability, row.is_staff, load, row.capacity, row.last_given, frozenset(row.skills)
        )


def _queue(task: Task, known: set[UUID]) -> UUID | None:
    return task.team_id if task.team_id in known else None


def capacity_of(own: int | None, teams: Iterable[int]) -> int:
    """What an agent may take by hand: their own number, else their teams' highest, else 8."""
    return own if own is not None else max(teams, default=CAPACITY)
