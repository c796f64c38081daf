"""Rebuild: a read model folded anew beside the live one, then put in its place; readers never see a gap."""

from __future__ import annotations

from collections.abc import Callable

from application.projection import Projection
from infrastructure.eventstore.reader import EventReader
from infrastructure.postgres import Database
from infrastructure.projector.builds import new_build
from infrastructure.projector.fold import Fold, read_page
from infrastructure.projector.runner import projecting_connection


class RebuildFailed(Exception):
    """The new build halted; the live one is as it was. es.projection says why."""


async def rebuild(
    database: Database,
    reader: EventReader,
    projection: Projection,
    on_progress: Callable[[int, int], None] = lambda folded, head: None,
) -> int:
    """Returns the new build's number (the last build's plus one; the code's version may be the same).

    `on_progress(positions folded, head of the log)` after each page. The build it replaces stays, retired and
    no longer folded, until the next rebuild. A second rebuild of the same projection takes over: this one then
    ends with Fenced. Raises RebuildFailed, UnknownEventType, psycopg.OperationalError.
    """
    async with projecting_connection(database.url) as connection:
        fold = Fold(connection, projection, await new_build(connection, projection))
        while fold.build.state == "building":
            await _reach_head(fold, reader, on_progress)
            await fold.go_live(reader)
            if fold.is_halted:
                raise RebuildFailed(f"{projection.name} build {fold.build.number}")
    return fold.build.number


async def _reach_head(fold: Fold, reader: EventReader, on_progress: Callable[[int, int], None]) -> None:
    head = await reader.head()
    on_progress(fold.position, head)
    while not fold.is_halted and (page := await read_page(reader, fold.position)):
        await fold.advance(page)
        on_progress(fold.position, max(head, fold.position))
