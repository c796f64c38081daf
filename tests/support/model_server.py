"""ModelServer: speaks OpenAI's chat protocol on a port of this machine, and misbehaves on request."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec

STREAM_HEAD = b"HTTP/1.1 200 X\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
Behaviour = Callable[["Exchange"], Awaitable[None]]


class Exchange:
    """One request as it came in, and the way back."""

    def __init__(self, path: str, headers: dict[str, str], body: bytes, writer: asyncio.StreamWriter) -> None:
        self.path = path
        self.headers = headers
        self.body: dict[str, Any] = msgspec.json.decode(body) if body else {}
        self._writer = writer

    async def send(self, raw: bytes) -> None:
        self._writer.write(raw)
        await self._writer.drain()

    async def event(self, chunk: dict[str, Any]) -> None:
        """One part of a stream."""
        await self.send(b"data: " + msgspec.json.encode(chunk) + b"\n\n")

    async def respond(self, status: int, body: bytes, headers: str = "") -> None:
        kind = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        await self.send(f"HTTP/1.1 {status} X\r\n{kind}{headers}\r\n".encode() + body)


def says(text: str | None, *, model: str = "test-model", tokens: int = 42, **message: Any) -> Behaviour:
    """A good completion; `message` adds fields such as `tool_calls`."""
    completion = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": model,
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": text, **message}, "finish_reason": "stop"}
        ],
        "usage": {"prompt_tokens": tokens - 2, "completion_tokens": 2, "total_tokens": tokens},
    }
    return answers(msgspec.json.encode(completion))


def calls(function: str, arguments: str, text: str | None = None) -> Behaviour:
    """A completion that calls a tool."""
    call = {"id": "call_1", "type": "function", "function": {"name": function, "arguments": arguments}}
    return says(text, tool_calls=[call])


def streams(*parts: str, model: str = "test-model", tokens: int = 42, ends: bool = True) -> Behaviour:
    """A good answer, word by word; `ends` False: the stream is cut off before its end."""
    return _streaming([{"content": part} for part in parts], model, tokens, ends)


def streams_call(function: str, *arguments: str) -> Behaviour:
    """A tool call whose arguments come in parts."""
    first = {"index": 0, "id": "call_1", "type": "function", "function": {"name": function, "arguments": ""}}
    more = [{"tool_calls": [{"index": 0, "function": {"arguments": part}}]} for part in arguments]
    return _streaming([{"tool_calls": [first]}, *more], "test-model", 42, True)


def begins(*parts: str, then: Behaviour) -> Behaviour:
    """The beginning of a stream, and then something else on the same connection."""

    async def behave(exchange: Exchange) -> None:
        await exchange.send(STREAM_HEAD)
        for part in parts:
            await exchange.event({"choices": [{"index": 0, "delta": {"content": part}}]})
        await then(exchange)

    return behave


def _streaming(deltas: list[dict[str, Any]], model: str, tokens: int, ends: bool) -> Behaviour:
    async def behave(exchange: Exchange) -> None:
        await exchange.send(STREAM_HEAD)
        for delta in deltas:
            await exchange.event({"model": model, "choices": [{"index": 0, "delta": delta}]})
        if not ends:
            raise ConnectionError("cut off")
        await exchange.event({"model": model, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        usage = {"prompt_tokens": tokens - 2, "completion_tokens": 2, "total_tokens": tokens}
        await exchange.event({"model": model, "choices": [], "usage": usage})
        await exchange.send(b"data: [DONE]\n\n")
        raise ConnectionError("the stream ends with the connection")

    return behave


def answers(body: bytes) -> Behaviour:
    """200 with exactly this body."""
    return lambda exchange: exchange.respond(200, body)


def fails(status: int, headers: str = "") -> Behaviour:
    """An error as providers write it."""
    return lambda exchange: exchange.respond(status, b'{"error":{"message":"no","type":"x"}}', headers)


async def hangs(exchange: Exchange) -> None:
    """Not a byte, for ever."""
    await asyncio.Event().wait()


async def cuts(exchange: Exchange) -> None:
    """Promises more than it sends, then closes."""
    await exchange.send(b'HTTP/1.1 200 X\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n{"choi')


async def never_ends(exchange: Exchange) -> None:
    """A body without end."""
    await exchange.send(b"HTTP/1.1 200 X\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        await exchange.send(b"10000\r\n" + b" " * 0x10000 + b"\r\n")


def waits_for(event: asyncio.Event, then: Behaviour) -> Behaviour:
    """Thinks until the test sets `event`."""

    async def behave(exchange: Exchange) -> None:
        await event.wait()
        await then(exchange)

    return behave


class ModelServer:
    """`script`: what it does with the first request, the second...; the last behaviour stays."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.exchanges: list[Exchange] = []
        self.script: list[Behaviour] = [says("Hello.")]
        self.asked = asyncio.Event()

    def will(self, *script: Behaviour) -> None:
        self.script = list(script)

    @property
    def system_prompt(self) -> str:
        """What the model was told in the last request."""
        return self.exchanges[-1].body["messages"][0]["content"]

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._exchange(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            return  # the client gave up: that is what some tests are about
        finally:
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        exchange = Exchange(head[0].split()[1], headers, body, writer)
        behave = self.script[min(len(self.exchanges), len(self.script) - 1)]
        self.exchanges.append(exchange)
        self.asked.set()
        await behave(exchange)
        return behave is not cuts


@asynccontextmanager
async def running_model_server() -> AsyncGenerator[ModelServer]:
    """On 127.0.0.1, on a free port; `url` is what an OpenAI client takes as its base URL."""
    connections: set[asyncio.Task[None]] = set()
    model_server = ModelServer("")

    def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(model_server.handle(reader, writer))
        connections.add(task)
        task.add_done_callback(connections.discard)

    server = await asyncio.start_server(connect, "127.0.0.1", 0)
    model_server.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    try:
        yield model_server
    finally:
        server.close()
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)
