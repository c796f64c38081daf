"""Commands about a file. Its bytes are in the blob store before UploadFile is given, and gone after a purge."""

from __future__ import annotations

from uuid import UUID

from application.command import Command, Handlers
from application.work import Work
from domain.file import File
from domain.ids import natural_key
from domain.tenant import Tenant


class _AboutFile(Command, frozen=True, kw_only=True):
    file_id: UUID

    @property
    def turn(self) -> UUID:
        return self.file_id


class UploadFile(_AboutFile, frozen=True, kw_only=True):
    """`size` in bytes, `sha256` in hex, `key` in the blob store: all of what lies there, not of what was sent."""

    name: str
    content_type: str
    size: int
    sha256: str
    key: str


class PurgeFile(_AboutFile, frozen=True, kw_only=True):
    """Attached or not. The bytes follow once this is durable (policies/delete_purged_file)."""

    reason: str


class ExpireFile(_AboutFile, frozen=True, kw_only=True):
    """Purge it if nobody attached it within a day."""


async def upload_file(work: Work, command: UploadFile) -> None:
    tenant = await work.look_up(Tenant, natural_key(work.actor.tenant_id, Tenant.KIND))
    file = await work.load(File, command.file_id)
    file.upload(
        work.stamp,
        tenant_id=work.actor.tenant_id,
        name=command.name,
        content_type=command.content_type,
        size=command.size,
        sha256=command.sha256,
        key=command.key,
        rules=tenant.file_rules,
    )


async def purge_file(work: Work, command: PurgeFile) -> None:
    file = await work.get(File, command.file_id)
    file.purge(work.stamp, command.reason)


async def expire_file(work: Work, command: ExpireFile) -> None:
    file = await work.get(File, command.file_id)
    file.expire(work.stamp)


HANDLERS: Handlers = {UploadFile: upload_file, PurgeFile: purge_file, ExpireFile: expire_file}
