"""Broker: a nats-server that tests kill, start again and set back; and what they look at."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import time
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path

import psycopg

from infrastructure.embedded.datadir import DataDirectory, open_data_directory
from infrastructure.embedded.nats import NatsServer, running_nats
from infrastructure.ending import end
from infrastructure.eventstore.reader import EventReader
from infrastructure.eventstore.rows import decode_row
from infrastructure.leadership import Keep
from infrastructure.nats.connection import NatsConnection
from infrastructure.nats.relay import Relay


class Broker:
    """Always on the same port and store; `kill` is SIGKILL."""

    def __init__(self, directory: DataDirectory, stack: ExitStack) -> None:
        self._directory = directory
        self._stack = stack
        self._server = stack.enter_context(running_nats(directory))
        self.url = self._server.url

    def kill(self) -> None:
        os.kill(self._server.pid, signal.SIGKILL)
        os.waitid(os.P_PID, self._server.pid, os.WEXITED | os.WNOWAIT)

    def start(self) -> NatsServer:
        """After `kill`; ready when it returns."""
        self._server = self._stack.enter_context(running_nats(self._directory, port=self._server.port))
        return self._server

    def subscriptions(self) -> list[str]:
        """The subjects that clients listen to now."""
        assert self._server.monitor is not None
        with urllib.request.urlopen(f"{self._server.monitor}/connz?subs=true", timeout=5) as answer:
            connections = json.load(answer)["connections"]
        return sorted(subject for one in connections for subject in one.get("subscriptions_list", []))

    def freeze(self) -> None:
        """Stopped when it returns: the signal alone lets it answer for a while on a busy machine."""
        os.kill(self._server.pid, signal.SIGSTOP)
        os.waitid(os.P_PID, self._server.pid, os.WSTOPPED | os.WNOWAIT)

    def thaw(self) -> None:
        os.kill(self._server.pid, signal.SIGCONT)

    def keep_copy(self) -> None:
        """Of the store as it is on disk now: what a backup or a lost disk cache brings back."""
        shutil.copytree(self._directory.nats / "jetstream", self._copy)

    def set_back(self) -> None:
        """Killed, its store replaced by the copy, started again."""
        self.kill()
        shutil.rmtree(self._directory.nats / "jetstream")
        shutil.copytree(self._copy, self._directory.nats / "jetstream")
        self.start()

    def break_stream(self) -> None:
        """Killed, and a stream's checksum is missing: so a kill -9 right after its creation leaves it."""
        self.kill()
        for checksum in (self._directory.nats / "jetstream").rglob("streams/*/meta.sum"):
            checksum.unlink()
        self.start()

    def wipe(self) -> None:
        """Killed, its store emptied, started again."""
        self.kill()
        shutil.rmtree(self._directory.nats / "jetstream")
        self.start()

    @property
    def _copy(self) -> Path:
        return self._directory.path / "copy-of-jetstream"


@contextmanager
def open_broker(folder: Path) -> Iterator[Broker]:
    with ExitStack() as stack:
        yield Broker(stack.enter_context(open_data_directory(folder / "broker")), stack)


@asynccontextmanager
async def running(*relays: Relay) -> AsyncIterator[None]:
    """The relays at work for the length of the context; an error that ends one ends the test."""
    tasks = [asyncio.create_task(relay.run()) for relay in relays]
    try:
        yield
    finally:
        await end(tasks)
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    broken = [end for end in ended if not isinstance(end, asyncio.CancelledError)]
    assert not broken, broken


@asynccontextmanager
async def everyone_leads(url: str, lock: int) -> AsyncIterator[Keep]:
    """Instead of `leadership`: no lock at all, the fence alone keeps order."""

    async def keep() -> None:
        await asyncio.Event().wait()

    assert lock, url
    yield keep


async def until(condition: Callable[[], bool | Awaitable[bool]], deadline: float = 15) -> None:
    """Return as soon as it is true; fails after `deadline` seconds."""
    end = time.monotonic() + deadline
    while True:
        answer = condition()
        if answer if isinstance(answer, bool) else await answer:
            return
        assert time.monotonic() < end, "the awaited condition never came true"
        await asyncio.sleep(0.01)


async def stream_is_the_log(nats: NatsConnection, reader: EventReader, first: int = 1) -> int:
    """Every event from `first` on stands once in the stream, at its position, byte for byte; how many."""
    stored = {row.pos: row for row in await every_row(reader) if row.pos >= first}
    carried = {}
    jetstream = nats.jetstream(timeout=5)
    messages = (await jetstream.stream_info("EVENTS")).state.messages
    subscription = await jetstream.subscribe("ev.>", ordered_consumer=True)
    for _ in range(messages):
        message = await subscription.next_msg(timeout=5)
        row = decode_row(message.data)
        assert message.headers is not None
        assert message.headers["Es-Hash"] == row.hash.hex()
        assert message.subject == f"ev.{row.tenant_id}.{row.kind}.{row.stream_id.hex}"
        carried[message.metadata.sequence.stream] = row
    await subscription.unsubscribe()
    assert carried == stored
    return len(stored)


async def every_row(reader: EventReader) -> list:
    rows = []
    while page := await reader.raw_page(rows[-1].pos if rows else 0):
        rows += page
    return rows


def set_back_log(url: str, position: int) -> None:
    """What a restore to an earlier time does: events after `position`, the end of a batch, are gone."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")  # no triggers: they would refuse
        kept = connection.execute("SELECT batch FROM es.batch WHERE last_pos = %s", (position,)).fetchone()
        assert kept is not None, f"position {position} is not the end of a batch"
        connection.execute("DELETE FROM es.tenant_batch WHERE batch > %s", kept)
        connection.execute("DELETE FROM es.batch WHERE batch > %s", kept)
        connection.execute("DELETE FROM es.event WHERE pos > %s", (position,))
        connection.execute("DELETE FROM es.stream WHERE last_pos > %s", (position,))
        connection.execute("DELETE FROM es.command WHERE last_pos > %s", (position,))


def raise_epoch(url: str) -> None:
    """The loss is accepted."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("INSERT INTO es.epoch (epoch, why) SELECT max(epoch) + 1, 'test' FROM es.epoch")
