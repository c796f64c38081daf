"""Files in a running process: the parts that uploads and downloads need, and the sweep of what nobody wants."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime

from application.actor import system
from application.bus import CommandBus
from application.fault import fault
from application.file import ExpireFile
from domain.file import KEPT_UNATTACHED
from infrastructure.blobs.intake import Intake, NoScanner
from infrastructure.blobs.links import Links
from infrastructure.blobs.store import open_blobs
from infrastructure.blobs.uploads import Uploads
from infrastructure.clock import now
from infrastructure.postgres import Database
from interfaces.http.parts import FileParts
from projections.files import UnattachedFile, read_unattached

EVERY = 3600.0
PAGE = 500

_log = logging.getLogger("verbatim.files")


@asynccontextmanager
async def open_files(url: str, secrets: bytes, database: Database) -> AsyncGenerator[FileParts]:
    """`url` is the setting `blobs`, `secrets` the installation's master key. Raises SettingRefused."""
    async with open_blobs(url) as blobs:
        uploads = Uploads(database)
        intake = Intake(blobs, uploads, NoScanner())
        try:
            yield FileParts(blobs, intake, uploads, Links(secrets))
        finally:
            intake.close()


class FileSweep:
    """Once an hour: files that nobody attached are purged, bytes without an event are deleted.

    May run in several processes at once: a file that is purged already, or gone, changes nothing.
    """

    def __init__(self, bus: CommandBus, database: Database, files: FileParts) -> None:
        self._bus = bus
        self._database = database
        self._files = files

    async def run(self) -> None:
        """Until cancelled. A failure is logged, and the next hour tries again."""
        while True:
            try:
                await self.purge_unattached(now())
                await self._files.uploads.sweep(self._files.blobs)
            except Exception as error:
                _log.error("not everything was swept: %s", fault(error))
            await asyncio.sleep(EVERY)

    async def purge_unattached(self, at: datetime) -> int:
        """Give ExpireFile for what is due at this time; how many. The policy deletes the bytes, crash or not."""
        count, last = 0, None
        while page := await self._due(at, last):
            for one in page:
                await self._bus.execute(system(one.tenant_id), ExpireFile(file_id=one.file_id))
            count, last = count + len(page), page[-1]
        return count

    async def _due(self, at: datetime, last: UnattachedFile | None) -> tuple[UnattachedFile, ...]:
        async with self._database.worker() as connection:
            return await read_unattached(connection, at - KEPT_UNATTACHED, last, PAGE)
