"""Whenever a file was purged, its bytes are deleted, and with them the key of its name where that is its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from uuid import UUID

from application.log import EventLog, Recorded
from application.ports import BlobStore
from domain.file import FilePurged, FileUploaded

DestroyKey = Callable[[int, UUID], Awaitable[None]]
"""Of a tenant's data subject."""


class DeletePurgedFile:
    """A `Policy`. The event comes first, so whatever is cut off between the two is done when it is done again."""

    name = "delete_purged_file"

    def __init__(self, log: EventLog, blobs: BlobStore, destroy_key: DestroyKey) -> None:
        self._log = log
        self._blobs = blobs
        self._destroy_key = destroy_key

    def concerns(self, recorded: Recorded) -> bool:
        return isinstance(recorded.event, FilePurged)

    async def react(self, recorded: Recorded) -> None:
        stream = await self._log.load(recorded.tenant_id, recorded.stream_id)
        for event in stream.events:
            if isinstance(event, FileUploaded):
                await self._blobs.delete(event.key)
                if event.subject_id == recorded.stream_id:
                    await self._destroy_key(recorded.tenant_id, event.subject_id)
