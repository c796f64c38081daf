"""LossyDoor: between a client and PostgreSQL; loses an answer when told to, as a network does."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo


class LossyDoor:
    """`url` leads through it. With `loses_answers` the server's next answer ends the connection instead."""

    def __init__(self, url: str, folder: Path) -> None:
        self._behind = conninfo_to_dict(url)
        self._folder = folder
        self.url = make_conninfo(url, host=str(folder), port="5432")
        self.loses_answers = False
        self.lost = 0

    @asynccontextmanager
    async def standing(self) -> AsyncGenerator[LossyDoor]:
        server = await asyncio.start_unix_server(self._pass, self._folder / ".s.PGSQL.5432")
        async with server:
            yield self

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await self._reach_server()
        up = asyncio.create_task(_pump(reader, to_server))
        while answer := await from_server.read(65536):
            if self.loses_answers:
                self.loses_answers = False
                self.lost += 1
                break
            writer.write(answer)
        up.cancel()
        writer.close()
        to_server.close()

    async def _reach_server(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, port = str(self._behind["host"]), int(self._behind.get("port") or 5432)
        if host.startswith("/"):
            return await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
        return await asyncio.open_connection(host, port)


@asynccontextmanager
async def lossy_door(url: str) -> AsyncGenerator[LossyDoor]:
    """A door in front of the server of `url`."""
    with tempfile.TemporaryDirectory(prefix="vb-door-") as folder:
        async with LossyDoor(url, Path(folder)).standing() as door:
            yield door


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(65536):
        writer.write(chunk)
    writer.close()
