"""Pace: how many frames a client may send, and how many bad ones."""

from __future__ import annotations

import asyncio

from interfaces.ws.closing import TOO_MANY_BAD_FRAMES, TOO_MANY_FRAMES, SocketClosing
from interfaces.ws.limits import SocketLimits


class Pace:
    """A token bucket for all frames, and a count of the bad ones."""

    def __init__(self, limits: SocketLimits) -> None:
        self._limits = limits
        self._left = float(limits.frame_burst)
        self._bad = 0
        self._filled_at = asyncio.get_running_loop().time()

    def count(self) -> None:
        """One more frame. Raises SocketClosing."""
        now = asyncio.get_running_loop().time()
        earned = (now - self._filled_at) * self._limits.frames_per_second
        self._left = min(self._left + earned, self._limits.frame_burst) - 1
        self._filled_at = now
        if self._left < 0:
            raise SocketClosing(TOO_MANY_FRAMES)

    def count_bad(self) -> None:
        """One more that was refused. Raises SocketClosing."""
        self._bad += 1
        if self._bad > self._limits.bad_frames:
            raise SocketClosing(TOO_MANY_BAD_FRAMES)
