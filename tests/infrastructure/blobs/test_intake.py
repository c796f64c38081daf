"""Intake: what a scan refuses is not stored, and neither is what grew too large by being encoded anew."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import IO
from uuid import UUID

import pytest

from application.actor import visitor
from application.ports import BlobMissing
from domain.file import FileRules
from domain.refusals import TooLarge, UnsupportedFile
from infrastructure.blobs.intake import Intake, NoScanner, blob_key
from infrastructure.blobs.spool import IN_MEMORY, Spool
from infrastructure.blobs.store import Blobs, open_blobs
from infrastructure.blobs.uploads import Uploads
from infrastructure.postgres import Database
from tests.support.pictures import jpeg

VISITING = visitor(7, UUID(int=3))
FILE = UUID(int=0xF1)
VIRUS = b"%PDF- a virus"


class Scanner:
    """Finds what a test hides."""

    async def is_harmless(self, body: IO[bytes], content_type: str) -> bool:
        return b"virus" not in body.read()


@pytest.fixture
async def local(tmp_path: Path) -> AsyncIterator[Blobs]:
    async with open_blobs(f"file:{tmp_path}/files") as opened:
        yield opened


async def spooled(body: bytes) -> Spool:
    spool = Spool(10 * IN_MEMORY)
    for start in range(0, len(body), 70_000):
        await spool.write(body[start : start + 70_000])
    return spool


async def test_what_is_stored_is_what_was_measured(database: Database, local: Blobs) -> None:
    uploads = Uploads(database)
    intake = Intake(local, uploads, NoScanner())
    for body, name in ((b"%PDF-" + b"x" * (2 * IN_MEMORY), "a.pdf"), (jpeg(), "a.jpg")):
        upload = await uploads.begin(VISITING, FILE)
        stored = await intake.store(upload, name, await spooled(body), FileRules())
        lying = await local.read(stored.key, 0, 100 * IN_MEMORY)
        assert len(lying) == stored.size
        assert stored.key == blob_key(7, FILE, stored.sha256)
    intake.close()


async def test_what_a_scan_refuses_is_not_stored(database: Database, local: Blobs) -> None:
    uploads = Uploads(database)
    intake = Intake(local, uploads, Scanner())
    upload = await uploads.begin(VISITING, FILE)
    spool = await spooled(VIRUS)
    with pytest.raises(UnsupportedFile):
        await intake.store(upload, "a.pdf", spool, FileRules())
    with pytest.raises(BlobMissing):
        await local.read(blob_key(7, FILE, spool.sha256), 0, 1)
    assert await intake.store(upload, "a.pdf", await spooled(b"%PDF- clean"), FileRules())
    intake.close()


async def test_a_picture_that_grew_beyond_the_limit_is_refused(database: Database, local: Blobs) -> None:
    uploads = Uploads(database)
    intake = Intake(local, uploads, NoScanner())
    body = jpeg((900, 900))
    sent = await spooled(body)
    with pytest.raises(TooLarge):
        await intake.store(await uploads.begin(VISITING, FILE), "a.jpg", sent, FileRules(max_size=len(body) - 1))
    intake.close()


async def test_a_spool_stops_at_one_byte_too_many() -> None:
    spool = Spool(100)
    await spool.write(b"x" * 100)
    with pytest.raises(TooLarge):
        await spool.write(b"x")
    spool.close()


async def test_a_spool_sees_what_is_no_text_wherever_it_is() -> None:
    spool = await spooled(b"text " * 50_000)
    assert spool.is_text
    await spool.write(b"\0")
    assert not spool.is_text
    assert len(spool.head) == 4096
    spool.close()
