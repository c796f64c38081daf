"""Files: what was uploaded, where it belongs, what a tenant accepts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from application.log import Recorded
from application.projection import Connection
from domain import file
from domain.contact import ContactErased
from domain.file import FileAttached, FileKept, FilePurged, FileRules, FileUploaded
from domain.ids import natural_key
from domain.kernel import BEGINNING, NOWHERE
from domain.personal import readable
from domain.tenant import FileRulesSet, Tenant
from projections.table import Key, Table


class FileRow(msgspec.Struct):
    """`subject_id` is the person whose erasure blanks the name."""

    tenant_id: int
    file_id: UUID
    subject_id: UUID
    name: str | None
    content_type: str
    size: int
    uploaded_at: datetime
    conversation_id: UUID | None
    contact_id: UUID | None
    is_kept: bool
    is_purged: bool


class RulesRow(msgspec.Struct):
    """One per tenant that set its own; `rules_id` is the stream of the tenant itself."""

    tenant_id: int
    rules_id: UUID
    rules: FileRules


FILES = Table(
    "file",
    FileRow,
    ("file_id",),
    indexes=(
        "tenant_id, contact_id",
        "tenant_id, subject_id",
        "uploaded_at, file_id WHERE conversation_id IS NULL AND NOT is_kept AND NOT is_purged",
    ),
)
RULES = Table("file_rules", RulesRow, ("rules_id",))


class Files:
    """Folds uploads, attachments and purges."""

    name = "files"
    version = 1
    tables = (FILES.name, RULES.name)
    concerns = frozenset([*(event.TYPE for event in file.EVENTS), FileRulesSet.TYPE, ContactErased.TYPE])

    def ddl(self, build: int) -> str:
        return FILES.ddl(build) + RULES.ddl(build)

    async def fold(self, connection: Connection, build: int, recorded: Sequence[Recorded]) -> None:
        rows = await FILES.load(connection, build, {(one.tenant_id, one.stream_id) for one in recorded})
        rules: dict[Key, RulesRow] = {}
        erased: set[Key] = set()
        for one in recorded:
            key = (one.tenant_id, one.stream_id)
            match one.event:
                case FileUploaded() as event:
                    rows[key] = _new_row(key, event)
                case FileKept() if key in rows:
                    rows[key].is_kept = True
                case FileAttached() as event if key in rows and not rows[key].is_kept:
                    rows[key].conversation_id, rows[key].contact_id = event.conversation_id, event.contact_id
                case FilePurged() if key in rows:
                    rows[key].name, rows[key].is_purged = None, True
                case FileRulesSet() as event:
                    rules[key] = RulesRow(*key, event.rules)
                case ContactErased():
                    erased.add(key)
                    _blank(rows.values(), key)
                case _:
                    pass
        await FILES.blank(connection, build, "name", "subject_id", erased)
        await FILES.upsert(connection, build, rows.values())
        await RULES.upsert(connection, build, rules.values())

    async def forget(self, connection: Connection, build: int, tenant_id: int, stream_id: UUID) -> None:
        await FILES.delete(connection, build, tenant_id, stream_id)
        await RULES.delete(connection, build, tenant_id, stream_id)


class FileView(msgspec.Struct, frozen=True):
    """`name` is None once erased or purged."""

    file_id: UUID
    name: str | None
    content_type: str
    size: int
    is_purged: bool


class UnattachedFile(msgspec.Struct, frozen=True):
    tenant_id: int
    file_id: UUID
    uploaded_at: datetime


async def read_files(connection: Connection, tenant_id: int, file_ids: Collection[UUID]) -> dict[UUID, FileView]:
    """Those that this tenant has, one query for all."""
    cursor = await connection.execute(
        "SELECT file_id, name, content_type, size, is_purged FROM read.file "
        "WHERE tenant_id = %s AND file_id = ANY(%s)",
        (tenant_id, list(file_ids)),
    )
    return {row[0]: FileView(*row) for row in await cursor.fetchall()}


async def read_file_rules(connection: Connection, tenant_id: int) -> FileRules:
    """The defaults where the tenant set none."""
    cursor = await connection.execute(
        "SELECT rules FROM read.file_rules WHERE tenant_id = %s AND rules_id = %s",
        (tenant_id, natural_key(tenant_id, Tenant.KIND)),
    )
    found = await cursor.fetchone()
    return FileRules() if found is None else msgspec.convert(found[0], FileRules)


async def read_unattached(
    connection: Connection, before: datetime, after: UnattachedFile | None, limit: int
) -> tuple[UnattachedFile, ...]:
    """All tenants' files that were uploaded `before` and never attached, oldest first, after the last one seen."""
    last = (BEGINNING, NOWHERE) if after is None else (after.uploaded_at, after.file_id)
    cursor = await connection.execute(
        "SELECT tenant_id, file_id, uploaded_at FROM read.file "
        "WHERE conversation_id IS NULL AND NOT is_kept AND NOT is_purged "
        "AND uploaded_at <= %s AND (uploaded_at, file_id) > (%s, %s) ORDER BY uploaded_at, file_id LIMIT %s",
        (before, *last, limit),
    )
    return tuple(UnattachedFile(*row) for row in await cursor.fetchall())


async def read_files_of_contact(connection: Connection, tenant_id: int, contact_id: UUID) -> tuple[UUID, ...]:
    """What this person uploaded, and what was attached for them alone; for their erasure."""
    cursor = await connection.execute(
        "SELECT file_id FROM read.file WHERE tenant_id = %s AND contact_id = %s AND NOT is_purged "
        "UNION SELECT file_id FROM read.file WHERE tenant_id = %s AND subject_id = %s AND NOT is_purged",
        (tenant_id, contact_id, tenant_id, contact_id),
    )
    return tuple(row[0] for row in await cursor.fetchall())


def _blank(rows: Iterable[FileRow], person: Key) -> None:
    for row in rows:
        if (row.tenant_id, row.subject_id) == person:
            row.name = None


def _new_row(key: Key, event: FileUploaded) -> FileRow:
    return FileRow(
        *key,
        subject_id=event.subject_id,
        name=readable(event.name),
        content_type=event.content_type,
        size=event.size,
        uploaded_at=event.at,
        conversation_id=None,
        contact_id=None,
        is_kept=False,
        is_purged=False,
    )
