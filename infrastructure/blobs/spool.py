"""Spool: an upload on its way in, counted and hashed as it comes; small ones in memory, others on the disk."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from typing import IO

from domain.refusals import TooLarge
from infrastructure.blobs.content_types import HEAD, is_text

IN_MEMORY = 1024 * 1024


class Spool:
    """A temporary file without a name: a crash leaves nothing behind. `close` it."""

    def __init__(self, max_size: int) -> None:
        self.size = 0
        self.head = b""
        self.is_text = True
        self._max_size = max_size
        self._hash = hashlib.sha256()
        self._file: IO[bytes] = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - closed by `close`

    async def write(self, part: bytes) -> None:
        """Raises TooLarge as soon as there is one byte too many."""
        self.size += len(part)
        if self.size > self._max_size:
            raise TooLarge(maxSize=self._max_size)
        if len(self.head) < HEAD:
            self.head += part[: HEAD - len(self.head)]
        self.is_text = self.is_text and is_text(part)
        self._hash.update(part)
        if self.size <= IN_MEMORY:
            self._file.write(part)
        else:
            await asyncio.to_thread(self._file.write, part)

    @property
    def sha256(self) -> str:
        """In hex."""
        return self._hash.hexdigest()

    @property
    def body(self) -> IO[bytes]:
        """From its beginning on."""
        self._file.seek(0)
        return self._file

    def close(self) -> None:
        self._file.close()
