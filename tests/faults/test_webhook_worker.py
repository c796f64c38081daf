"""The process that delivers webhooks is killed (kill -9) in the middle of a delivery; another one takes over."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx

from infrastructure.embedded.nats import NatsServer
from infrastructure.eventstore.store import open_event_store
from infrastructure.settings import master_key
from tests.infrastructure.webhooks.scene import Scene, until
from tests.support.processes import Verbatim
from tests.support.receiver import Reply, receiving

SECRET = "a secret of thirty-two characters and more"


async def test_a_delivery_cut_off_by_kill_9_is_made_again_by_the_standby_and_none_is_lost(
    database_url: str, nats_server: NatsServer, tmp_path: Path
) -> None:
    def start(name: str) -> Verbatim:
        return Verbatim(
            tmp_path / name,
            *("serve", "--role", "reactor", "--role", "projector", "--port", "0"),
            database_url=database_url,
            nats_url=nats_server.url,
            secret=SECRET,
            private_webhooks="true",
        )

    first, second = start("first"), start("second")
    try:
        urls = await asyncio.gather(*(asyncio.to_thread(one.url) for one in (first, second)))
        await until(lambda: any(_leads(url) for url in urls), seconds=30)
        async with (
            open_event_store(database_url, master_key(SECRET)) as store,
            receiving(Reply(), Reply(hangs=True), Reply()) as there,
        ):
            scene = Scene(store)
            webhook = await scene.webhook(there.url)
            chat = await scene.chat("one", with_assistant=False)
            await scene.say(chat, "two")
            await there.has(2, seconds=30)
            leader, standby = (first, second) if _leads(urls[0]) else (second, first)
            leader.kill()
            await scene.say(chat, "three")

            async def all_settled() -> bool:
                return [one.status for one in await scene.log_of(webhook)] == ["delivered"] * 3

            await until(all_settled, seconds=40)
            assert standby.process.poll() is None
            assert there.texts[-2:] == ["two", "three"]
            assert set(there.texts) == {"one", "two", "three"}
            repeats = [got.headers["webhook-id"] for got in there.got if got.facts["data"]["text"] == "two"]
            assert len(repeats) == 2
            assert len(set(repeats)) == 1
    finally:
        for one in (first, second):
            one.kill()


def _leads(url: str) -> bool:
    """As the process says itself."""
    parts = httpx.get(f"{url}/health/ready", timeout=10).json()["parts"]
    return any(part["name"] == "webhooks" and part["detail"].startswith("leading") for part in parts)
