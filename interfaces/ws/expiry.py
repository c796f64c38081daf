"""Expiry: says that a credential is about to expire, and closes the socket when it has."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from interfaces.ws.closing import EXPIRED
from interfaces.ws.frames import AuthExpiring, Expiring, encode
from interfaces.ws.outbox import Outbox


class Expiry:
    """Two timers of the event loop; set anew by each `auth`."""

    def __init__(self, outbox: Outbox, notice_seconds: float) -> None:
        self._outbox = outbox
        self._notice = notice_seconds
        self._timers: list[asyncio.TimerHandle] = []

    def set(self, expires_at: datetime | None) -> None:
        """`expires_at` None never comes."""
        self.cancel()
        if expires_at is None:
            return
        loop = asyncio.get_running_loop()
        seconds = (expires_at - datetime.now(UTC)).total_seconds()
        notice = encode(AuthExpiring(data=Expiring(expires_at)))
        self._timers = [
            loop.call_later(max(seconds - self._notice, 0), self._outbox.put, notice),
            loop.call_later(max(seconds, 0), self._outbox.close, EXPIRED),
        ]

    def cancel(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers = []
