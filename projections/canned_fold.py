"""The tables of canned responses and their uses, and how events change them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from application.log import Recorded
from application.projection import Connection
from domain.canned_response import CannedResponseRemoved, CannedResponseSaved, Scope
from domain.canned_use import CannedResponseUsed
from projections.table import Table


class CannedRow(msgspec.Struct):
    """A removed one stays as a row that no query shows. `version` is that of its last text."""

    tenant_id: int
    canned_response_id: UUID
    shortcut: str
    title: str
    body: str
    scope: Scope
    team_id: UUID | None
    owner_id: UUID | None
    attachments: tuple[UUID, ...]
    version: int
    updated_at: datetime
    is_removed: bool = False


class UseRow(msgspec.Struct):
    """One message that began as a canned response: what is in here is counted already."""

    tenant_id: int
    use_id: UUID
    canned_response_id: UUID
    response_version: int
    conversation_id: UUID
    message_id: UUID
    at: datetime


class UsageRow(msgspec.Struct):
    """How often a canned response was used: the uses of it, added up."""

    tenant_id: int
    canned_response_id: UUID
    used_count: int
    last_used_at: datetime


CANNED = Table("canned_response", CannedRow, ("canned_response_id",))
USES = Table("canned_use", UseRow, ("use_id",))
USAGE = Table("canned_usage", UsageRow, ("canned_response_id",))


class CannedResponses:
    """Folds what agents saved, removed and used."""

    name = "canned"
    version = 2
    tables = (CANNED.name, USES.name, USAGE.name)
    concerns = frozenset(event.TYPE for event in (CannedResponseSaved, CannedResponseRemoved, CannedResponseUsed))

    def ddl(self, build: int) -> str:
        return CANNED.ddl(build) + USES.ddl(build) + USAGE.ddl(build)

    async def fold(self, connection: Connection, build: int, recorded: Sequence[Recorded]) -> None:
        await _fold_texts(connection, build, [one for one in recorded if not _is_use(one)])
        await _fold_uses(connection, build, [one for one in recorded if _is_use(one)])

    async def forget(self, connection: Connection, build: int, tenant_id: int, stream_id: UUID) -> None:
        await CANNED.delete(connection, build, tenant_id, stream_id)
        await connection.execute(
            f"UPDATE read.{USAGE.name}_{build} u SET used_count = used_count - 1 FROM read.{USES.name}_{build} o "
            "WHERE o.tenant_id = %s AND o.use_id = %s AND u.tenant_id = o.tenant_id "
            "AND u.canned_response_id = o.canned_response_id".encode(),
            (tenant_id, stream_id),
        )
        await USES.delete(connection, build, tenant_id, stream_id)


def _is_use(one: Recorded) -> bool:
    return isinstance(one.event, CannedResponseUsed)


async def _fold_texts(connection: Connection, build: int, recorded: Sequence[Recorded]) -> None:
    rows = await CANNED.load(connection, build, {(one.tenant_id, one.stream_id) for one in recorded})
    for one in recorded:
        key = (one.tenant_id, one.stream_id)
        match one.event:
            case CannedResponseSaved() as saved:
                rows[key] = _row(one, saved)
            case CannedResponseRemoved() if key in rows:
                rows[key].is_removed = True
            case _:
                pass
    await CANNED.upsert(connection, build, rows.values())


def _row(one: Recorded, saved: CannedResponseSaved) -> CannedRow:
    return CannedRow(
        tenant_id=one.tenant_id,
        canned_response_id=one.stream_id,
        shortcut=saved.shortcut,
        title=saved.title,
        body=saved.body,
        scope=saved.scope,
        team_id=saved.team_id,
        owner_id=saved.owner_id,
        attachments=saved.attachments,
        version=one.version,
        updated_at=saved.at,
    )


async def _fold_uses(connection: Connection, build: int, recorded: Sequence[Recorded]) -> None:
    known = await USES.load(connection, build, {(one.tenant_id, one.stream_id) for one in recorded})
    new = {
        (one.tenant_id, one.stream_id): _use(one, one.event)
        for one in recorded
        if isinstance(one.event, CannedResponseUsed) and (one.tenant_id, one.stream_id) not in known
    }
    usage = await USAGE.load(connection, build, {(use.tenant_id, use.canned_response_id) for use in new.values()})
    for use in new.values():
        key = (use.tenant_id, use.canned_response_id)
        row = usage.setdefault(key, UsageRow(*key, 0, use.at))
        row.used_count += 1
        row.last_used_at = max(row.last_used_at, use.at)
    await USES.upsert(connection, build, new.values())
    await USAGE.upsert(connection, build, usage.values())


def _use(one: Recorded, used: CannedResponseUsed) -> UseRow:
    return UseRow(
        tenant_id=one.tenant_id,
        use_id=one.stream_id,
        canned_response_id=used.canned_response_id,
        response_version=used.response_version,
        conversation_id=used.conversation_id,
        message_id=used.message_id,
        at=used.at,
    )
