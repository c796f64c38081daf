"""Beacons for the tests: what a browser of one tenant reports."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from application.tracking import PAGE_VIEW, Beacon, TrackedEvent
from infrastructure.postgres import Database
from tests.support.house import TENANT, WIDGET

VISITOR = UUID(int=0xE1)


def page(name: str, at: datetime | None = None, **more: Any) -> TrackedEvent:
    """A page view whose client id is the page's name."""
    facts: dict[str, Any] = {"event_id": name, "url": f"https://shop.test/{name}"} | more
    return TrackedEvent(name=PAGE_VIEW, at=at, **facts)


def beacon(*events: TrackedEvent, visitor: UUID | None = VISITOR, **more: Any) -> Beacon:
    """Of a known visitor, unless told."""
    facts = {"tenant_id": TENANT, "widget_id": WIDGET, "session_id": "visit-1", "is_proven": True} | more
    return Beacon(visitor_id=visitor, events=events, **facts)


async def rows(database: Database, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
    """As the worker sees them, all tenants."""
    async with database.worker() as connection:
        return await (await connection.execute(sql.encode(), values)).fetchall()
