"""Uploads: how much a visitor sent lately, and which bytes may lie in the store without an event.

One row per try in files.upload, gone after a day. `key` is set from before the bytes are stored until their event
is durable: what still has one an hour later was cut off.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import msgspec

from application.actor import Actor
from application.ports import BlobStore
from domain.refusals import RateLimited
from infrastructure.postgres import Connection, Database

TRIES = 10
WINDOW = timedelta(minutes=10)
BYTES_A_DAY = 50 * 1024 * 1024
DAY = timedelta(days=1)
PAUSE_AFTER_BYTES = 3600
CUT_OFF = timedelta(hours=1)
PAGE = 500


class Upload(msgspec.Struct, frozen=True):
    """One try to upload one file."""

    id: UUID
    tenant_id: int
    uploader_id: UUID
    file_id: UUID
    is_limited: bool


class UploadsLimited(RateLimited):
    policy = ("uploads", TRIES, int(WINDOW.total_seconds()))


class UploadedBytesLimited(RateLimited):
    policy = ("upload-bytes", BYTES_A_DAY, int(DAY.total_seconds()))


class Uploads:
    """Limits are the visitors': 10 files in 10 minutes, 50 MiB a day, exact across processes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, actor: Actor, file_id: UUID) -> Upload:
        """Before a byte of it is read. A repeat for the same file does not count again. Raises RateLimited."""
        is_limited = actor.role == "visitor"
        who = (actor.tenant_id, actor.by.id, file_id)
        async with self._database.tenant(actor.tenant_id) as connection:
            if is_limited:
                await _one_at_a_time(connection, actor.tenant_id, actor.by.id)
                await _refuse_too_many(connection, who)
            cursor = await connection.execute(
                "INSERT INTO files.upload (tenant_id, uploader_id, file_id) VALUES (%s, %s, %s) "
                "RETURNING upload_id",
                who,
            )
            found = await cursor.fetchone()
        assert found is not None
        return Upload(found[0], *who, is_limited)

    async def placing(self, upload: Upload, key: str, size: int) -> None:
        """Right before the bytes are stored. Raises RateLimited."""
        async with self._database.tenant(upload.tenant_id) as connection:
            if upload.is_limited:
                await _one_at_a_time(connection, upload.tenant_id, upload.uploader_id)
                await _refuse_too_much(connection, upload, size)
            await connection.execute(
                "UPDATE files.upload SET key = %s, size = %s WHERE tenant_id = %s AND upload_id = %s",
                (key, size, upload.tenant_id, upload.id),
            )

    async def settled(self, upload: Upload) -> None:
        """The event is durable: the bytes are a file's."""
        async with self._database.tenant(upload.tenant_id) as connection:
            await connection.execute(
                "UPDATE files.upload SET key = NULL WHERE tenant_id = %s AND upload_id = %s",
                (upload.tenant_id, upload.id),
            )

    async def sweep(self, blobs: BlobStore) -> int:
        """Delete bytes that no event speaks of, and rows of yesterday. How many blobs were deleted."""
        swept = 0
        async with self._database.worker() as connection:
            while rows := await _cut_off(connection):
                for _, key, is_a_files in rows:
                    if not is_a_files:
                        await blobs.delete(key)
                        swept += 1
                await connection.execute(
                    "UPDATE files.upload SET key = NULL WHERE upload_id = ANY(%s)", ([row[0] for row in rows],)
                )
            await connection.execute("DELETE FROM files.upload WHERE key IS NULL AND at < now() - %s", (DAY,))
        return swept


async def _one_at_a_time(connection: Connection, tenant_id: int, uploader_id: UUID) -> None:
    """Until the transaction ends, so that two tries at once do not both see room for one more."""
    await connection.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"files.upload {tenant_id} {uploader_id}",)
    )


async def _refuse_too_many(connection: Connection, who: tuple[int, UUID, UUID]) -> None:
    cursor = await connection.execute(
        "SELECT count(DISTINCT file_id), extract(epoch FROM min(at) + %s - now())::int FROM files.upload "
        "WHERE tenant_id = %s AND uploader_id = %s AND file_id <> %s AND at > now() - %s",
        (WINDOW, *who, WINDOW),
    )
    found = await cursor.fetchone()
    if found is not None and found[0] >= TRIES:
        raise UploadsLimited(max(1, found[1]))


async def _refuse_too_much(connection: Connection, upload: Upload, size: int) -> None:
    cursor = await connection.execute(
        "SELECT coalesce(sum(size), 0) FROM files.upload "
        "WHERE tenant_id = %s AND uploader_id = %s AND file_id <> %s AND at > now() - %s",
        (upload.tenant_id, upload.uploader_id, upload.file_id, DAY),
    )
    found = await cursor.fetchone()
    if found is not None and found[0] + size > BYTES_A_DAY:
        raise UploadedBytesLimited(PAUSE_AFTER_BYTES)


async def _cut_off(connection: Connection) -> list[tuple[UUID, str, bool]]:
    """(row, key, whether the file's own event names that key)."""
    cursor = await connection.execute(
        "SELECT u.upload_id, u.key, EXISTS (SELECT FROM access.facts(u.tenant_id, u.file_id) f "
        "WHERE f.facts ->> 'key' = u.key) FROM files.upload u "
        "WHERE u.key IS NOT NULL AND u.at < now() - %s ORDER BY u.at LIMIT %s",
        (CUT_OFF, PAGE),
    )
    return [(row[0], row[1], row[2]) for row in await cursor.fetchall()]
