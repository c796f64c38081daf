"""Outbox: the frames that wait for one socket. Bounded: a reader that is too slow is closed and resumes."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from uuid import UUID

from interfaces.ws.closing import TOO_SLOW, Closing
from interfaces.ws.limits import SocketLimits
from interfaces.ws.peer import Peer, Standing


class Outbox:
    """Filled by the channel in the order of the log, emptied by the socket's writer."""

    def __init__(self, peer: Peer, name: str, limits: SocketLimits) -> None:
        self.peer = peer
        self.name = name
        self.floor = 0  # the last seq that the client has or gets by replay
        self.turn = 0  # in which part of the checkpoint interval it is its turn
        self.credential = ""
        self.recheck: Callable[[], Awaitable[Standing]] | None = None
        self.contacts: set[UUID] = set()  # whose conversations a visitor hears of
        self.closing: asyncio.Future[Closing] = asyncio.get_running_loop().create_future()
        self._limits = limits
        self._frames: deque[bytes] = deque()
        self._bytes = 0
        self._filled = asyncio.Event()

    def put(self, frame: bytes) -> None:
        """One more frame; too many of them, or too many bytes, close the socket with 4429."""
        if self.closing.done():
            return
        if len(self._frames) >= self._limits.queue_frames or self._bytes + len(frame) > self._limits.queue_bytes:
            self.close(TOO_SLOW)
            return
        self._frames.append(frame)
        self._bytes += len(frame)
        self._filled.set()

    def put_event(self, seq: int, frame: bytes) -> None:
        """A durable frame, unless the client said that it has it already."""
        if seq > self.floor:
            self.put(frame)

    def put_if_idle(self, frame: bytes) -> None:
        """An ephemeral frame: nobody is closed for its sake, a busy socket does without it."""
        if len(self._frames) < self._limits.queue_frames // 10:
            self.put(frame)

    async def take(self) -> bytes:
        """The next frame; waits for one."""
        while not self._frames:
            self._filled.clear()
            await self._filled.wait()
        frame = self._frames.popleft()
        self._bytes -= len(frame)
        return frame

    def close(self, closing: Closing) -> None:
        """Ends the session; the first reason counts, and nothing more is queued."""
        if not self.closing.done():
            self.closing.set_result(closing)


def close_all(outboxes: Iterable[Outbox], closing: Closing) -> None:
    for outbox in outboxes:
        outbox.close(closing)
