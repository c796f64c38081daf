"""Turns: commands for one stream decide one after the other in this process, so they do not race themselves."""

from __future__ import annotations

import asyncio
from collections import deque
from uuid import UUID


class Turns:
    """A queue per stream whose turn somebody has; it goes with the last of them. Streams are known by their
    numbers: a UUID's own hash is a call of Python code.

    Not a context manager: an asynchronous one costs a command more than its decision does.
    """

    def __init__(self) -> None:
        self._queues: dict[int, deque[asyncio.Future[None]]] = {}

    async def begin(self, stream_id: UUID) -> None:
        """Wait for this stream's turn, first come, first served. Whoever began must `end`."""
        queue = self._queues.get(stream_id.int)
        if queue is None:
            self._queues[stream_id.int] = deque()
            return
        turn = asyncio.get_running_loop().create_future()
        queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.end(stream_id)  # it was ours already: the next one must not wait for somebody who is gone
            raise

    def end(self, stream_id: UUID) -> None:
        """The next one's turn."""
        queue = self._queues[stream_id.int]
        while queue:
            turn = queue.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        del self._queues[stream_id.int]
