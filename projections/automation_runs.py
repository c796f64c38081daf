"""Runs of automations: each that did something, was refused or was stopped; the newest first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from application.log import Recorded
from application.projection import Connection
from domain.automation_run import EVENTS, AutomationApplied, AutomationFailed, AutomationStopped
from domain.refusals import Invalid
from projections.cursor import Cursor, decode_cursor, encode_cursor, page_limit
from projections.table import Table

ORDER = "newest_run"
NEWEST = 2**62

Outcome = Literal["applied", "failed", "stopped"]
RunEvent = AutomationApplied | AutomationFailed | AutomationStopped


class RunRow(msgspec.Struct):
    """`position`: of the event it reacted to. `code`: why it failed or was stopped; `message` tells people."""

    tenant_id: int
    run_id: UUID
    run_version: int
    automation_id: UUID
    automation_version: int
    conversation_id: UUID
    position: int
    depth: int
    outcome: Outcome
    code: str | None
    message: str | None
    seq: int
    at: datetime


class RunPage(msgspec.Struct, frozen=True):
    """`next_cursor` is None on the last page."""

    rows: tuple[RunRow, ...]
    next_cursor: str | None


RUNS = Table("automation_run", RunRow, ("run_id", "run_version"), ("tenant_id, automation_id, seq",))


class AutomationRuns:
    """Every event of a run is a row of its own: nothing is read to write it."""

    name = "automation_runs"
    version = 1
    tables = (RUNS.name,)
    concerns = frozenset(event.TYPE for event in EVENTS)

    def ddl(self, build: int) -> str:
        return RUNS.ddl(build)

    async def fold(self, connection: Connection, build: int, recorded: Sequence[Recorded]) -> None:
        rows = [_row(one, one.event) for one in recorded if isinstance(one.event, RunEvent)]
        await RUNS.upsert(connection, build, rows)

    async def forget(self, connection: Connection, build: int, tenant_id: int, stream_id: UUID) -> None:
        await RUNS.delete(connection, build, tenant_id, stream_id)


async def read_runs(
    connection: Connection, tenant_id: int, automation_id: UUID, limit: int = 50, cursor: str | None = None
) -> RunPage:
    """The newest first. Raises Invalid for a strange cursor."""
    size, before = page_limit(limit), NEWEST if cursor is None else _place(cursor)
    found = await connection.execute(
        f"SELECT {', '.join(RunRow.__struct_fields__)} FROM read.automation_run "
        "WHERE tenant_id = %s AND automation_id = %s AND seq < %s ORDER BY seq DESC LIMIT %s".encode(),
        (tenant_id, automation_id, before, size + 1),
    )
    rows = [_read(values) for values in await found.fetchall()]
    more = encode_cursor(Cursor(ORDER, "", str(rows[size - 1].seq))) if len(rows) > size else None
    return RunPage(tuple(rows[:size]), more)


def _row(one: Recorded, event: RunEvent) -> RunRow:
    outcome, code, message = _outcome(event)
    occasion = event.occasion
    return RunRow(
        tenant_id=one.tenant_id,
        run_id=one.stream_id,
        run_version=one.version,
        automation_id=occasion.automation_id,
        automation_version=occasion.automation_version,
        conversation_id=occasion.conversation_id,
        position=occasion.position,
        depth=occasion.depth,
        outcome=outcome,
        code=code,
        message=message,
        seq=one.seq,
        at=one.at,
    )


def _outcome(event: RunEvent) -> tuple[Outcome, str | None, str | None]:
    match event:
        case AutomationApplied():
            return "applied", None, None
        case AutomationFailed():
            return "failed", event.code, event.message
        case AutomationStopped():
            return "stopped", event.reason, _STOPPED[event.reason]


_STOPPED = {
    "again": "It had acted on what led to this already.",
    "too_deep": "Too many automations in a row had led to this.",
}


def _read(values: tuple[Any, ...]) -> RunRow:
    return msgspec.convert(dict(zip(RunRow.__struct_fields__, values, strict=True)), RunRow)


def _place(cursor: str) -> int:
    try:
        return min(int(decode_cursor(cursor, ORDER).last), NEWEST)
    except ValueError as unreadable:
        raise Invalid("cursor is not one of ours.") from unreadable
