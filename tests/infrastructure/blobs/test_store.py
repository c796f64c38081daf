"""The blob store: the same on a disk and in a bucket."""

from __future__ import annotations

import asyncio
import hashlib
import io
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from application.ports import BlobMissing
from infrastructure.blobs.store import Blobs, open_blobs
from infrastructure.settings import SettingRefused

KEY = "7/ab/1-2"


async def test_what_is_put_is_read_whole_and_in_parts(blobs: Blobs) -> None:
    await blobs.put(KEY, io.BytesIO(b"0123456789"))
    assert await blobs.read(KEY, 0, 100) == b"0123456789"
    assert await blobs.read(KEY, 3, 4) == b"3456"
    assert await blobs.read(KEY, 8, 4) == b"89"


async def test_a_large_one_comes_in_parts_from_a_temporary_file(blobs: Blobs) -> None:
    with tempfile.SpooledTemporaryFile(1024) as body:
        digest = hashlib.sha256()
        for number in range(13):
            part = bytes([number]) * 1024 * 1024
            digest.update(part)
            body.write(part)
        body.seek(0)
        await blobs.put(KEY, body)
    read = hashlib.sha256()
    for start in range(0, 13 * 1024 * 1024, 5_000_000):
        read.update(await blobs.read(KEY, start, 5_000_000))
    assert read.digest() == digest.digest()


async def test_what_is_not_there_is_missing(blobs: Blobs) -> None:
    with pytest.raises(BlobMissing):
        await blobs.read(KEY, 0, 1)
    await blobs.put(KEY, io.BytesIO(b"x"))
    with pytest.raises(BlobMissing):
        await blobs.read("8/ab/1-2", 0, 1)


async def test_deleting_twice_changes_nothing(blobs: Blobs) -> None:
    await blobs.put(KEY, io.BytesIO(b"x"))
    for _ in range(2):
        await blobs.delete(KEY)
    with pytest.raises(BlobMissing):
        await blobs.read(KEY, 0, 1)


async def test_many_at_once(blobs: Blobs) -> None:
    await asyncio.gather(*(blobs.put(f"7/{number}", io.BytesIO(b"%d" % number)) for number in range(30)))
    read = await asyncio.gather(*(blobs.read(f"7/{number}", 0, 9) for number in range(30)))
    assert read == [b"%d" % number for number in range(30)]


async def test_a_key_never_leaves_the_directory(tmp_path: Path) -> None:
    async with open_blobs(f"file:{tmp_path}/files") as blobs:
        with pytest.raises(Exception, match=r"\.\."):
            await blobs.put("../outside", io.BytesIO(b"x"))
    assert not (tmp_path / "outside").exists()


async def test_only_its_user_reads_the_directory(tmp_path: Path) -> None:
    async with open_blobs(f"file:{tmp_path}/files") as blobs:
        assert not (tmp_path / "files").exists()
        await blobs.put(KEY, io.BytesIO(b"x"))
    assert (tmp_path / "files").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/data",
        "http://example.org/",
        "s3://",
        "s3://bucket?key=secret",
        "file://host/data",
        "file:",
        "memory://",
    ],
)
async def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(SettingRefused):
        async with open_blobs(url):
            pass


async def test_a_server_that_is_not_there_is_an_error_within_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    async with open_blobs("s3://verbatim?endpoint=http://127.0.0.1:1&region=us-east-1") as blobs:
        with pytest.raises(Exception, match=r"127\.0\.0\.1:1"):
            await blobs.read(KEY, 0, 1)


PROGRAM = """
import asyncio, io, sys
from infrastructure.blobs.store import open_blobs
async def main():
    async with open_blobs("file:" + sys.argv[1]) as blobs:
        await blobs.put("7/1", io.BytesIO(b"x" * 6_000_000))
        assert len(await blobs.read("7/1", 0, 6_000_000)) == 6_000_000
asyncio.run(main())
"""


def test_a_program_that_used_it_ends_in_good_order(tmp_path: Path) -> None:
    """obstore's asynchronous calls abort about every other one (ecosystem.md, section 5)."""
    for number in range(5):
        ended = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(tmp_path / str(number))],
            timeout=30,
            check=False,
            capture_output=True,
        )
        assert ended.returncode == 0, ended.stderr
