"""Blobs: bytes under a key, in a local directory or in a bucket that speaks S3.

Only obstore's synchronous calls, and only in threads: its asynchronous ones can abort a process that is ending.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import IO, Any, TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

import obstore
from obstore.exceptions import NotFoundError
from obstore.store import LocalStore, S3Store

from application.ports import BlobMissing
from infrastructure.settings import SettingRefused

T = TypeVar("T")

DEADLINE = 30.0
"""Seconds a call may take; `put` of a large file has longer."""
PUT_DEADLINE = 120.0
THREADS = 8
OPTIONS = {"endpoint", "region"}
RETRIES: Any = {"max_retries": 3, "retry_timeout": timedelta(seconds=20)}


class Blobs:
    """Implements `application.ports.BlobStore`. Each call raises TimeoutError at its deadline."""

    def __init__(self, open_store: Callable[[], LocalStore | S3Store], directory: Path | None = None) -> None:
        """`directory`: where a local store's files lie; they are synced to the disk."""
        self._open_store = open_store
        self._store: LocalStore | S3Store | None = None
        self._directory = directory
        self._threads = ThreadPoolExecutor(THREADS, "blobs")

    async def put(self, key: str, body: IO[bytes]) -> None:
        await self._call(PUT_DEADLINE, self._put, key, body)

    async def read(self, key: str, start: int, length: int) -> bytes:
        return await self._call(DEADLINE, self._read, key, start, length)

    async def delete(self, key: str) -> None:
        await self._call(DEADLINE, self._delete, key)

    def close(self) -> None:
        """Does not wait for calls under way: they have deadlines of their own."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _put(self, key: str, body: IO[bytes]) -> None:
        obstore.put(self._opened(), key, body)
        if self._directory is not None:
            _sync(self._directory, self._directory / key)

    def _read(self, key: str, start: int, length: int) -> bytes:
        try:
            return bytes(obstore.get_range(self._opened(), key, start=start, length=length))
        except (NotFoundError, FileNotFoundError) as missing:
            raise BlobMissing(key) from missing

    def _delete(self, key: str) -> None:
        with suppress(NotFoundError, FileNotFoundError):
            obstore.delete(self._opened(), key)

    def _opened(self) -> LocalStore | S3Store:
        """At first use, so that a process that stores nothing makes no directory."""
        if self._store is None:
            self._store = self._open_store()
        return self._store

    async def _call(self, seconds: float, work: Callable[..., T], *arguments: object) -> T:
        async with asyncio.timeout(seconds):
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)


@asynccontextmanager
async def open_blobs(url: str) -> AsyncGenerator[Blobs]:
    """`file:PATH`, `file:///PATH` or `s3://BUCKET/PREFIX?endpoint=URL&region=NAME`. Raises SettingRefused.

    S3 credentials come from the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, or the machine's role).
    """
    blobs = _blobs(url)
    try:
        yield blobs
    finally:
        blobs.close()


def _blobs(url: str) -> Blobs:
    parts = urlsplit(url)
    if parts.scheme == "file" and parts.path and not parts.netloc:
        directory = Path(unquote(parts.path)).absolute()
        return Blobs(lambda: _local(directory), directory)
    if parts.scheme == "s3" and parts.netloc:
        options = dict(parse_qsl(parts.query))
        if options.keys() <= OPTIONS:
            return Blobs(lambda: _bucket(parts.netloc, parts.path.strip("/"), options))
    raise SettingRefused("VERBATIM_BLOBS is file:///PATH or s3://BUCKET/PREFIX?endpoint=URL&region=NAME.")


def _local(directory: Path) -> LocalStore:
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    return LocalStore(directory)


def _bucket(name: str, prefix: str, options: dict[str, str]) -> S3Store:
    config: Any = dict(options)
    client: Any = {
        "allow_http": options.get("endpoint", "").startswith("http://"),
        "timeout": timedelta(seconds=PUT_DEADLINE),
        "connect_timeout": timedelta(seconds=5),
    }
    return S3Store(name, prefix=prefix or None, config=config, client_options=client, retry_config=RETRIES)


def _sync(root: Path, file: Path) -> None:
    """obstore renames into place but does not sync: the file, and every directory down to it."""
    for path in (file, *file.parents):
        number = os.open(path, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
        if path == root:
            return
