"""Workload: who waits, who is there and what they have. Routing decides on it, agents look at it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from application.due import Due
from application.ports import QueuePlace, Seat
from application.projection import Connection
from application.routing import Desk, Floor, Held, TeamDesk, Waiting, queues_with_room
from domain.agent import Availability
from domain.team import CAPACITY, Routing
from projections.cursor import Cursor, decode_cursor, encode_cursor, page_limit

WAITING_AT_ONCE = 1_000
"""Of the waiting, so many are looked at in one go; the next look takes the next ones."""

TOLD = 50
"""Whoever stands further back in a queue is not told each time it moves."""

_IS_THEIRS = "status = 'open' AND handled_by = 'agent' AND assignee_id = "
_SEAT = f"""
SELECT coalesce(d.is_staff AND d.availability = 'online', false),
  (SELECT count(*) FROM seats.taken s WHERE s.tenant_id = %(tenant)s AND s.agent_id = %(agent)s),
  (SELECT s.capacity FROM seats.desk s WHERE s.tenant_id = %(tenant)s AND s.agent_id = %(agent)s),
  coalesce((SELECT max(coalesce((t.routing->>'capacity')::int, {CAPACITY})) FROM read.workload_team t
    WHERE t.tenant_id = %(tenant)s AND NOT t.is_removed AND t.members ? %(agent)s::text), {CAPACITY})
FROM (VALUES (1)) one LEFT JOIN read.workload_desk d ON d.tenant_id = %(tenant)s AND d.agent_id = %(agent)s"""
_TEAMS = "SELECT team_id, members, routing FROM read.workload_team WHERE tenant_id = %s AND NOT is_removed"
_DESKS = f"""
SELECT d.agent_id, d.availability, d.is_staff,
  (SELECT count(*) FROM read.workload c WHERE c.tenant_id = d.tenant_id AND {_IS_THEIRS} d.agent_id),
  d.capacity, d.last_given, d.is_idle, d.skills FROM read.workload_desk d WHERE d.tenant_id = %s"""
_ABANDONED = f"""
SELECT c.conversation_id, c.version FROM read.workload_desk d
JOIN read.workload c ON c.tenant_id = d.tenant_id AND {_IS_THEIRS} d.agent_id
WHERE d.tenant_id = %s AND NOT d.is_staff ORDER BY 1 LIMIT {WAITING_AT_ONCE}"""
_WAITING = f"""
SELECT conversation_id, contact_id, version, waiting_since, team_id, last_agent_id, let_go_by, skills
FROM read.workload c WHERE tenant_id = %s AND waiting_since IS NOT NULL
  AND EXISTS (SELECT FROM jsonb_to_recordset(%s) AS f(team_id uuid, skills jsonb)
    WHERE f.team_id IS NOT DISTINCT FROM CASE WHEN c.team_id = ANY(%s) THEN c.team_id END
      AND (f.skills IS NULL OR f.skills @> c.skills))
ORDER BY waiting_since, conversation_id LIMIT {WAITING_AT_ONCE}"""
_QUEUE = """
SELECT c.conversation_id, c.contact_id, c.place, round(c.place * 900.0 / t.taken)::int
FROM (SELECT tenant_id, conversation_id, contact_id, team_id, waiting_since,
    row_number() OVER (PARTITION BY team_id ORDER BY waiting_since, conversation_id) AS place
  FROM read.workload WHERE tenant_id = %(tenant)s AND waiting_since IS NOT NULL) c
