"""Attendance: tells every process which visitors came, moved or left, and keeps those with open sockets online."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from uuid import UUID

import psycopg
import structlog
from psycopg_pool import PoolTimeout

from application.tracking import Sighting
from domain.ids import wire
from infrastructure.nats.feed import Feed
from infrastructure.postgres import Database
from infrastructure.track.ingest import Ingest
from infrastructure.track.online import ONLINE_SECONDS, Here, sweep_online
from interfaces.ws.frames import VisitorHere
from interfaces.ws.whisper import Whisper, encode_whisper

GATHERED = 0.5
"""Seconds in which what happens at a tenant's becomes one message."""
PER_MESSAGE = 500
ROUND = 20.0
"""Seconds between two rounds; well below ONLINE_SECONDS."""

_log = structlog.get_logger(__name__)

Guests = Callable[[], Sequence[tuple[int, UUID]]]


class Attendance:
    """One statement per round for all sockets of the process, one message per half second and tenant."""

    def __init__(
        self, ingest: Ingest, database: Database, feed: Feed, guests: Guests, every: float = ROUND
    ) -> None:
        self._ingest = ingest
        self._database = database
        self._feed = feed
        self._guests = guests
        self._every = every
        self._news: dict[int, dict[UUID, Sighting]] = {}
        self._heard = asyncio.Event()

    def observe(self, sightings: Sequence[Sighting]) -> None:
        """To be told soon; the last thing about a visitor counts."""
        for one in sightings:
            self._news.setdefault(one.tenant_id, {})[one.visitor_id] = one
        self._heard.set()

    async def tell(self) -> None:
        """Until cancelled. What is told while NATS is away is lost: the list has it."""
        while True:
            await self._heard.wait()
            await asyncio.sleep(GATHERED)
            self._heard.clear()
            news, self._news = self._news, {}
            for tenant_id, sightings in news.items():
                told = tuple(_here(one) for one in sightings.values())[:PER_MESSAGE]
                await self._feed.ephemeral(tenant_id, encode_whisper(Whisper("", None, b"", visitors=told)))

    async def rounds(self) -> None:
        """Until cancelled: who has a socket here is here, and who was not seen for a minute has left."""
        while True:
            try:
                await self.look()
            except (psycopg.Error, PoolTimeout):
                _log.warning("attendance_not_taken")
            await asyncio.sleep(self._every)

    async def look(self, seconds: float = ONLINE_SECONDS) -> None:
        """One round. Raises psycopg.Error, PoolTimeout."""
        await self._ingest.see([Here(tenant_id, contact_id) for tenant_id, contact_id in self._guests()])
        self.observe(await sweep_online(self._database, seconds))


def _here(one: Sighting) -> VisitorHere:
    state = "online" if one.is_online else "offline"
    return VisitorHere(wire("contact", one.visitor_id), state, one.since, one.url, one.title, one.referrer)
