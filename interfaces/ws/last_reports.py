"""Last reports: a replay says of each campaign how far it is, not how it got there."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from application.log import Recorded
from domain.campaign_progress import ProgressReported
from infrastructure.eventstore.reader import EventReader


class LastReports:
    """For one replay, of a tenant's events up to `upto`. The log is asked once, if there is any report."""

    def __init__(self, reader: EventReader, tenant_id: int, upto: int) -> None:
        self._reader = reader
        self._tenant_id = tenant_id
        self._upto = upto
        self._last: dict[UUID, int] | None = None

    async def only(self, page: Sequence[Recorded]) -> list[Recorded]:
        """The next page without the reports that a later one replaces."""
        if not any(isinstance(one.event, ProgressReported) for one in page):
            return list(page)
        if self._last is None:
            self._last = await self._look(page[0].seq - 1)
        return [one for one in page if self._stands(one, self._last)]

    def _stands(self, one: Recorded, last: dict[UUID, int]) -> bool:
        return not isinstance(one.event, ProgressReported) or last.get(one.event.campaign_id) == one.seq

    async def _look(self, after: int) -> dict[UUID, int]:
        """The seq of each campaign's last report."""
        reports = await self._reader.tenant_events(self._tenant_id, ProgressReported.TYPE, after, self._upto)
        return {one.event.campaign_id: one.seq for one in reports if isinstance(one.event, ProgressReported)}
