"""What one browser reports at once is one row, and is read as the events it was; so is what was stored before."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from application.tracking import TrackedEvent
from infrastructure.migrate import migrations
from infrastructure.postgres import Database
from infrastructure.track.ingest import Ingest
from tests.support.beacons import VISITOR, beacon, page, rows

BEACONS = "0026_tracked_beacons.sql"
OLD = """
INSERT INTO track.event
SELECT (now() AT TIME ZONE 'UTC')::date - n / 100, 7, %s,
  ('0123456789abcdef' || lpad(to_hex(n), 16, '0'))::uuid, %s, 'visit', true, 'page_view',
  now() - n * interval '1 second', 'https://shop.test/' || n, NULL, NULL, %s FROM generate_series(1, 120) n"""
YESTERDAY = "SELECT track.make_partitions((now() AT TIME ZONE 'UTC')::date - 1, (now() AT TIME ZONE 'UTC')::date)"


@pytest.fixture
async def old_database(empty_url: str) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    """A database as it was before beacons."""
    async with await psycopg.AsyncConnection.connect(empty_url, autocommit=True) as old:
        for one in migrations():
            if one.name < BEACONS:
                await old.execute(one.sql.encode())
        await old.execute(YESTERDAY.encode())
        yield old


async def test_what_was_sent_at_once_is_one_row_and_reads_as_its_events(database: Database) -> None:
    ingest = Ingest(database, b"s" * 32)
    told = TrackedEvent(name="opened", props={"menu": ["a", None, {"b": 1.5}], "text": "\\u0000 ü"})
    await ingest.accept(beacon(page("a", title='"Quoted", ünïcode', referrer="https://x.test/"), told))
    await ingest.accept(beacon(page("b"), visitor=UUID(int=2), is_proven=False))
    found = await rows(
        database, "SELECT visitor_id, name, title, referrer, props FROM track.event ORDER BY name, url"
    )
    assert found == [
        (VISITOR, "opened", None, None, told.props),
        (VISITOR, "page_view", '"Quoted", ünïcode', "https://x.test/", None),
        (UUID(int=2), "page_view", None, None, None),
    ]
    assert await rows(database, "SELECT count(*), count(DISTINCT is_proven) FROM track.beacon") == [(2, 2)]
    await ingest.close()


async def test_what_was_stored_before_reads_as_it_did(old_database: psycopg.AsyncConnection[Any]) -> None:
    await old_database.execute(OLD.encode(), (VISITOR, uuid4(), '{"a": [null, {"b": null}]}'))
    query = (
        b"SELECT day, visitor_id, event_id, widget_id, at, url, title, props::text FROM track.event ORDER BY url"
    )
    before = await (await old_database.execute(query)).fetchall()
    await old_database.execute(next(one.sql for one in migrations() if one.name == BEACONS).encode())
    assert await (await old_database.execute(query)).fetchall() == before
    counted = await old_database.execute("SELECT count(*) FROM track.beacon")
    assert await counted.fetchone() == (3,)  # of 99 and 21 events


async def test_what_no_text_may_hold_is_left_out_of_what_was_stored_before(
    old_database: psycopg.AsyncConnection[Any],
) -> None:
    await old_database.execute(OLD.encode(), (VISITOR, uuid4(), '{"a": "\\u0000"}'))
    await old_database.execute(next(one.sql for one in migrations() if one.name == BEACONS).encode())
    found = await old_database.execute("SELECT count(*), count(props) FROM track.event")
    assert await found.fetchone() == (120, 0)
