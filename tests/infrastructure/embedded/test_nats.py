"""nats-server is private to us and keeps what it acknowledged."""

from __future__ import annotations

import os
import signal
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import nats
import pytest
from nats.errors import Error as NatsError

from infrastructure.embedded.datadir import DataDirectory, StartRefused, open_data_directory
from infrastructure.embedded.nats import attached_nats, running_nats


@pytest.fixture
def directory(home: Path) -> Iterator[DataDirectory]:
    with open_data_directory(home) as opened:
        yield opened


async def publish(url: str, body: bytes) -> int:
    client = await nats.connect(url, connect_timeout=2)
    jetstream = client.jetstream(timeout=2)
    await jetstream.add_stream(name="es", subjects=["ev.>"])
    ack = await jetstream.publish("ev.1", body)
    await client.close()
    return ack.seq


async def read(url: str, seq: int) -> bytes | None:
    client = await nats.connect(url, connect_timeout=2)
    message = await client.jetstream(timeout=2).get_msg("es", seq)
    await client.close()
    return message.data


async def test_it_starts_and_answers_on_the_loopback_only(directory: DataDirectory) -> None:
    with running_nats(directory) as server:
        assert await read(server.url, await publish(server.url, b"hello")) == b"hello"
        assert urlsplit(server.url).hostname == "127.0.0.1"
        assert server.monitor is not None
        assert urlsplit(server.monitor).hostname == "127.0.0.1"
        assert attached_nats(directory) == server
    with pytest.raises(StartRefused, match="No nats-server runs"):
        attached_nats(directory)


async def test_a_stranger_is_turned_away(directory: DataDirectory) -> None:
    with running_nats(directory) as server:
        for login in ("", "verbatim:guess@"):
            with pytest.raises(NatsError, match="Authorization Violation"):
                await nats.connect(
                    f"nats://{login}127.0.0.1:{server.port}",
                    connect_timeout=2,
                    allow_reconnect=False,
                    error_cb=quiet,
                )
    assert stat.S_IMODE((directory.nats / "nats.conf").stat().st_mode) == 0o600


async def quiet(_: Exception) -> None:
    """nats-py would print a traceback."""


async def test_an_acknowledged_message_outlives_kill_9_on_the_same_port(directory: DataDirectory) -> None:
    with running_nats(directory) as first:
        seq = await publish(first.url, b"kept")
        os.kill(first.pid, signal.SIGKILL)
        with running_nats(directory, port=first.port) as second:
            assert second.url == first.url
            assert second.pid != first.pid
            assert await read(second.url, seq) == b"kept"


async def test_two_stores_are_two_servers(directory: DataDirectory, home: Path) -> None:
    with running_nats(directory) as one, running_nats(directory, store=home / "other") as two:
        assert one.port != two.port
        await publish(one.url, b"one")
        assert await publish(two.url, b"two") == 1


def test_a_busy_port_is_refused(directory: DataDirectory) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(StartRefused) as refused, running_nats(directory, port=port):
            pass
    assert str(refused.value) == f"Port {port} of 127.0.0.1 cannot be used: Address already in use."
