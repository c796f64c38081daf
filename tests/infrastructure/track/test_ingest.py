"""Tracking is stored once, in groups, whoever sends it how often; and what may not be kept is not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import msgspec
import psycopg
import pytest

from application.tracking import MOST_EVENTS, Sighting, TrackedEvent
from domain.refusals import Invalid, Unavailable
from infrastructure.postgres import Database
from infrastructure.track.ingest import Ingest
from infrastructure.track.retention import drop_old
from tests.support.beacons import VISITOR, beacon, page, rows
from tests.support.cases import cases

SECRET = b"s" * 32
NAMES = "SELECT name, url FROM track.event ORDER BY url"


@pytest.fixture
async def ingest(database: Database) -> AsyncIterator[Ingest]:
    opened = Ingest(database, SECRET)
    yield opened
    await opened.close()


async def test_an_event_is_there_once_however_often_and_wherever_it_is_sent(
    database: Database, ingest: Ingest
) -> None:
    """Two processes, each asked twice at once, and again later."""
    other = Ingest(database, SECRET)
    again = beacon(page("a"), page("b"), page("a"))
    await asyncio.gather(*[where.accept(again) for where in (ingest, other, ingest, other)])
    await other.accept(beacon(page("b", title="Said differently"), page("c")))
    found = await rows(database, "SELECT url, title FROM track.event ORDER BY url")
    assert found == [(f"https://shop.test/{name}", None) for name in "abc"]
    await other.close()


async def test_a_repeat_takes_nothing_from_what_is_new_beside_it(database: Database, ingest: Ingest) -> None:
    """One group of all: the repeated ones are found when the rest of it is half written."""
    counted = beacon(TrackedEvent(name="widget_opened", event_id="o"), visitor=None, session_id="s")
    await asyncio.gather(ingest.accept(beacon(page("a"))), ingest.accept(counted))
    seen: list[Sighting] = []
    ingest.observers.append(seen.extend)
    somebody = uuid4()
    again = (beacon(page("a"), page("b")), counted, beacon(page("c"), visitor=somebody))
    await asyncio.gather(*[ingest.accept(one) for one in again])
    assert [name for name, _ in await rows(database, "SELECT url, name FROM track.event ORDER BY url")] == [
        f"https://shop.test/{name}" for name in "abc"
    ]
    assert await rows(database, "SELECT sum(number) FROM track.tally") == [(1,)]
    assert somebody in {one.visitor_id for one in seen}


async def test_the_same_id_of_somebody_else_is_something_else(database: Database, ingest: Ingest) -> None:
    await ingest.accept(beacon(page("a")))
    await ingest.accept(beacon(page("a"), visitor=uuid4()))
    await ingest.accept(beacon(page("a"), tenant_id=8))
    await ingest.accept(beacon(page("a"), visitor=uuid4(), is_proven=False))
    await ingest.accept(beacon(page("a"), visitor=uuid4(), is_proven=False))  # the same visit, unknown twice
    assert len(await rows(database, NAMES)) == 4


@pytest.mark.timeout(60)
async def test_ten_thousand_events_of_a_hundred_posters_are_all_there_once(database: Database) -> None:
    ingests = [Ingest(database, SECRET) for _ in range(2)]
    visitors = [uuid4() for _ in range(100)]

    async def post(number: int) -> None:
        for part in range(2):
            events = [page(f"{number}-{part}-{one}") for one in range(MOST_EVENTS)]
            sent = beacon(*events, visitor=visitors[number], tenant_id=number % 3 + 1)
            await asyncio.gather(ingests[number % 2].accept(sent), ingests[part].accept(sent))

    await asyncio.gather(*[post(number) for number in range(100)])
    found = await rows(
        database, "SELECT count(*), count(DISTINCT url), count(DISTINCT visitor_id) FROM track.event"
    )
    assert found == [(10_000, 10_000, 100)]
    for one in ingests:
        await one.close()


async def test_without_consent_only_names_are_counted_and_nobody_is_named(
    database: Database, ingest: Ingest
) -> None:
    told = {"title": "Secret shoes", "referrer": "https://secret.test/", "props": {"mail": "mia@secret.test"}}
    sent = beacon(
        page("secret-page", **told), TrackedEvent(name="widget_opened"), visitor=None, session_id="secret-1"
    )
    await ingest.accept(sent)
    await ingest.accept(sent)  # a page with its id again; what has no id counts again
    assert await rows(
        database, "SELECT tenant_id, name, sum(number) FROM track.tally GROUP BY 1, 2 ORDER BY 2"
    ) == [
        (7, "page_view", 1),
        (7, "widget_opened", 2),
    ]
    for table in ("event", "tally", "seen", "online"):
        text = msgspec.json.encode(
            [one[0] for one in await rows(database, f"SELECT t::text FROM track.{table} t")]
        )
        assert b"secret" not in text, table
    assert await rows(database, "SELECT 1 FROM track.event UNION ALL SELECT 1 FROM track.online") == []


@cases(
    "wrong",
    [
        {"url": "javascript:x"},
        {"url": "https://" + "x" * 2048},
        {"referrer": "ftp://x"},
        {"title": "x" * 257},
        {"title": "\x00"},
        {"event_id": ""},
        {"at": datetime(2026, 1, 1)},
        {"at": datetime(1, 1, 1, tzinfo=UTC)},
        {"props": {"x": "y" * 9000}},
        {"props": {"x": [{"y\x00": 1}]}},
    ],
)
async def test_one_bad_event_refuses_the_whole_beacon(
    database: Database, ingest: Ingest, wrong: dict[str, Any]
) -> None:
    with pytest.raises(Invalid) as raised:
        await ingest.accept(beacon(page("a"), page("b", **wrong)))
    assert raised.value.details == {"event": 1}
    assert await rows(database, NAMES) == []


async def test_no_event_and_more_than_fifty_are_refused(ingest: Ingest) -> None:
    for events in ((), [page(str(number)) for number in range(MOST_EVENTS + 1)]):
        with pytest.raises(Invalid):
            await ingest.accept(beacon(*events))
    with pytest.raises(Invalid):
        await ingest.accept(beacon(page("a"), session_id=" "))


async def test_a_clock_that_is_ahead_is_set_to_ours(database: Database, ingest: Ingest) -> None:
    earlier = datetime(2024, 1, 15, 10, tzinfo=UTC)
    await ingest.accept(beacon(page("a", earlier), page("b", datetime.now(UTC) + timedelta(days=3)), page("c")))
    found = [one[0] for one in await rows(database, "SELECT at FROM track.event ORDER BY url")]
    assert found[0] == earlier
    assert found[1] == found[2] <= datetime.now(UTC)


async def test_a_full_queue_is_said_at_once_and_what_waits_is_still_stored(database: Database) -> None:
    small = Ingest(database, SECRET, queue=3)
    first = asyncio.ensure_future(small.accept(beacon(page("a"), page("b"))))
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await small.accept(beacon(page("c"), page("d")))
    await first
    await small.accept(beacon(page("c"), page("d")))
    assert len(await rows(database, NAMES)) == 4
    await small.close()
    with pytest.raises(Unavailable):
        await small.accept(beacon(page("e")))


async def test_nobody_is_told_of_success_before_it_is_durable(database: Database, database_url: str) -> None:
    """The group waits for a lock that somebody holds; then its connection is cut, twice."""
    ingest = Ingest(database, SECRET)
    async with await psycopg.AsyncConnection.connect(database_url) as holder:
        await holder.execute("LOCK TABLE track.seen IN ACCESS EXCLUSIVE MODE")
        posting = asyncio.ensure_future(ingest.accept(beacon(page("a"))))
        cut: list[int] = []
        for _ in range(2):
            assert not posting.done()
            await _cut_one(holder, cut)
        with pytest.raises(Unavailable):
            await posting
    assert await rows(database, NAMES) == []
    await ingest.accept(beacon(page("a")))
    assert len(await rows(database, NAMES)) == 1
    await ingest.close()


async def test_who_came_and_who_moved_is_told_and_who_stays_is_not(ingest: Ingest) -> None:
    told: list[Sighting] = []
    ingest.observers.append(told.extend)
    for events in (page("a", title="A"), TrackedEvent(name="heartbeat"), TrackedEvent(name="opened"), page("b")):
        await ingest.accept(beacon(events))
    assert [(one.visitor_id, one.url, one.title) for one in told] == [
        (VISITOR, "https://shop.test/a", "A"),
        (VISITOR, "https://shop.test/b", None),
    ]
    assert told[0].since == told[1].since


async def test_a_heartbeat_is_neither_stored_nor_counted(database: Database, ingest: Ingest) -> None:
    beat = TrackedEvent(name="heartbeat", event_id="1")
    await ingest.accept(beacon(beat))
    await ingest.accept(beacon(beat, visitor=None, is_proven=False))
    assert await rows(database, "SELECT 1 FROM track.event UNION ALL SELECT 1 FROM track.tally") == []
    assert await rows(database, "SELECT visitor_id FROM track.online") == [(VISITOR,)]


async def test_retention_drops_the_days_that_are_too_old_and_nothing_else(
    database: Database, ingest: Ingest
) -> None:
    today = "(now() AT TIME ZONE 'UTC')::date"
    await rows(database, f"SELECT track.make_partitions({today} - 92, {today} - 89)")
    await ingest.accept(beacon(page("new")))
    async with database.worker() as connection:
        for age in (92, 91, 90, 89):
            await connection.execute(
                f"INSERT INTO track.beacon SELECT {today} - %s, tenant_id, visitor_id, widget_id, session_id, "
                "is_proven, scope, replace(events::text, 'test/new', %s)::json FROM track.beacon "
                "WHERE events::text LIKE '%%test/new%%'".encode(),
                (age, f"test/{age}"),
            )
            await connection.execute(
                f"INSERT INTO track.seen VALUES (7, gen_random_uuid(), {today} - %s)".encode(), (age,)
            )
    assert await drop_old(database, 90) == 4  # two days, each with events and counts
    assert [one[1].rpartition("/")[2] for one in await rows(database, NAMES)] == ["89", "90", "new"]
    assert await rows(database, "SELECT count(*) FROM track.seen") == [(3,)]
    assert await drop_old(database, 90) == 0


async def test_partitions_of_something_else_do_not_disturb_retention(
    database: Database, database_url: str
) -> None:
    """Whichever way PostgreSQL joins them: their names are no dates."""
    ways = [(), ("nestloop",), ("nestloop", "hashjoin"), ("nestloop", "mergejoin"), ("hashjoin", "mergejoin")]
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as owner:
        await owner.execute("CREATE TABLE public.ledger (n int) PARTITION BY LIST (n)")
        await owner.execute("CREATE TABLE public.ledger_east_1 PARTITION OF public.ledger FOR VALUES IN (1)")
        await owner.execute("ANALYZE pg_class, pg_inherits")
        for off in ways:
            for way in ("nestloop", "hashjoin", "mergejoin"):
                await owner.execute(f"SET enable_{way} = {'off' if way in off else 'on'}".encode())
            found = await owner.execute("SELECT track.drop_partitions('2000-01-01')")
            assert await found.fetchone() == (0,), off


async def test_a_day_without_a_partition_is_made_when_the_first_event_comes(
    database: Database, database_url: str, ingest: Ingest
) -> None:
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as owner:
        await owner.execute("SELECT track.drop_partitions('2999-01-01')")
    await ingest.accept(beacon(page("a")))
    assert len(await rows(database, NAMES)) == 1


async def test_another_tenant_sees_none_of_it(database: Database, ingest: Ingest) -> None:
    await ingest.accept(beacon(page("a")))
    for table in ("event", "tally", "seen", "online"):
        async with database.tenant(8) as connection:
            cursor = await connection.execute(f"SELECT count(*) FROM track.{table}".encode())
            assert await cursor.fetchone() == (0,), table


async def _cut_one(holder: psycopg.AsyncConnection[Any], cut: list[int]) -> None:
    """End the connection that waits for the lock, once there is one; what was `cut` may take a moment to go."""
    known = len(cut)
    while len(cut) == known:
        await holder.execute("SELECT pg_stat_clear_snapshot()")  # a transaction sees who is there only once
        cursor = await holder.execute(
            "SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
            "AND datname = current_database() AND query LIKE '%%track.seen%%' AND pid <> ALL(%s)",
            (cut,),
        )
        cut.extend(row[0] for row in await cursor.fetchall())
