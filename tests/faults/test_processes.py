"""Several processes on one PostgreSQL and one NATS: any is killed, and screens on every api show the log."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from application.actor import system
from application.article import WriteArticle
from domain.assistant import Persona
from domain.ids import natural_key
from domain.widget import Look
from infrastructure.embedded.nats import NatsServer
from infrastructure.settings import settings_from
from interfaces.tenancy import Login, NewTenant, TenantPlan, open_tenant
from interfaces.write_side import open_write_side
from tests.support.processes import Verbatim, logged_in

SECRET = "a secret of thirty-two characters and more"
TENANT = 4711
OWNER = Login("owner@shop.test", "a password of some length")
NAMES = ("api-1", "api-2", "relay-1", "relay-2", "projector", "reactor")
PATIENCE = 30.0


class Screen:
    """An agent's screen on one api process: every frame that has a place in the log, across reconnects."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self.frames: list[dict[str, Any]] = []
        self._token = token

    @property
    def seqs(self) -> list[int]:
        return [frame["seq"] for frame in self.frames]

    async def watch(self) -> None:
        """Until cancelled; it comes back where it was, as a browser does."""
        while True:
            try:
                await self._listen()
            except (OSError, ConnectionClosed, InvalidHandshake, TimeoutError):
                await asyncio.sleep(0.05)

    async def _listen(self) -> None:
        since = self.frames[-1]["seq"] if self.frames else 0
        address = self.url.replace("http", "ws", 1) + "/api/ws/tenant"
        async with connect(address, compression=None, open_timeout=5) as socket:
            await socket.send(json.dumps({"type": "auth", "token": self._token, "since": since}))
            async for text in socket:
                frame = json.loads(text)
                assert frame["type"] != "resume:reset"
                if "eventId" in frame:
                    self.frames.append(frame)


