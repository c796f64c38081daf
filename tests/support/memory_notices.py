"""What continuity asks of the outside, in memory: who is where, which widgets want it, what was sent."""

from __future__ import annotations

from collections.abc import Set
from datetime import datetime
from uuid import UUID

from application.notice_ports import Notice, NoticeNotSent
from application.work import fold
from domain.continuity import Via
from domain.widget import Widget
from tests.support.memory_log import MemoryLog


class MemoryPresence:
    """Implements `application.notice_ports.Presence`. `seen`: when a contact was last tracked on a page."""

    def __init__(self) -> None:
        self.here: set[UUID] = set()
        self.seen: dict[UUID, datetime] = {}
        self.page: str | None = None

    async def is_here(self, tenant_id: int, contact_id: UUID) -> bool:
        return contact_id in self.here

    async def came_since(self, tenant_id: int, contact_id: UUID, since: datetime) -> bool:
        return contact_id in self.here or self.seen.get(contact_id, since) > since

    async def last_page(self, tenant_id: int, contact_id: UUID) -> str | None:
        return self.page


class MemoryWidgets:
    """Implements `application.notice_ports.ContinuedWidgets` out of a log in memory."""

    def __init__(self, log: MemoryLog) -> None:
        self._log = log

    async def of(self, tenant_id: int, seq: int) -> Set[UUID]:
        ids = {one.stream_id for one in self._log.recorded if one.type.startswith("widget.")}
        found = [fold(await self._log.load(tenant_id, id)) for id in ids]
        return {one.id for one in found if isinstance(one, Widget) and one.settings.continuity.enabled}


class MemoryNotices:
    """Implements `application.notice_ports.Notices`. `troubles` come first, one per notice."""

    via: Via = "email"

    def __init__(self) -> None:
        self.sent: list[Notice] = []
        self.troubles: list[NoticeNotSent] = []

    async def send(self, notice: Notice) -> None:
        if self.troubles:
            raise self.troubles.pop(0)
        self.sent.append(notice)
