"""EventStore: durable, gapless, one tenant at a time, and nobody may change it."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import psycopg
import pytest

from application.log import Appended, VersionConflict
from domain.refusals import IdempotencyMismatch
from infrastructure.eventstore.rows import StoredRow
from infrastructure.eventstore.store import EventStore
from infrastructure.eventstore.verify import verify_log
from infrastructure.postgres import Role, conninfo
from tests.support.appends import Talk, append_of, plain


async def test_what_is_appended_is_loaded_again_with_its_head(store: EventStore) -> None:
    stream = uuid4()
    piece = plain(stream, count=3)
    appended = await store.append(append_of(7, piece))
    loaded = await store.load(7, stream)
    assert loaded.events == piece.events
    assert loaded.head == appended.heads[0]
    assert await store.head(7) == appended.seq == 3


async def test_another_tenant_loads_and_reads_nothing(store: EventStore) -> None:
    stream = uuid4()
    appended = await store.append(append_of(7, plain(stream)))
    assert (await store.load(8, stream)).events == ()
    assert await store.read(8, appended.first_position, appended.last_position) == []
    assert await store.head(8) == 0


async def test_another_tenant_cannot_continue_a_stream(store: EventStore) -> None:
    stream = uuid4()
    appended = await store.append(append_of(7, plain(stream)))
    for before in (0, 1):
        with pytest.raises(VersionConflict):
            await store.append(append_of(8, plain(stream, before, appended.heads[0])))


async def test_a_command_is_found_by_its_id_and_only_with_its_content(store: EventStore) -> None:
    command = uuid4()
    assert await store.find_command(7, command, b"same") is None
    await store.append(append_of(7, plain(uuid4())))
    appended = await store.append(append_of(7, plain(uuid4(), count=2), command_id=command))
    assert await store.find_command(7, command, b"same") == Appended(2, 3, 3, replayed=True)
    assert (await store.append(append_of(7, plain(uuid4()), command_id=command))).replayed
    assert await store.find_command(8, command, b"same") is None
    with pytest.raises(IdempotencyMismatch):
        await store.find_command(7, command, b"other")
    assert [one.position for one in await store.read(7, appended.first_position, appended.last_position)] == [2, 3]


async def test_positions_are_gapless_over_all_and_per_tenant(store: EventStore, owner: psycopg.Connection) -> None:
    announced: list[StoredRow] = []
    store.on_commit.append(announced.extend)

    async def write(number: int) -> Appended:
        pieces = [plain(uuid4(), count=number % 3 + 1) for _ in range(number % 2 + 1)]
        return await store.append(append_of(number % 11, *pieces))

    answers = await asyncio.gather(*[write(number) for number in range(300)])
    rows = owner.execute("SELECT pos, tenant_id, tpos FROM es.event ORDER BY pos").fetchall()
    assert [row[0] for row in rows] == list(range(1, len(rows) + 1))
    assert [(row.pos, row.tenant_id, row.tpos) for row in announced] == rows
    for tenant_id in range(11):
        seqs = [row[2] for row in rows if row[1] == tenant_id]
        assert seqs == list(range(1, len(seqs) + 1))
    spans = sorted((answer.first_position, answer.last_position) for answer in answers)
    assert [first for first, _ in spans] == [1, *(last + 1 for _, last in spans[:-1])]


@pytest.mark.parametrize("others", [6, 7, 8, 30])
async def test_a_tenant_goes_on_where_it_was_however_many_batches_came_between(
    store: EventStore, others: int
) -> None:
    """The newest few batches are looked at first."""
    await store.append(append_of(7, plain(uuid4(), count=3)))
    for _ in range(others):
        await store.append(append_of(8, plain(uuid4())))
    assert (await store.append(append_of(7, plain(uuid4())))).seq == 4
    assert (await verify_log(store.database)).is_sound


async def test_a_listener_that_fails_stops_neither_the_writer_nor_the_next_listener(store: EventStore) -> None:
    heard: list[int] = []
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, about: complaints.append(about["exception"]))
    store.on_commit.append(lambda rows: heard.append(1 // 0))
    store.on_commit.append(lambda rows: heard.extend(row.pos for row in rows))
    for _ in range(2):
        await asyncio.wait_for(store.append(append_of(7, plain(uuid4()))), 5)
    assert heard == [1, 2]
    assert [type(error) for error in complaints] == [ZeroDivisionError, ZeroDivisionError]


TENANT_TABLES = ("es.event", "es.stream", "es.command", "es.tenant_batch", "es.stored_events", "es.event_json")


async def test_a_tenant_transaction_sees_only_that_tenant(store: EventStore) -> None:
    for tenant_id in (7, 8):
        await Talk(store, tenant_id).start("Ann")
    for table in (*TENANT_TABLES, "keys.tenant", "keys.subject"):
        seen = [await _count(store, tenant_id, table) for tenant_id in (7, 8, 9)]
        assert seen == [1, 1, 0], table


async def test_without_a_tenant_the_api_role_sees_nothing(store: EventStore, database_url: str) -> None:
    await Talk(store).start("Ann")
    with psycopg.connect(conninfo(database_url, "verbatim_api"), autocommit=True) as connection:
        for table in TENANT_TABLES:
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table


async def _count(store: EventStore, tenant_id: int, table: str) -> int:
    async with store.database.tenant(tenant_id) as connection:
        found = await (await connection.execute(f"SELECT count(*) FROM {table}")).fetchone()
    return found[0] if found else -1


CHANGES = (
    "UPDATE {table} SET {column} = {column}",
    "DELETE FROM {table}",
    "TRUNCATE {table}",
)


@pytest.mark.parametrize("role", ["verbatim_api", "verbatim_worker", None])
async def test_nobody_may_change_the_log(store: EventStore, database_url: str, role: Role | None) -> None:
    """Neither the program's roles, for want of the right, nor the owner, for the triggers."""
    await Talk(store).start()
    with psycopg.connect(conninfo(database_url, role), autocommit=True) as connection:
        connection.execute("SELECT set_config('verbatim.tenant', '7', false)")
        for table, column in (("es.event", "type"), ("es.event_1", "type"), ("es.batch", "root")):
            for change in CHANGES:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(change.format(table=table, column=column))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("DELETE FROM es.tenant_batch")
    assert len(await store.reader.page(0)) == 1


@pytest.mark.parametrize("role", ["verbatim_api", "verbatim_worker"])
async def test_the_roles_write_events_only_through_the_append_function(
    store: EventStore, database_url: str, role: Role
) -> None:
    await Talk(store).start()
    with psycopg.connect(conninfo(database_url, role), autocommit=True) as connection:
        connection.execute("SELECT set_config('verbatim.tenant', '7', false)")
        for table in ("es.event", "es.stream", "es.batch", "es.tenant_batch", "es.command", "es.epoch"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"INSERT INTO {table} SELECT * FROM {table}")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT 1 FROM es.event_1")
