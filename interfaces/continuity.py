"""Continuity put together: where visitors are, which widgets ask for it, who carries mail, and the policy."""

from __future__ import annotations

from collections.abc import Set
from datetime import datetime
from uuid import UUID

from application.bus import CommandBus
from application.cache import AggregateCache
from application.handlers import HANDLERS
from application.notice_ports import Notices
from application.policies.notify_absent_visitors import NotifyAbsentVisitors
from infrastructure.clock import now, uuid7
from infrastructure.eventstore.store import EventStore
from infrastructure.notices.log_only import LogOnly
from infrastructure.notices.server import mail_server
from infrastructure.notices.smtp import SmtpNotices
from infrastructure.postgres import Database
from infrastructure.projector.positions import ReadPositions
from infrastructure.projector.progress import Progress
from infrastructure.settings import SettingRefused, Settings
from infrastructure.track.online import ONLINE_SECONDS
from projections.continuity import read_continued
from projections.presence import came_since, is_here, read_last_page

PATIENCE = 5.0
"""Seconds to wait for the read model; the reactor tries again later."""


class SitePresence:
    """Implements `application.notice_ports.Presence` out of what browsers report and sockets keep up."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def is_here(self, tenant_id: int, contact_id: UUID) -> bool:
        async with self._database.tenant(tenant_id) as connection:
            return await is_here(connection, tenant_id, contact_id, ONLINE_SECONDS)

    async def came_since(self, tenant_id: int, contact_id: UUID, since: datetime) -> bool:
        async with self._database.tenant(tenant_id) as connection:
            return await came_since(connection, tenant_id, contact_id, since, ONLINE_SECONDS)

    async def last_page(self, tenant_id: int, contact_id: UUID) -> str | None:
        async with self._database.tenant(tenant_id) as connection:
            return await read_last_page(connection, tenant_id, contact_id)


class ContinuedReading:
    """Implements `application.notice_ports.ContinuedWidgets`."""

    def __init__(self, database: Database, positions: ReadPositions) -> None:
        self._database = database
        self._positions = positions

    async def of(self, tenant_id: int, seq: int) -> Set[UUID]:
        await self._positions.wait(tenant_id, "directory", seq, PATIENCE)
        async with self._database.tenant(tenant_id) as connection:
            return await read_continued(connection, tenant_id)


def notify_absent_visitors(
    store: EventStore, notices: Notices, progress: Progress | None = None
) -> NotifyAbsentVisitors:
    """For a Reactor; the timers beside it ask its `holds`."""
    bus = CommandBus(store, HANDLERS, now, uuid7, AggregateCache(0))
    widgets = ContinuedReading(store.database, ReadPositions(store.database, progress))
    return NotifyAbsentVisitors(bus, widgets, SitePresence(store.database), notices)


def open_notices(settings: Settings) -> Notices:
    """By mail where a mail server is set. Raises SettingRefused."""
    if settings.smtp_url is None:
        return LogOnly()
    try:
        server = mail_server(settings.smtp_url)
    except ValueError as wrong:
        raise SettingRefused(str(wrong)) from wrong
    if settings.smtp_sender is None or "@" not in settings.smtp_sender:
        raise SettingRefused("VERBATIM_SMTP_SENDER must be set to an address where VERBATIM_SMTP_URL is.")
    return SmtpNotices(server, settings.smtp_sender)
