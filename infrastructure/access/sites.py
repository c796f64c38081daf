"""Sites: who may show a widget in a page of theirs. Asked when the widget's page is fetched, by anybody."""

from __future__ import annotations

from uuid import UUID

from infrastructure.access.recent import Recent
from infrastructure.postgres import Database


class Sites:
    """An answer is at most 5 s old."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._recent: Recent[UUID, tuple[str, ...]] = Recent()

    async def of(self, widget_id: UUID) -> tuple[str, ...] | None:
        """The sites that the widget names now, empty for any; None where there is no such widget."""
        known = self._recent.find(widget_id)
        if known is not None:
            return known
        asked_at = self._recent.now()
        async with self._database.worker() as connection:
            cursor = await connection.execute(
                "SELECT access.origins_of(t, %s) FROM access.tenant_of_widget(%s) t WHERE t IS NOT NULL",
                (widget_id, widget_id),
            )
            found = await cursor.fetchone()
        if found is None:
            return None
        sites = tuple(found[0])
        self._recent.keep(widget_id, sites, asked_at)
        return sites
