"""Reactor: carries policies along the log. One process does the work, the others stand by."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import msgspec

from application.fault import fault
from application.ports import Policy
from infrastructure.eventstore.reader import HEAD, EventReader
from infrastructure.leadership import leadership
from infrastructure.postgres import Database
from infrastructure.reactions import BACKOFF, Reactions

LOCK = 7010
PAUSE = 1.0
"""Seconds after a failure until this process tries to lead again: another one may be quicker, or newer."""

Beside = Callable[[], Coroutine[Any, Any, None]]

_log = logging.getLogger("verbatim.reactor")


class ReactorState(msgspec.Struct, frozen=True):
    """For health checks. `positions`: policy and the position up to which all is done, as far as known here."""

    is_leading: bool
    positions: tuple[tuple[str, int], ...]


class Reactor:
    """At least once per event and policy; the keys of their commands make it once."""

    def __init__(
        self,
        database: Database,
        reader: EventReader,
        policies: Sequence[Policy],
        backoff: Sequence[float] = BACKOFF,
        beside: Sequence[Beside] = (),
    ) -> None:
        """`beside`: what else runs in the process that leads, and only there, until it is cancelled."""
        self._database = database
        self._beside = beside
        self._reactions = [Reactions(database, reader, policy, backoff) for policy in policies]
        self._is_leading = False

    @property
    def state(self) -> ReactorState:
        return ReactorState(self._is_leading, tuple((one.name, one.position) for one in self._reactions))

    def wake(self) -> None:
        """There may be new events. Cheap, never blocks; the 250 ms timer finds them anyway."""
        for reactions in self._reactions:
            reactions.wake()

    async def register(self) -> None:
        """A policy that is new here begins at the head of the log. Raises psycopg.Error.

        `run` does it too; call it before the first command is taken, and no event falls before the beginning.
        """
        async with self._database.worker() as connection:
            for reactions in self._reactions:
                await connection.execute(
                    f"INSERT INTO es.reactor (name, pos) SELECT %s, ({HEAD}) ON CONFLICT DO NOTHING",
                    (reactions.name,),
                )

    async def run(self) -> None:
        """Until cancelled. A failure of the database or of a policy's page steps down and tries again."""
        while True:
            try:
                await self.register()
                await self._lead()
            except Exception as error:
                _log.error("stepped down: %s", "; ".join(_faults(error)))
            await asyncio.sleep(PAUSE)

    async def reached(self, position: int) -> None:
        """Wait until every policy is done with all events up to this position, here and durably."""
        for reactions in self._reactions:
            await reactions.reached(position)

    async def _lead(self) -> None:
        async with leadership(self._database.url, LOCK) as keep:
            self._is_leading = True
            try:
                async with asyncio.TaskGroup() as work:
                    work.create_task(keep())
                    for reactions in self._reactions:
                        work.create_task(reactions.run())
                    for run in self._beside:
                        work.create_task(run())
            finally:
                self._is_leading = False


def _faults(error: BaseException) -> list[str]:
    if isinstance(error, BaseExceptionGroup):
        return [text for one in error.exceptions for text in _faults(one)]
    return [fault(error)]
