"""DocumentReader: a file of knowledge, read as pages; what is hostile in it ends a process of its own."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path, PurePosixPath

from domain.refusals import Invalid, TooLarge, Unavailable, UnsupportedFile
from domain.values import UNSTORABLE
from infrastructure.documents import confined
from infrastructure.documents.json_pages import json_pages
from infrastructure.documents.pages import Page, checked, file_name, marked_pages, text_page

LARGEST = 2 * 1024 * 1024
"""Bytes of a file."""
DEADLINE = 10.0
"""Seconds a document may take; its processor time is bounded in `confined`."""
FORMATS = {
    "txt": "text",
    "text": "text",
    "md": "markdown",
    "markdown": "markdown",
    "html": "html",
    "htm": "html",
    "json": "json",
}
"""A file's ending, in lower case -> what it is read as."""


class DocumentReader:
    """Two documents at a time are taken apart; the others wait."""

    def __init__(self, at_once: int = 2, deadline: float = DEADLINE) -> None:
        self._gate = asyncio.Semaphore(at_once)
        self._deadline = deadline

    async def read(self, sent_name: str, body: bytes) -> list[Page]:
        """Raises UnsupportedFile, TooLarge, Invalid; within the deadline."""
        name = file_name(sent_name)
        kind = FORMATS.get(PurePosixPath(name).suffix.lower().removeprefix("."))
        if kind is None:
            raise UnsupportedFile(accepted=sorted(FORMATS))
        if len(body) > LARGEST:
            raise TooLarge(maxSize=LARGEST)
        text = _decoded(body)
        if kind == "text":
            return checked(text_page(name, text))
        if kind == "json":
            return checked(await asyncio.to_thread(json_pages, name, text))
        return checked(marked_pages(name, await self._confined(kind, text)))

    async def _confined(self, kind: str, text: str) -> str:
        """Raises Unavailable where the machine is too busy to read it in time."""
        program = str(Path(confined.__file__))
        try:
            async with self._gate, asyncio.timeout(self._deadline):
                return await _run([sys.executable, "-I", program, kind], text.encode())
        except TimeoutError:
            raise Unavailable from None


async def _run(command: list[str], given: bytes) -> str:
    """Raises Invalid where the program did not come to its end."""
    pipe = asyncio.subprocess.PIPE
    running = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=pipe)
    try:
        said, _ = await running.communicate(given)
    finally:
        if running.returncode is None:
            running.kill()
            await running.wait()
    if running.returncode != 0:
        raise Invalid("The document is too deeply nested, or too intricate, to be read.")
    return said.decode()


def _decoded(body: bytes) -> str:
    """UTF-8, with or without its mark. Raises Invalid."""
    try:
        text = body.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError:
        raise Invalid("The file is not text in UTF-8.") from None
    if UNSTORABLE.search(text):
        raise Invalid("The file holds a character that no text may hold.")
    return text
