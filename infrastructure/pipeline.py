"""Pipeline: a connection that is asked the next thing before it has answered the last.

PostgreSQL answers in order, each question in a transaction of its own, and takes up the next as soon as the one
before is synced. Two connections could do that only by handing a lock over, to a process that must wake up first.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any

import msgspec
import psycopg
from psycopg.adapt import Transformer
from psycopg.pq import ConnStatus, ExecStatus
from psycopg.pq.abc import PGresult

from infrastructure.postgres import Connection

GOOD = frozenset([ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK])


class Step(msgspec.Struct, frozen=True):
    """A prepared statement, and its values in PostgreSQL's binary form."""

    statement: bytes
    values: Sequence[bytes]


class Pipeline:
    """Owns the connection from now on. The event loop watches its socket once, not anew for every answer."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection  # only held: psycopg warns of one that nobody holds and nobody closed
        self._pgconn = connection.pgconn
        self._socket = connection.pgconn.socket
        self._loop = asyncio.get_running_loop()
        self._asked: deque[asyncio.Future[list[PGresult]]] = deque()
        self._results: list[PGresult] = []
        self._is_full = False
        self.is_open = True
        self._pgconn.enter_pipeline_mode()
        self._loop.add_reader(self._socket, self._read)

    async def ask(self, *steps: Step) -> list[PGresult]:
        """What each step answers, in binary; all are done or none is. Who asked earlier is answered earlier.

        Raises psycopg.Error; OperationalError where the connection is lost, which may be after the commit.
        """
        if not self.is_open:
            raise psycopg.OperationalError("the connection is closed")
        answer: asyncio.Future[list[PGresult]] = self._loop.create_future()
        self._asked.append(answer)
        self._send(steps)
        try:
            return _told(await answer)
        except asyncio.CancelledError:
            self.close()  # an answer that nobody waits for any more would be the next one's
            raise

    def close(self) -> None:
        """Whoever still waits is refused."""
        self._lose(psycopg.OperationalError("the connection was closed"))

    def _send(self, steps: Sequence[Step]) -> None:
        try:
            for one in steps:
                formats = [1] * len(one.values)
                self._pgconn.send_query_prepared(one.statement, one.values, formats, result_format=1)
            self._pgconn.pipeline_sync()
        except psycopg.Error as error:
            self._lose(error)
        else:
            self._flush()

    def _flush(self) -> None:
        """Now, and what the socket does not take as soon as it does."""
        try:
            rest = self._pgconn.flush()
        except psycopg.Error as error:
            self._lose(error)
            return
        if rest and not self._is_full:
            self._loop.add_writer(self._socket, self._flush)
        elif self._is_full and not rest:
            self._loop.remove_writer(self._socket)
        self._is_full = bool(rest)

    def _read(self) -> None:
        try:
            self._pgconn.consume_input()
            while self._asked and not self._pgconn.is_busy():
                self._take(self._pgconn.get_result())
        except psycopg.Error as error:
            self._lose(error)

    def _take(self, result: PGresult | None) -> None:
        """Each step's result with nothing behind it, and at the end the mark that the transaction is over."""
        if self._pgconn.status == ConnStatus.BAD:  # from here on there would be nothing for ever
            raise psycopg.OperationalError(self._pgconn.get_error_message())
        if result is None:
            return
        if result.status != ExecStatus.PIPELINE_SYNC:
            self._results.append(result)
            return
        answer, results, self._results = self._asked.popleft(), self._results, []
        if not answer.done():
            answer.set_result(results)

    def _lose(self, error: psycopg.Error) -> None:
        if not self.is_open:
            return
        self.is_open = False
        self._loop.remove_reader(self._socket)
        self._loop.remove_writer(self._socket)
        self._pgconn.finish()
        lost = psycopg.OperationalError(str(error))
        for answer in self._asked:
            if not answer.done():
                answer.set_exception(lost)
        self._asked.clear()


def rows_of(result: PGresult) -> list[tuple[Any, ...]]:
    """A binary result's rows in Python's types."""
    transformer = Transformer()
    transformer.set_pgresult(result)
    return transformer.load_rows(0, result.ntuples, tuple)


def _told(results: list[PGresult]) -> list[PGresult]:
    for one in results:
        if one.status not in GOOD:
            raise psycopg.errors.error_from_result(one)
    return results
