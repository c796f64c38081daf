"""kill -9 in the middle of writes: the next start recovers by itself and has everything that was acknowledged."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.support.processes import (
    Announced,
    Verbatim,
    access_token,
    living_in,
    ran,
    running,
    seed_question,
    until,
)

WRITERS = 16
ENOUGH = 150


class Writers:
    """Visitors who never stop asking. `acknowledged`: every text for which there was a 201."""

    def __init__(self) -> None:
        self.acknowledged: list[str] = []
        self._numbers = itertools.count()

    async def write(self, demo: Announced, deed: Callable[[], None]) -> None:
        """Until the product is gone; `deed` is done once enough was acknowledged, requests being under way."""
        goal = len(self.acknowledged) + ENOUGH
        async with httpx.AsyncClient(timeout=10) as client, asyncio.TaskGroup() as group:
            for _ in range(WRITERS):
                group.create_task(self._ask(client, demo))
            while len(self.acknowledged) < goal:
                await asyncio.sleep(0.005)
            deed()

    async def _ask(self, client: httpx.AsyncClient, demo: Announced) -> None:
        while True:
            text = f"question {next(self._numbers)}"
            try:
                answer = await client.post(
                    f"{demo.url}/api/v1/chat/conversations",
                    headers={"Authorization": f"Bearer {demo.widget_token}"},
                    json={"text": text},
                )
            except httpx.TransportError:
                return
            if answer.status_code == 201:
                self.acknowledged.append(text)


def dev(tmp_path: Path) -> tuple[str, ...]:
    return ("dev", "--json", "--port", "0", "--data-dir", str(tmp_path / "data"))


def asked(demo: Announced) -> list[str]:
    """What the log holds of visitors' messages."""
    texts: list[str] = []
    after, token = 0, access_token(demo)
    while True:
        page = httpx.get(
            f"{demo.url}/api/v1/events?limit=1000&after={after}",
            headers={"Authorization": f"Bearer {token}"},
            timeout=30,
        ).json()
        if not page["data"]:
            return texts
        assert [one["seq"] for one in page["data"]] == list(range(after + 1, page["next"] + 1))
        after = page["next"]
        posted = [one["data"] for one in page["data"] if one["type"].startswith("conversation.message_posted")]
        texts += [one["text"] for one in posted]


def kill_the_parent(verbatim: Verbatim, tmp_path: Path) -> None:
    """PostgreSQL and NATS are told by the kernel, and may still be at it when the next start comes."""
    verbatim.process.kill()


def kill_everything(verbatim: Verbatim, tmp_path: Path) -> None:
    """As when the machine loses its power, but for the disk's cache."""
    for pid in living_in(tmp_path):
        os.kill(pid, signal.SIGKILL)


@pytest.mark.timeout(180)
def test_after_kill_9_the_next_start_has_every_acknowledged_message(tmp_path: Path) -> None:
    writers = Writers()
    for murder in (kill_the_parent, kill_everything):
        with running(tmp_path / "log", *dev(tmp_path)) as verbatim:
            demo = verbatim.announced()
            asyncio.run(writers.write(demo, lambda murder=murder, v=verbatim: murder(v, tmp_path)))
            assert verbatim.process.wait(10) == -signal.SIGKILL
    with running(tmp_path / "log", *dev(tmp_path)) as verbatim:
        demo = verbatim.announced()
        found = asked(demo)
        assert set(writers.acknowledged) <= set(found)
        assert len(found) == len(set(found))
        assert "working days" in seed_question(demo, "How long does shipping take?").json()["message"]
        verified = ran("audit", "verify", "--data-dir", demo.data_dir)
        assert (verified.returncode, verified.stdout.split(":")[0]) == (0, "sound"), verified.stderr
        assert verbatim.stop() == 0
    until(lambda: living_in(tmp_path) == [])
