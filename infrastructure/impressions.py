"""Impressions: that a campaign was shown to a visitor, or opened. What waits goes in one statement."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import msgspec
import psycopg
from psycopg_pool import PoolTimeout

from domain.refusals import Unavailable
from infrastructure.postgres import Database

QUEUE = 10_000
"""Impressions that may wait; then 503."""
GROUP = 1_000
DEADLINE = 5.0

# In order of the key, so that no two groups wait for each other. A visitor in `fresh` counts, and only they.
_SHOW = """
WITH told AS (
  SELECT DISTINCT ON (tenant_id, campaign_id, visitor_id) * FROM json_to_recordset(%(rows)s::json)
    AS t(tenant_id int, campaign_id uuid, visitor_id uuid, seconds float) WHERE visitor_id IS NOT NULL
  ORDER BY tenant_id, campaign_id, visitor_id
), fresh AS (
  INSERT INTO campaigns.impression AS i (tenant_id, campaign_id, visitor_id, shown_at, again_at)
  SELECT tenant_id, campaign_id, visitor_id, now(), now() + seconds * interval '1 second' FROM told
  ON CONFLICT (tenant_id, campaign_id, visitor_id) DO UPDATE
    SET shown_at = now(), again_at = EXCLUDED.again_at WHERE i.again_at <= now()
  RETURNING tenant_id, campaign_id
), counted AS (
  SELECT tenant_id, campaign_id FROM fresh UNION ALL
  SELECT tenant_id, campaign_id FROM json_to_recordset(%(rows)s::json)
    AS t(tenant_id int, campaign_id uuid, visitor_id uuid) WHERE visitor_id IS NULL
)
INSERT INTO campaigns.tally AS t (tenant_id, campaign_id, shown, seen)
SELECT tenant_id, campaign_id, count(*), 0 FROM counted GROUP BY 1, 2 ORDER BY 1, 2
ON CONFLICT (tenant_id, campaign_id) DO UPDATE SET shown = t.shown + EXCLUDED.shown"""

_OPEN = """
WITH told AS (
  SELECT DISTINCT tenant_id, campaign_id, visitor_id FROM json_to_recordset(%(rows)s::json)
    AS t(tenant_id int, campaign_id uuid, visitor_id uuid, is_opened bool)
  WHERE is_opened AND visitor_id IS NOT NULL
), fresh AS (
  UPDATE campaigns.impression i SET seen_at = now() FROM told t
  WHERE i.tenant_id = t.tenant_id AND i.campaign_id = t.campaign_id AND i.visitor_id = t.visitor_id
    AND (i.seen_at IS NULL OR i.seen_at < i.shown_at)
  RETURNING i.tenant_id, i.campaign_id
), counted AS (
  SELECT tenant_id, campaign_id FROM fresh UNION ALL
  SELECT tenant_id, campaign_id FROM json_to_recordset(%(rows)s::json)
    AS t(tenant_id int, campaign_id uuid, visitor_id uuid, is_opened bool) WHERE is_opened AND visitor_id IS NULL
)
INSERT INTO campaigns.tally AS t (tenant_id, campaign_id, shown, seen)
SELECT tenant_id, campaign_id, 0, count(*) FROM counted GROUP BY 1, 2 ORDER BY 1, 2
ON CONFLICT (tenant_id, campaign_id) DO UPDATE SET seen = t.seen + EXCLUDED.seen"""


class Impression(msgspec.Struct, frozen=True):
    """`visitor_id` None: without consent, so that it is only counted. `seconds`: until they may see it again."""

    tenant_id: int
    campaign_id: UUID
    visitor_id: UUID | None
    is_opened: bool
    seconds: float | None


def impression(
    tenant_id: int, campaign_id: UUID, visitor_id: UUID | None, every_days: int | None, *, is_opened: bool
) -> Impression:
    seconds = None if every_days is None else timedelta(days=every_days).total_seconds()
    return Impression(tenant_id, campaign_id, visitor_id, is_opened, seconds)


class Impressions:
    """One transaction at a time in this process: a busy page waits for it together, not one after another."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[tuple[Impression, asyncio.Future[None]]] = []
        self._work: asyncio.Task[None] | None = None

    async def note(self, one: Impression) -> None:
        """Durable when it returns; a repeat changes nothing. Raises Unavailable."""
        if len(self._waiting) >= QUEUE:
            raise Unavailable
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((one, done))
        if self._work is None:
            self._work = asyncio.create_task(self._store_all())
        await done

    async def _store_all(self) -> None:
        try:
            while self._waiting:
                group, self._waiting = self._waiting[:GROUP], self._waiting[GROUP:]
                refusal = await self._store([one for one, _ in group])
                for _, done in group:
                    _settle(done, refusal)
        finally:
            self._work = None

    async def _store(self, group: Sequence[Impression]) -> Exception | None:
        rows = {"rows": msgspec.json.encode(group).decode()}
        try:
            async with asyncio.timeout(DEADLINE), self._database.worker() as connection, connection.transaction():
                await connection.execute(_SHOW, rows)
                if any(one.is_opened for one in group):
                    await connection.execute(_OPEN, rows)
        except (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout, TimeoutError):
            return Unavailable("The database cannot be reached.")
        except psycopg.Error as error:
            return error
        return None


def _settle(done: asyncio.Future[None], refusal: Exception | None) -> None:
    if done.done():
        return  # whoever asked has gone
    if refusal is None:
        done.set_result(None)
    else:
        done.set_exception(refusal)
