"""The bot of the docs, exactly that file, as a process: it answers a visitor, once, and never itself."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from infrastructure.embedded.nats import NatsServer
from infrastructure.ending import end
from infrastructure.reactor import Reactor
from interfaces.webhooks import webhook_courier
from tests.infrastructure.webhooks.scene import until
from tests.interfaces.http.desk import Desk, open_desk

BOT = Path(__file__).parents[2] / "docs" / "examples" / "bot.py"
SCOPES = ["webhooks:manage", "conversations:read", "conversations:write"]


@pytest.fixture
async def desk(database_url: str, nats_server: NatsServer) -> AsyncIterator[Desk]:
    async with open_desk(database_url, nats_server.url) as opened:
        yield opened


@asynccontextmanager
async def serving(desk: Desk) -> AsyncIterator[str]:
    """The desk's app on a real port, with a courier beside it."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(desk.app, log_config=None, lifespan="off"))
        courier, requests = webhook_courier(desk.store, desk.bus, desk.app.state.parts.webhooks, lambda _: None)
        reactor = Reactor(desk.store.database, desk.store.reader, [requests])
        await reactor.register()
        desk.store.on_commit.extend((lambda _: courier.wake(), lambda _: desk.projector.wake()))
        running = [
            asyncio.create_task(work)
            for work in (server.serve([listener]), courier.run(), reactor.run(), desk.projector.run())
        ]
        try:
            await until(lambda: server.started and courier.state.is_leading)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await asyncio.wait(running[:1])
            await end(running)


@asynccontextmanager
async def bot(url: str, key: str) -> AsyncIterator[None]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "VERBATIM_URL": url,
        "VERBATIM_KEY": key,
        "BOT_URL": f"http://127.0.0.1:{port}/hook",
        "BOT_PORT": str(port),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(BOT),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(30):
            assert await process.stdout.readline() == b"listening\n"
        yield
    finally:
        process.kill()
        await process.wait()


async def test_the_bot_of_the_docs_answers_a_visitor_once_and_never_itself(desk: Desk) -> None:
    shop = await desk.shop(assistant=False)
    owner = await shop.member("owner")
    issued = await desk.http.post("/api/v1/api-keys", json={"name": "bot", "scopes": SCOPES}, headers=owner)
    chat = "/api/v1/chat/conversations"
    async with serving(desk) as url, bot(url, issued.json()["key"]):
        thread, visitor = await shop.thread("Where is my parcel?")

        async def said() -> list[Any]:
            answer = await desk.http.get(f"{chat}/{thread}/messages", headers=visitor)
            found = answer.json()["data"] if answer.status_code == 200 else []  # 404 until it is folded
            return [(one["role"], one["text"]) for one in found]

        words = "You wrote {} words. A colleague will read them soon."
        await until(lambda: _is(said, 2))
        assert await said() == [("visitor", "Where is my parcel?"), ("agent", words.format(4))]
        await desk.http.post(f"{chat}/{thread}/messages", json={"text": "Thank you"}, headers=visitor)
        await until(lambda: _is(said, 4))
        [hook] = (await desk.http.get("/api/v1/webhooks", headers=owner)).json()["data"]
        log = f"/api/v1/webhooks/{hook['id']}/deliveries"

        async def all_delivered() -> bool:
            rows = (await desk.http.get(log, headers=owner)).json()["data"]
            return [one["status"] for one in rows] == ["delivered"] * 4

        await until(all_delivered)
        assert [role for role, _ in await said()] == ["visitor", "agent"] * 2


async def _is(said: Any, count: int) -> bool:
    return len(await said()) == count
