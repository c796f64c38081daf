"""Intake: what was sent becomes what is stored, or is refused: type, picture, scan, then into the blob store."""

from __future__ import annotations

import asyncio
import hashlib
from typing import IO
from uuid import UUID

import msgspec

from application.ports import BlobStore, FileScanner
from domain.file import FileRules
from domain.file_name import ending, typed_name
from domain.refusals import UnsupportedFile
from infrastructure.blobs.content_types import sniffed
from infrastructure.blobs.images import FORMATS, Images
from infrastructure.blobs.spool import Spool
from infrastructure.blobs.uploads import Upload, Uploads

PART = 1024 * 1024
SCAN_DEADLINE = 60.0


class Stored(msgspec.Struct, frozen=True):
    """What lies under `key`: `size` in bytes, `sha256` in hex."""

    name: str
    content_type: str
    size: int
    sha256: str
    key: str


class NoScanner:
    """Implements `application.ports.FileScanner`: everything passes. An installation puts its own here."""

    async def is_harmless(self, body: IO[bytes], content_type: str) -> bool:
        return True


class Intake:
    def __init__(self, blobs: BlobStore, uploads: Uploads, scanner: FileScanner) -> None:
        self._blobs = blobs
        self._uploads = uploads
        self._scanner = scanner
        self._images = Images()

    async def store(self, upload: Upload, name: str, spool: Spool, rules: FileRules) -> Stored:
        """Raises UnsupportedFile, TooLarge, Invalid, RateLimited; TimeoutError where the store does not answer."""
        content_type = sniffed(spool.head, ending(name))
        if content_type is None or (content_type.startswith("text/") and not spool.is_text):
            raise UnsupportedFile(accepted=rules.content_types)
        rules.check(content_type, spool.size)
        shown = typed_name(name, content_type)
        if content_type not in FORMATS:
            return await self._put(upload, shown, content_type, spool.body, (spool.size, spool.sha256))
        picture = await self._images.cleaned(spool.body, content_type)
        try:
            measured = await asyncio.to_thread(_measured, picture)
            rules.check(content_type, measured[0])
            return await self._put(upload, shown, content_type, picture, measured)
        finally:
            picture.close()

    def close(self) -> None:
        self._images.close()

    async def _put(
        self, upload: Upload, name: str, content_type: str, body: IO[bytes], measured: tuple[int, str]
    ) -> Stored:
        size, sha256 = measured
        async with asyncio.timeout(SCAN_DEADLINE):
            if not await self._scanner.is_harmless(body, content_type):
                raise UnsupportedFile("The file did not pass a scan.")
        key = blob_key(upload.tenant_id, upload.file_id, sha256)
        await self._uploads.placing(upload, key, size)
        body.seek(0)
        await self._blobs.put(key, body)
        return Stored(name, content_type, size, sha256, key)


def blob_key(tenant_id: int, file_id: UUID, sha256: str) -> str:
    """The tenant first; other content for the same id never overwrites what is there."""
    return f"{tenant_id}/{file_id.hex[-2:]}/{file_id.hex}-{sha256[:16]}"


def _measured(body: IO[bytes]) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    while part := body.read(PART):
        size += len(part)
        digest.update(part)
    body.seek(0)
    return size, digest.hexdigest()
