"""One connection to NATS that comes back for ever, and says so each time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager, suppress

import nats.errors
import structlog
from nats.aio.client import Client

CONNECT_DEADLINE = 5.0
CLOSE_DEADLINE = 2.0
RECONNECT_PAUSE = 0.1
PING_EVERY = 5
BUFFER = 64 * 2**20
BARRIER = "barrier"
BARRIER_DEADLINE = 1.0

_log = structlog.get_logger(__name__)


class NatsUnreachable(Exception):
    """No server answered within `CONNECT_DEADLINE` seconds."""


class NatsConnection(Client):
    """nats-py's client. `on_return` and `on_loss` are called, and must not block, each time the server
    comes back or goes; the first connect is not a return.

    Habits of nats-py 2.16 to know: `flush()` sends its PING ahead of what is queued, so its PONG proves nothing,
    and cancelled or timed out it ends the read loop at the next PONG: nothing here flushes, see `barrier`; and
    `publish()` while the server is away queues for its return.
    """

    def __init__(self) -> None:
        super().__init__()
        self.on_return: list[Callable[[], None]] = []
        self.on_loss: list[Callable[[], None]] = []

    async def close(self) -> None:
        """Without its server nats-py would write what is queued to a dead socket and leave its tasks behind."""
        if not self.is_connected:
            self._pending, self._pending_data_size = [], 0
        await super().close()

    async def barrier(self) -> None:
        """Returns once the server has what was sent before, subscriptions too: then others reach us.

        A question that nobody listens to is answered by the server itself. Returns at once while it is away
        (it gets the subscriptions on its return), and after `BARRIER_DEADLINE` seconds without an answer.
        """
        if self.is_connected:
            with suppress(nats.errors.Error):
                await self.request(BARRIER, timeout=BARRIER_DEADLINE)

    async def publish_frames(self, frames: Sequence[bytes]) -> None:
        """Messages as `frame` makes them, in order; `publish` in one piece.

        Raises nats.errors.ConnectionClosedError, and MaxPayloadError before any is sent.
        """
        if self.is_closed:
            raise nats.errors.ConnectionClosedError
        if max(map(len, frames), default=0) > self.max_payload:
            raise nats.errors.MaxPayloadError
        await self._send_command(b"".join(frames))
        await self._flush_pending()

    async def announce_return(self) -> None:
        _log.info("nats.returned", name=self.options.get("name"))
        for callback in tuple(self.on_return):
            callback()

    async def announce_loss(self) -> None:
        if not self.is_closed:
            _log.warning("nats.lost", name=self.options.get("name"))
        for callback in tuple(self.on_loss):
            callback()

    async def report(self, problem: Exception) -> None:
        """Ten failed attempts a second are told of once, by `announce_loss`."""
        if self.is_connected:
            _log.warning("nats.problem", name=self.options.get("name"), problem=repr(problem))


@asynccontextmanager
async def nats_connection(url: str, name: str) -> AsyncGenerator[NatsConnection]:
    """Connected; reconnects until closed. `url` may hold a token and, after commas, more servers.

    Raises NatsUnreachable.
    """
    nats = NatsConnection()
    try:
        await _connect(nats, url, name)
        yield nats
    finally:
        await _close(nats)


async def _connect(nats: NatsConnection, url: str, name: str) -> None:
    try:
        async with asyncio.timeout(CONNECT_DEADLINE):
            await nats.connect(
                url.split(","),
                name=name,
                error_cb=nats.report,
                disconnected_cb=nats.announce_loss,
                reconnected_cb=nats.announce_return,
                connect_timeout=2,
                reconnect_time_wait=RECONNECT_PAUSE,  # pyright: ignore[reportArgumentType]  # seconds, may be a float
                max_reconnect_attempts=-1,
                ping_interval=PING_EVERY,
                pending_size=BUFFER,
                flush_timeout=2,
            )
    except TimeoutError as problem:
        raise NatsUnreachable from problem


async def _close(nats: NatsConnection) -> None:
    try:
        async with asyncio.timeout(CLOSE_DEADLINE):
            await nats.close()
    except (TimeoutError, OSError) as problem:
        _log.warning("nats.not_closed_in_order", name=nats.options.get("name"), problem=repr(problem))
