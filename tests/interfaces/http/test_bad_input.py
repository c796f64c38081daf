"""Whatever a stranger sends: the contract's error body, and nothing stored."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager, contextmanager

import httpx
import pytest
import uvicorn

from tests.interfaces.http.desk import Desk, Shop
from tests.support.cases import cases

JSON = {"Content-Type": "application/json"}
BODIES: dict[str, tuple[bytes, int]] = {
    "nul": (b'{"sessionId":"s","message":"a\\u0000b","text":"a\\u0000b"}', 400),
    "raw nul": (b'{"sessionId":"s","message":"a\x00b"}', 400),
    "lone surrogate": (b'{"sessionId":"s","message":"\\ud800abcdefgh"}', 400),
    "surrogate in utf-8": (b'{"sessionId":"s","message":"\xed\xa0\x80"}', 400),
    "deep": (b'{"a":' * 100_000, 413),
    "deep but small": (b"[" * 100_000, 400),
    "just too deep": (b'{"sessionId":"s","message":' + b"[" * 33 + b"]" * 33 + b"}", 400),
    "unknown field": (b'{"sessionId":"s","message":"x","text":"x","tenantId":"tnt_2"}', 400),
    "role": (b'{"role":"owner"}', 400),
    "big int": (b'{"sessionId":"s","message":"x","count":99999999999999999999}', 400),
    "array": (b"[]", 400),
    "string": (b'"x"', 400),
    "nothing": (b"{", 400),
    "300 KiB": (b'{"sessionId":"s","message":"' + b"x" * 300 * 1024 + b'"}', 413),
}


async def routes(desk: Desk, shop: Shop) -> dict[str, dict[str, str]]:
    """Every route that takes a body, with headers that are let in."""
    id, visitor = await shop.thread()
    agent = await shop.member()
    return {
        f"/api/widgets/{shop.widget}/chat": shop.site,
        "/api/v1/chat/conversations": shop.site,
        f"/api/v1/chat/conversations/{id}/messages": visitor,
        f"/api/v1/chat/conversations/{id}/end": visitor,
        f"/api/v1/chat/conversations/{id}/request-human": visitor,
        f"/api/v1/chat/agent/conversations/{id}/accept": agent,
        "/api/v1/auth/login": {},
        "/api/v1/auth/refresh": {},
        "/api/v1/auth/logout": agent,
    }


@cases("name", BODIES)
async def test_a_bad_body_is_refused_everywhere_and_nothing_is_stored(desk: Desk, shop: Shop, name: str) -> None:
    body, status = BODIES[name]
    paths = await routes(desk, shop)
    before = await desk.store.reader.head()
    for path, headers in paths.items():
        answer = await desk.http.post(path, content=body, headers=headers | JSON)
        assert answer.status_code == status, (path, answer.text)
        error = answer.json()["error"]
        assert error["code"] == ("too_large" if status == 413 else "invalid_request")
        assert error["requestId"] == answer.headers["X-Request-Id"]
        assert ("success" in answer.json()) == path.startswith("/api/widgets/")
    assert await desk.store.reader.head() == before


@cases("media_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml", ""])
async def test_another_content_type_is_refused(desk: Desk, shop: Shop, media_type: str) -> None:
    before = await desk.store.reader.head()
    body = b'{"sessionId":"s","message":"x"}'
    headers = shop.site | {"Content-Type": media_type}
    answer = await desk.http.post(f"/api/widgets/{shop.widget}/chat", content=body, headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (415, "unsupported_media_type")
    assert await desk.store.reader.head() == before


async def test_a_charset_beside_json_is_welcome(desk: Desk, shop: Shop) -> None:
    headers = shop.site | {"Content-Type": "application/json; charset=utf-8"}
    answer = await desk.http.post("/api/v1/chat/conversations", content=b"{}", headers=headers)
    assert answer.status_code == 201


async def test_an_unknown_address_and_method_have_the_one_error_body(desk: Desk) -> None:
    for method, path, status, code in (
        ("GET", "/api/v1/nothing", 404, "not_found"),
        ("GET", "/api/widgets/x/nothing", 404, "not_found"),
        ("DELETE", "/api/v1/auth/login", 405, "method_not_allowed"),
        ("GET", "/nothing", 404, "not_found"),
    ):
        answer = await desk.http.request(method, path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
        assert answer.headers["X-Request-Id"] == answer.json()["error"]["requestId"]


async def test_a_bug_tells_nothing_of_itself(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.health = None
    answer = await desk.http.get("/health/ready", headers={"X-Request-Id": "find-me"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "internal")
    assert "secret" not in answer.text
    assert "details" not in answer.json()["error"]
    assert "find-me" in caplog.text
    assert "a secret detail" in caplog.text


async def test_a_body_without_end_is_cut_off(desk: Desk, shop: Shop) -> None:
    """Chunked, so no length is announced: the server reads a little more than it takes, answers and closes."""
    before = await desk.store.reader.head()
    async with serving(desk) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        head = (
            f"POST /api/widgets/{shop.widget}/chat HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
            f"Content-Type: application/json\r\nAuthorization: {shop.site['Authorization']}\r\n\r\n"
        )
        writer.write(head.encode())
        with pytest.raises(ConnectionError):
            await _pour(writer)
        writer.close()
    assert await desk.store.reader.head() == before


async def _pour(writer: asyncio.StreamWriter) -> None:
    """64 MiB in chunks."""
    async with asyncio.timeout(10):
        for _ in range(1024):
            writer.write(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
            await writer.drain()


@pytest.mark.parametrize("length", [300 * 1024, 1024 * 1024])
async def test_who_sends_too_much_hears_so(desk: Desk, shop: Shop, length: int) -> None:
    async with serving(desk) as port, httpx.AsyncClient() as http:
        for _ in range(3):
            answer = await http.post(
                f"http://127.0.0.1:{port}/api/widgets/{shop.widget}/chat",
                json={"sessionId": "s", "message": "x" * length},
                headers=shop.site,
            )
            assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")
            assert "Connection" not in answer.headers


async def test_an_announced_length_that_is_too_large_is_not_read(desk: Desk, shop: Shop) -> None:
    async with serving(desk) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(
            f"POST /api/widgets/{shop.widget}/chat HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000000\r\n"
            f"Content-Type: application/json\r\nAuthorization: {shop.site['Authorization']}\r\n\r\n".encode()
        )
        async with asyncio.timeout(5):
            answer = await reader.readuntil(b"\r\n\r\n")
        writer.close()
    assert b" 413 " in answer.splitlines()[0]


async def test_a_real_server_speaks_as_the_tests_do(desk: Desk, shop: Shop) -> None:
    async with serving(desk) as port, httpx.AsyncClient() as http:
        answer = await http.post(
            f"http://127.0.0.1:{port}/api/v1/chat/conversations", json={"text": "Hi"}, headers=shop.site
        )
    assert answer.status_code == 201
    assert "server" not in answer.headers


@asynccontextmanager
async def serving(desk: Desk) -> AsyncIterator[int]:
    """The desk's app under uvicorn; its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = _Server(uvicorn.Config(desk.app, log_config=None, access_log=False, server_header=False))
    task = asyncio.create_task(server.serve([listener]))
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        await task
        listener.close()


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """The test runner's signals stay its own."""
        yield
