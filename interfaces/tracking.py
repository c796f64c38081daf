"""Tracking in a running process: the ingest with who is to be told, and what forgets."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection
from contextlib import asynccontextmanager
from uuid import UUID

from application.policies.forget_visits import Forget
from infrastructure.nats.feed import Feed
from infrastructure.postgres import Database
from infrastructure.track.ingest import Ingest
from interfaces.tasks import Tasks
from interfaces.ws.attendance import Attendance
from interfaces.ws.hub import Hub
from projections.visits import forget_page_views


@asynccontextmanager
async def open_ingest(database: Database, secrets: bytes) -> AsyncGenerator[Ingest]:
    """`secrets` is the installation's master key. What waits when it closes is still stored."""
    ingest = Ingest(database, secrets)
    try:
        yield ingest
    finally:
        await ingest.close()


def start_attendance(tasks: Tasks, ingest: Ingest, database: Database, feed: Feed, hub: Hub) -> None:
    """Members of every process hear who came, moved or left."""
    attendance = Attendance(ingest, database, feed, hub.guests)
    ingest.observers.append(attendance.observe)
    tasks.start("presence", attendance.tell())
    tasks.start("attendance", attendance.rounds())


def forget_in(database: Database) -> Forget:
    """Deletes a contact's trail out of this database."""

    async def forget(tenant_id: int, contact_ids: Collection[UUID]) -> int:
        async with database.tenant(tenant_id) as connection:
            return await forget_page_views(connection, tenant_id, contact_ids)

    return forget