LEFT JOIN (SELECT team_id, count(*) AS taken FROM read.workload
  WHERE tenant_id = %(tenant)s AND taken_at > now() - interval '15 minutes' GROUP BY 1) t
  ON t.team_id IS NOT DISTINCT FROM c.team_id """
_DUE = """
SELECT tenant_id, conversation_id, due_kind, due_at, version, position FROM read.workload WHERE due_at IS NOT NULL
UNION ALL
SELECT tenant_id, conversation_id, 'call', call_due_at, call_version, call_position FROM read.workload
WHERE call_due_at IS NOT NULL
UNION ALL
SELECT tenant_id, team_id, 'hours', due_at, version, position FROM read.workload_team WHERE due_at IS NOT NULL"""


class DeskView(msgspec.Struct, frozen=True):
    """An agent's desk. `capacity` is None where their team's number is theirs."""

    agent_id: UUID
    availability: Availability
    is_staff: bool
    load: int
    capacity: int | None
    last_given: int
    is_idle: bool
    skills: tuple[str, ...]


class TaskView(msgspec.Struct, frozen=True):
    """Whose conversation it is, and whose queue it is in, or would be."""

    contact_id: UUID
    team_id: UUID | None


class TeamView(msgspec.Struct, frozen=True):
    team_id: UUID
    name: str
    members: tuple[UUID, ...]
    routing: Routing
    since: int


async def read_seat(connection: Connection, tenant_id: int, agent_id: UUID) -> Seat:
    """One statement: the append's own numbers of what they have and may have, the rest out of the read model.

    An agent that nobody knows is not there, and has a team's room.
    """
    values = {"tenant": tenant_id, "agent": agent_id}
    found = await (await connection.execute(_SEAT.encode(), values)).fetchone()
    assert found is not None
    return Seat(*found)


async def read_teams_at_work(connection: Connection, tenant_id: int) -> tuple[TeamDesk, ...]:
    """In order of their founding."""
    cursor = await connection.execute(_TEAMS + " ORDER BY since", (tenant_id,))
    return tuple(_team_desk(*row) for row in await cursor.fetchall())


async def read_floor(connection: Connection, tenant_id: int, seq: int, now: datetime) -> Floor:
    """What routing looks at. Who waits is read only where somebody has room for them."""
    teams = await read_teams_at_work(connection, tenant_id)
    left = await connection.execute(_ABANDONED.encode(), (tenant_id,))
    abandoned = tuple(Held(*row) for row in await left.fetchall())
    if all(team.routing.strategy == "manual" for team in teams):
        return Floor(seq, teams=teams, abandoned=abandoned)
    cursor = await connection.execute(_DESKS.encode(), (tenant_id,))
    desks = tuple(_desk(_desk_view(row)) for row in await cursor.fetchall())
    queues = queues_with_room(desks, teams, now)
    if queues.is_empty:
        return Floor(seq, desks, teams, (), abandoned)
    known = [team.team_id for team in teams]
    seats = msgspec.json.encode(queues.seats).decode()
    cursor = await connection.execute(_WAITING.encode(), (tenant_id, seats, known))
    waiting = tuple(Waiting(*row[:7], skills=frozenset(row[7])) for row in await cursor.fetchall())
    return Floor(seq, desks, teams, waiting, abandoned)


async def read_desks(
    connection: Connection, tenant_id: int, limit: int = 50, cursor: str | None = None
) -> tuple[tuple[DeskView, ...], str | None]:
    """Everybody who works on conversations, by id. Raises Invalid."""
    limit = page_limit(limit)
    after = UUID(int=0) if cursor is None else UUID(int=int(decode_cursor(cursor, "desks").last, 16))
    found = await connection.execute(
        f"{_DESKS} AND d.is_staff AND d.agent_id > %s ORDER BY d.agent_id LIMIT %s".encode(),
        (tenant_id, after, limit + 1),
    )
    views = tuple(_desk_view(row) for row in await found.fetchall())
    more = encode_cursor(Cursor("desks", "", views[limit - 1].agent_id.hex)) if len(views) > limit else None
    return views[:limit], more


async def read_teams(
    connection: Connection, tenant_id: int, limit: int = 50, cursor: str | None = None
) -> tuple[tuple[TeamView, ...], str | None]:
    """In order of their founding. Raises Invalid."""
    limit = page_limit(limit)
    after = 0 if cursor is None else int(decode_cursor(cursor, "teams").last, 16)
    found = await connection.execute(
        "SELECT team_id, name, members, routing, since FROM read.workload_team "
        "WHERE tenant_id = %s AND NOT is_removed AND since > %s ORDER BY since LIMIT %s",
        (tenant_id, after, limit + 1),
    )
    views = tuple(msgspec.convert(_named(row), TeamView) for row in await found.fetchall())
    more = encode_cursor(Cursor("teams", "", f"{views[limit - 1].since:x}")) if len(views) > limit else None
    return views[:limit], more


async def read_team(connection: Connection, tenant_id: int, team_id: UUID) -> TeamView | None:
    """None where this tenant has no such team, or has it no more."""
    cursor = await connection.execute(
        "SELECT team_id, name, members, routing, since FROM read.workload_team "
        "WHERE tenant_id = %s AND team_id = %s AND NOT is_removed",
        (tenant_id, team_id),
    )
    found = await cursor.fetchone()
    return None if found is None else msgspec.convert(_named(found), TeamView)


async def read_task(connection: Connection, tenant_id: int, conversation_id: UUID) -> TaskView | None:
    """None where this tenant has no such conversation."""
    cursor = await connection.execute(
        "SELECT contact_id, team_id FROM read.workload WHERE tenant_id = %s AND conversation_id = %s",
        (tenant_id, conversation_id),
    )
    found = await cursor.fetchone()
    return None if found is None else TaskView(*found)


async def read_queue(connection: Connection, tenant_id: int) -> tuple[QueuePlace, ...]:
    """The first 50 of each queue."""
    query = _QUEUE + f"WHERE c.place <= {TOLD} ORDER BY c.waiting_since, c.conversation_id"
    cursor = await connection.execute(query.encode(), {"tenant": tenant_id})
    return tuple(QueuePlace(*row) for row in await cursor.fetchall())


async def read_queue_place(connection: Connection, tenant_id: int, conversation_id: UUID) -> QueuePlace | None:
    """None where it does not wait."""
    query = _QUEUE + "WHERE c.conversation_id = %(conversation)s"
    values = {"tenant": tenant_id, "conversation": conversation_id}
    found = await (await connection.execute(query.encode(), values)).fetchone()
    return None if found is None else QueuePlace(*found)


async def read_due(connection: Connection) -> tuple[Due, ...]:
    """Of all tenants: for a worker's connection."""
    cursor = await connection.execute(_DUE)
    rows = await cursor.fetchall()
    return tuple(Due(tenant_id, id, kind, at, version, place) for tenant_id, id, kind, at, version, place in rows)


def _desk_view(row: tuple[Any, ...]) -> DeskView:
    *place, skills = row
    return DeskView(*place, skills=tuple(skills))


def _desk(view: DeskView) -> Desk:
    place = (view.agent_id, view.availability, view.is_staff, view.load, view.capacity, view.last_given)
    return Desk(*place, frozenset(view.skills))


def _team_desk(team_id: UUID, members: object, routing: object) -> TeamDesk:
    return TeamDesk(team_id, msgspec.convert(members, frozenset[UUID]), msgspec.convert(routing, Routing))


def _named(row: tuple[object, ...]) -> dict[str, object]:
    return dict(zip(TeamView.__struct_fields__, row, strict=True))
