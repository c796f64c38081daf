"""Signals: "something was committed", from any process to all. Says neither what nor where; may get lost."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable

import nats.errors
import structlog
from nats.aio.msg import Msg

from infrastructure.nats.connection import NatsConnection
from infrastructure.nats.stream import SUBJECTS, Subjects

_log = structlog.get_logger(__name__)


class Signals:
    """Core NATS, nothing stored: whoever is woken reads the log, and has a timer for what got lost."""

    def __init__(self, nats: NatsConnection, subjects: Subjects = SUBJECTS) -> None:
        self._nats = nats
        self._subject = subjects.wake
        self._me = uuid.uuid4().bytes
        self._is_due = False
        self._sending: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """Tell the other processes. Many calls in one turn of the event loop are one message."""
        if self._is_due or not self._nats.is_connected:
            return
        self._is_due = True
        self._sending = asyncio.get_running_loop().create_task(self._send())

    async def on_wake(self, callback: Callable[[], None]) -> None:
        """Call it, and it must not block, whenever another process wakes; for the connection's life."""

        async def hear(message: Msg) -> None:
            if message.data != self._me:
                callback()

        await self._nats.subscribe(self._subject, cb=hear)
        await self._nats.barrier()

    async def _send(self) -> None:
        self._is_due = False
        try:
            await self._nats.publish(self._subject, self._me)
        except nats.errors.Error as problem:
            _log.info("signals.not_sent", problem=repr(problem))
