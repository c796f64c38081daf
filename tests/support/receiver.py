"""Receiver: a webhook's endpoint on a port of this machine; it answers what it is told and keeps what it got."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import msgspec


class Reply(msgspec.Struct, frozen=True):
    """`hangs`: never."""

    status: int = 200
    headers: str = ""
    body: bytes = b"ok"
    hangs: bool = False


class Received(msgspec.Struct, frozen=True):
    headers: dict[str, str]
    body: bytes

    @property
    def facts(self) -> dict[str, Any]:
        return json.loads(self.body)


class Receiver:
    """`script`: what it answers to the first request, the second...; the last one stays."""

    def __init__(self) -> None:
        self.url = ""
        self.got: list[Received] = []
        self.script: list[Reply] = [Reply()]
        self._moved = asyncio.Condition()

    def will(self, *script: Reply) -> None:
        """From the next request on."""
        self.script = [*self.script[: len(self.got)], *[Reply()] * (len(self.got) - len(self.script)), *script]

    @property
    def seqs(self) -> list[int]:
        return [one.facts["seq"] for one in self.got]

    @property
    def texts(self) -> list[str]:
        return [one.facts["data"].get("text") for one in self.got]

    async def has(self, count: int, seconds: float = 15.0) -> None:
        """Wait until it was asked so often."""
        async with asyncio.timeout(seconds), self._moved:
            await self._moved.wait_for(lambda: len(self.got) >= count)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                await self._exchange(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        reply = self.script[min(len(self.got), len(self.script) - 1)]
        async with self._moved:
            self.got.append(Received(headers, body))
            self._moved.notify_all()
        if reply.hangs:
            await reader.read()
            raise ConnectionError
        start = f"HTTP/1.1 {reply.status} X\r\nContent-Length: {len(reply.body)}\r\n{reply.headers}\r\n"
        writer.write(start.encode() + reply.body)
        await writer.drain()


@asynccontextmanager
async def receiving(*script: Reply) -> AsyncGenerator[Receiver]:
    """On 127.0.0.1, on a free port."""
    receiver, connections = Receiver(), set[asyncio.Task[None]]()
    receiver.script = list(script) or [Reply()]

    def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(receiver.serve(reader, writer))
        connections.add(task)
        task.add_done_callback(connections.discard)

    server = await asyncio.start_server(connect, "127.0.0.1", 0)
    receiver.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    try:
        yield receiver
    finally:
        server.close()
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)
