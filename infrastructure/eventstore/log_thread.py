"""LogThread: the asynchronous log for synchronous callers, on an event loop in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

import msgspec
from eventsourcing.persistence import OperationalError, ProgrammingError

from infrastructure.eventstore.keyring import Keyring, Owner
from infrastructure.eventstore.mapper import EventMapper
from infrastructure.eventstore.rows import StoredRow
from infrastructure.eventstore.writer import GroupWriter
from infrastructure.postgres import Database

T = TypeVar("T")

DEADLINE = 15.0
"""Seconds one call may take: longer than the writer waits for a database that went away (10 s)."""


class OpenLog(msgspec.Struct, frozen=True):
    """What runs on the thread, until `ending` is set."""

    mapper: EventMapper
    writer: GroupWriter
    loop: asyncio.AbstractEventLoop
    ending: asyncio.Event


class LogThread:
    """Started by the first call. `committed` is called on the thread, in position order, and must not block.

    Without a master key every sealed text reads ERASED, and nothing personal can be written.
    """

    def __init__(
        self, url: str, master_key: bytes | None, committed: Callable[[Sequence[StoredRow]], None]
    ) -> None:
        self._url = url
        self._master_key = master_key
        self._committed = committed
        self._lock = threading.Lock()
        self._running: _Running | None = None
        self._closed = False

    def call(self, work: Callable[[OpenLog], Coroutine[Any, Any, T]]) -> T:
        """`work`'s result, from any thread. Raises what it raises; OperationalError after 15 s or unreachable."""
        log = self._start().opened.result(DEADLINE)
        answer = asyncio.run_coroutine_threadsafe(_within_deadline(work(log)), log.loop)
        try:
            return answer.result(DEADLINE + 1)
        except TimeoutError as error:
            answer.cancel()
            raise OperationalError(f"the log did not answer within {DEADLINE:.0f} s") from error

    def close(self) -> None:
        """What is under way is still stored; closing twice changes nothing."""
        with self._lock:
            running, self._running, self._closed = self._running, None, True
        if running is None or running.opened.exception(DEADLINE) is not None:
            return
        log = running.opened.result()
        log.loop.call_soon_threadsafe(log.ending.set)
        running.thread.join(DEADLINE)

    def _start(self) -> _Running:
        with self._lock:
            if self._closed:
                raise ProgrammingError("this log is closed")
            if self._running is None:
                self._running = running = _Running()
                running.thread = threading.Thread(
                    target=lambda: asyncio.run(self._live(running)),
                    name="verbatim-log",
                    daemon=True,  # a notebook that forgets to close must still be able to end
                )
                running.thread.start()
            return self._running

    async def _live(self, running: _Running) -> None:
        database = Database(self._url, api_size=2, worker_size=2)
        writer = GroupWriter(self._url, self._committed)
        try:
            await writer.start()
            await database.open()
            keyring = Keyring(database, self._master_key) if self._master_key else NoKeys(database)
            log = OpenLog(EventMapper(keyring), writer, asyncio.get_running_loop(), asyncio.Event())
            running.opened.set_result(log)
            await log.ending.wait()
        except Exception as error:
            with self._lock:
                self._running = None  # the next call tries again
            running.opened.set_exception(OperationalError(str(error)))
        finally:
            await writer.stop()
            await database.close()


class _Running:
    """One life of the thread."""

    def __init__(self) -> None:
        self.opened: Future[OpenLog] = Future()
        self.thread = threading.current_thread()


class NoKeys(Keyring):
    """A keyring without the installation's secret."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, b"")

    async def ensure(self, owners: Iterable[Owner]) -> None:
        if list(owners):
            raise ProgrammingError("VERBATIM_SECRET is needed to write personal texts")

    async def load(self, owners: Iterable[Owner]) -> None:
        """Nothing: `find` knows no key, so texts read ERASED."""


async def _within_deadline(work: Awaitable[T]) -> T:
    async with asyncio.timeout(DEADLINE):
        return await work
