"""Projector: keeps every read model at the head of the log, whatever happens to connections, events or itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

import structlog

from application.log import Recorded
from application.projection import Projection
from infrastructure.eventstore.reader import EventReader
from infrastructure.postgres import Connection, Database, connect
from infrastructure.projector.builds import Fenced, take_build
from infrastructure.projector.fold import LOST, PAGE, UNREADABLE, Fold, read_page
from infrastructure.projector.progress import Progress

log = structlog.get_logger(__name__)

DUTY = 7005
"""First key of the advisory lock of who folds a projection in one version; the fence alone gives correctness."""
TIMER = 0.25
TAKE_EVERY = 1.0
LONGEST_PAUSE = 5.0
CATCH_UP = 60.0


@asynccontextmanager
async def projecting_connection(url: str) -> AsyncGenerator[Connection]:
    """For one task that folds. Rows and position commit together: a crash may lose the last of both, never one."""
    connection = await connect(url, "verbatim_worker", "60s")
    try:
        await connection.execute("SET synchronous_commit = off")
        yield connection
    finally:
        await connection.close()


class Projector:
    """`run` in as many processes as you like: each projection is folded by one of them, the others stand by."""

    def __init__(self, database: Database, reader: EventReader, projections: Sequence[Projection]) -> None:
        self.progress = Progress()
        self._database = database
        self._reader = reader
        self._projections = tuple(projections)
        self._news = asyncio.Event()

    def wake(self) -> None:
        """There are new events. Cheap; any number of calls is one look."""
        self._news.set()

    async def run(self) -> None:
        """Until cancelled. Connection errors are waited out; a missing or outdated build is built."""
        pause = TIMER
        while True:
            try:
                async with projecting_connection(self._database.url) as connection:
                    duty = Duty(connection, self._reader, self._projections, self.progress)
                    await duty.take()
                    pause = TIMER
                    await self._serve(duty)
            except LOST as lost:
                log.warning("projector_lost_postgres", why=type(lost).__name__, retry_in=pause)
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)

    async def catch_up(self) -> None:
        """Return when every projection has folded what is in the log now, or has halted.

        Folds itself what nobody else does. Raises TimeoutError after 60 s, LOST.
        """
        self.wake()
        head = await self._reader.head()
        async with asyncio.timeout(CATCH_UP), projecting_connection(self._database.url) as connection:
            duty = Duty(connection, self._reader, self._projections, self.progress)
            await duty.take()
            while await duty.step() or not await self._has_reached(connection, head):
                await duty.take()
                await asyncio.sleep(0)

    async def _serve(self, duty: Duty) -> None:
        clock = asyncio.get_running_loop().time
        next_take = clock() + TAKE_EVERY
        while True:
            self._news.clear()
            if clock() >= next_take:
                await duty.take()
                next_take = clock() + TAKE_EVERY
            if not await duty.step():
                await self._rest()

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(TIMER):
                await self._news.wait()
        except TimeoutError:
            return

    async def _has_reached(self, connection: Connection, head: int) -> bool:
        cursor = await connection.execute(
            "SELECT count(*) FROM es.projection p JOIN unnest(%s::text[], %s::int[]) m(name, version) "
            "ON m.name = p.name AND m.version = p.version "
            "WHERE p.state = 'live' AND (p.pos >= %s OR p.halted IS NOT NULL)",
            ([each.name for each in self._projections], [each.version for each in self._projections], head),
        )
        found = await cursor.fetchone() or (0,)
        return found[0] == len(self._projections)


class Duty:
    """What one process folds, on one connection that holds the locks: lost together, taken anew together."""

    def __init__(
        self, connection: Connection, reader: EventReader, projections: Sequence[Projection], progress: Progress
    ) -> None:
        self._connection = connection
        self._reader = reader
        self._projections = projections
        self._progress = progress
        self._folds: dict[str, Fold] = {}

    async def take(self) -> None:
        """Take every projection that no other process folds in this version."""
        for projection in self._projections:
            if projection.name not in self._folds and await self._lock(projection):
                build = await take_build(self._connection, projection)
                if build is not None:
                    self._folds[projection.name] = Fold(self._connection, projection, build)

    async def step(self) -> bool:
        """One page for each; builds at the same position share it. True where there may be more to do at once."""
        pages: dict[int, list[Recorded]] = {}
        moved = [await self._step_one(fold, pages) for fold in self._folds.copy().values() if not fold.is_halted]
        return any(moved)

    async def _step_one(self, fold: Fold, pages: dict[int, list[Recorded]]) -> bool:
        try:
            if fold.position not in pages:
                pages[fold.position] = await read_page(self._reader, fold.position)
            page = pages[fold.position]
            if page:
                await fold.advance(page)
            if fold.build.state == "building" and len(page) < PAGE and not fold.is_halted:
                await fold.go_live(self._reader)
        except UNREADABLE as unreadable:
            await fold.halt(f"{type(unreadable).__name__}: {unreadable}")
            return False
        except Fenced:
            # A rebuild has put another build in its place: that one is ours now.
            del self._folds[fold.build.name]
            await self.take()
            return True
        await self._announce(fold, page)
        return bool(page)

    async def _announce(self, fold: Fold, page: Sequence[Recorded]) -> None:
        if fold.build.state == "live" and page:
            seqs = {one.tenant_id: one.seq for one in page if one.position <= fold.position}
            await self._progress.announce(fold.build.name, seqs)

    async def _lock(self, projection: Projection) -> bool:
        cursor = await self._connection.execute(
            "SELECT pg_try_advisory_lock(%s, hashtext(%s))", (DUTY, f"{projection.name}/{projection.version}")
        )
        found = await cursor.fetchone() or (False,)
        return found[0]
