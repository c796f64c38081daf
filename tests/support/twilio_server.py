"""TwilioServer: speaks Twilio's REST shape for numbers on a port of this machine, and misbehaves on request."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import msgspec

from infrastructure.voice.twilio_signature import signature

ACCOUNT, TOKEN = "AC" + "a" * 32, "0123456789abcdef0123456789abcdef"


class Trouble(msgspec.Struct, frozen=True):
    """What comes instead of an answer; `hangs`: nothing ever does."""

    status: int = 500
    body: bytes = b"{}"
    hangs: bool = False


class TwilioServer:
    """One account with its numbers. `troubles` come first, one per request; `asked` is what was asked for."""

    def __init__(self, *numbers: str) -> None:
        self.url = ""
        self.numbers: dict[str, dict[str, Any]] = {
            f"PN{place:032x}": {"sid": f"PN{place:032x}", "phone_number": number, "voice_url": ""}
            for place, number in enumerate(numbers)
        }
        self.troubles: list[Trouble] = []
        self.asked: list[tuple[str, str]] = []

    def number(self, number: str) -> dict[str, Any]:
        return next(one for one in self.numbers.values() if one["phone_number"] == number)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                headers = {
                    name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)
                }
                form = (await reader.readexactly(int(headers.get("content-length", "0")))).decode()
                method, target, _ = head[0].split(" ")
                self.asked.append((method, urlsplit(target).path))
                if self.troubles:
                    await self._trouble(self.troubles.pop(0), reader, writer)
                else:
                    status, body = self._answer(method, target, headers, form)
                    await _send(writer, status, msgspec.json.encode(body))
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()

    async def _trouble(self, trouble: Trouble, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if trouble.hangs:
            await reader.read()
            raise ConnectionError
        await _send(writer, trouble.status, trouble.body)

    def _answer(self, method: str, target: str, headers: dict[str, str], form: str) -> tuple[int, Any]:
        if headers.get("authorization") != "Basic " + b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode():
            return 401, {"code": 20003, "message": "Authenticate", "status": 401}
        parts, numbers = urlsplit(target), f"/2010-04-01/Accounts/{ACCOUNT}/IncomingPhoneNumbers"
        if method == "GET" and parts.path == f"{numbers}.json":
            wanted = parse_qs(parts.query)["PhoneNumber"]
            found = [one for one in self.numbers.values() if one["phone_number"] in wanted]
            return 200, {"incoming_phone_numbers": found, "page": 0}
        owned = self.numbers.get(parts.path.removeprefix(f"{numbers}/").removesuffix(".json"))
        if method != "POST" or owned is None:
            return 404, {"code": 20404, "status": 404}
        given = dict(parse_qsl(form))
        owned |= {"voice_url": given["VoiceUrl"], "status_callback": given["StatusCallback"]}
        return 200, owned


async def call_back(
    http: httpx.AsyncClient, url: str, token: str = TOKEN, signed: str | None = None, **form: str
) -> httpx.Response:
    """A request as Twilio makes it; `signed`: over another address than it goes to."""
    whole = {"AccountSid": ACCOUNT, "ApiVersion": "2010-04-01"} | form
    headers = {"X-Twilio-Signature": signature(token, signed or url, list(whole.items()))}
    return await http.post(url, data=whole, headers=headers)


async def _send(writer: asyncio.StreamWriter, status: int, body: bytes) -> None:
    writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
    await writer.drain()


@asynccontextmanager
async def twilio_running(*numbers: str) -> AsyncGenerator[TwilioServer]:
    """On 127.0.0.1, on a free port."""
    twilio, connections = TwilioServer(*numbers), set[asyncio.Task[None]]()

    def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(twilio.serve(reader, writer))
        connections.add(task)
        task.add_done_callback(connections.discard)

    server = await asyncio.start_server(connect, "127.0.0.1", 0)
    twilio.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield twilio
    finally:
        server.close()
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)