class Installation:
    """Six processes by name; `screens` watch api-1 and api-2."""

    def __init__(self, folder: Path, settings: dict[str, str], tenant: NewTenant) -> None:
        self.tenant = tenant
        self.running: dict[str, Verbatim] = {}
        self.urls: dict[str, str] = {}
        self.screens: dict[str, Screen] = {}
        self._folder = folder
        self._settings = settings
        self._client = httpx.AsyncClient(timeout=PATIENCE)
        self._token = ""

    def launch(self, name: str) -> None:
        role = name.partition("-")[0]
        log = self._folder / f"{name}.log"
        self.running[name] = Verbatim(log, "serve", "--role", role, "--port", "0", **self._settings)

    async def serving(self, name: str) -> None:
        self.urls[name] = await asyncio.to_thread(self.running[name].url)
        if name in self.screens:
            self.screens[name].url = self.urls[name]

    async def kill(self, name: str) -> None:
        await asyncio.to_thread(self.running[name].kill)

    async def start(self, name: str) -> None:
        self.launch(name)
        await self.serving(name)

    async def part(self, name: str, part: str) -> dict[str, Any]:
        """One part of a process by its /health/ready."""
        body = (await self._client.get(f"{self.urls[name]}/health/ready")).json()
        return next(one for one in body["parts"] if one["name"] == part)

    async def log_in(self) -> None:
        session = await asyncio.to_thread(logged_in, self.urls["api-1"], OWNER.email, OWNER.password)
        self._token = session["accessToken"]
        self.screens = {name: Screen(self.urls[name], self._token) for name in ("api-1", "api-2")}

    async def start_conversation(self, api: str, text: str) -> None:
        """Stored, whoever answers it and when."""
        answer = await self._client.post(
            f"{self.urls[api]}/api/v1/chat/conversations", headers=self._widget(), json={"text": text}
        )
        assert answer.status_code == 201, answer.text

    async def chat(self, api: str) -> None:
        """The assistant answers from its articles."""
        answer = await self._client.post(
            f"{self.urls[api]}/api/widgets/{self.tenant.widget_id}/chat",
            headers=self._widget(),
            json={"sessionId": "s", "message": "What does shipping cost?"},
        )
        assert answer.status_code == 200, answer.text
        assert "4.90" in answer.json()["message"]

    async def log(self, api: str) -> list[dict[str, Any]]:
        """Every event of the tenant."""
        events: list[dict[str, Any]] = []
        while True:
            after = events[-1]["seq"] if events else 0
            page = await self._get(api, f"/api/v1/events?limit=1000&after={after}")
            if not page["data"]:
                return events
            events += page["data"]

    async def inbox(self, api: str, seq: int) -> list[str]:
        """The conversations in the inbox, once it holds the tenant's events up to `seq`."""
        found: list[str] = []
        path = "/api/v1/chat/agent/conversations?limit=200"
        page = await self._get(api, path, {"X-Min-Position": str(seq)})
        found += [row["id"] for row in page["data"]]
        while page["nextCursor"]:
            page = await self._get(api, f"{path}&cursor={page['nextCursor']}")
            found += [row["id"] for row in page["data"]]
        return found

    async def _get(self, api: str, path: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
        asked = {"Authorization": f"Bearer {self._token}", **(headers or {})}
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while True:
            answer = await self._client.get(self.urls[api] + path, headers=asked)
            if answer.status_code != 503 or asyncio.get_running_loop().time() > deadline:
                assert answer.status_code == 200, answer.text
                return answer.json()

    def _widget(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tenant.widget_token}"}

    async def close(self) -> None:
        await self._client.aclose()
        for verbatim in self.running.values():
            if verbatim.process.poll() is None:
                verbatim.process.send_signal(signal.SIGTERM)
        codes = {name: await asyncio.to_thread(one.stop) for name, one in self.running.items()}
        assert set(codes.values()) <= {0, -signal.SIGKILL}, codes


@pytest.fixture
async def house(database_url: str, nats_server: NatsServer, tmp_path: Path) -> AsyncIterator[Installation]:
    settings = {"database_url": database_url, "nats_url": nats_server.url, "secret": SECRET}
    installation = Installation(tmp_path, settings, await opened(settings))
    try:
        for name in NAMES:
            installation.launch(name)
        for name in NAMES:
            await installation.serving(name)
        await installation.log_in()
        yield installation
    finally:
        await installation.close()


async def opened(settings: dict[str, str]) -> NewTenant:
    plan = TenantPlan(TENANT, "Shop", OWNER, Persona(name="Ada"), Look(name="Shop"))
    article = WriteArticle(
        article_id=natural_key(TENANT, "article", "shipping"), title="Shipping", body="Shipping costs 4.90."
    )
    async with open_write_side(settings_from({}, **settings)) as side:
        tenant = await open_tenant(side, plan)
        await side.bus.execute(system(TENANT), article)
        return tenant


@asynccontextmanager
async def watching(house: Installation) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        for screen in house.screens.values():
            task = asyncio.create_task(screen.watch())
            stack.push_async_callback(ended, task)
        yield


async def ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled(), task.exception()


@pytest.mark.timeout(240)
async def test_whichever_process_is_killed_every_screen_shows_the_whole_log_in_order(house: Installation) -> None:
    async with watching(house):
        await house.chat("api-1")
        await house.chat("api-2")
        await all_is_well(house)
        relays = ("relay-1", "relay-2") if await leads(house, "relay-1") else ("relay-2", "relay-1")
        assert (await house.part(relays[1], "relay"))["detail"] == "standby"

        for victim in (relays[0], "projector", "reactor", "api-1", "api-2", relays[1]):
            await house.kill(victim)
            for number in range(4):
                for api in {"api-1", "api-2"} - {victim}:
                    await house.start_conversation(api, f"Hello {number}, {victim} is gone")
            if victim in relays:
                heir = relays[1 - relays.index(victim)]
                await until(lambda heir=heir: leads(house, heir))
            await house.start(victim)
            await house.chat("api-1")
            await house.chat("api-2")
            await all_is_well(house)


async def leads(house: Installation, name: str) -> bool:
    return (await house.part(name, "relay"))["detail"] == "following"


async def all_is_well(house: Installation) -> None:
    """Both screens have had each visible event of the log once and in order, and the inbox holds them all."""
    log = await house.log("api-1")
    assert [event["seq"] for event in log] == list(range(1, len(log) + 1))
    shown = [
        one["seq"] for one in log if one["type"].startswith("conversation.") and "discarded" not in one["type"]
    ]
    for screen in house.screens.values():
        await until(lambda screen=screen: reached(screen, shown[-1]))
        assert [seq for seq in screen.seqs if seq <= shown[-1]] == shown
    one, two = (screen.frames[: len(shown)] for screen in house.screens.values())
    assert one == two
    started = {one["stream"] for one in log if one["type"].startswith("conversation.started")}
    for api in house.screens:
        listed = await house.inbox(api, log[-1]["seq"])
        assert len(listed) == len(set(listed))
        assert started <= set(listed)


async def reached(screen: Screen, seq: int) -> bool:
    return bool(screen.frames) and screen.frames[-1]["seq"] >= seq


async def until(condition: Callable[[], Awaitable[object]]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await condition():
            await asyncio.sleep(0.05)
