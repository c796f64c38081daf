"""Links: the rows in which the chains of the log were recorded, read for verification."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from infrastructure.eventstore.rows import COLUMNS, StoredRow, stored_rows
from infrastructure.postgres import Connection

PAGE = 4000
"""Events read at once, unless a single batch holds more."""


class Batch(msgspec.Struct, frozen=True):
    """A row of es.batch."""

    number: int
    first: int
    last: int
    root: bytes
    chain: bytes


class TenantBatch(msgspec.Struct, frozen=True):
    """A row of es.tenant_batch: `first` and `last` are the tenant's own seqs."""

    tenant_id: int
    number: int
    first: int
    last: int
    chain: bytes


BEFORE_ALL = Batch(0, 1, 0, b"", b"")


async def last_position(connection: Connection) -> int:
    """The last position that the batches or the events know of."""
    cursor = await connection.execute(
        "SELECT greatest((SELECT max(last_pos) FROM es.batch), (SELECT max(pos) FROM es.event))"
    )
    found = await cursor.fetchone()
    return int(found[0] or 0) if found else 0


async def batch_before(connection: Connection, first: int) -> Batch:
    cursor = await connection.execute(
        "SELECT batch, first_pos, last_pos, root, chain FROM es.batch WHERE last_pos < %s "
        "ORDER BY last_pos DESC LIMIT 1",
        (first,),
        binary=True,
    )
    found = await cursor.fetchone()
    return Batch(*found) if found else BEFORE_ALL


async def next_batches(connection: Connection, after: int, until: int) -> list[Batch]:
    """Batches after a number, up to the one that holds position `until`: as many as fit a page, at least one."""
    cursor = await connection.execute(
        "SELECT batch, first_pos, last_pos, root, chain FROM (SELECT b.*, sum(last_pos - first_pos + 1) "
        "OVER (ORDER BY batch) AS events, row_number() OVER (ORDER BY batch) AS place FROM "
        "(SELECT * FROM es.batch WHERE batch > %s AND first_pos <= %s ORDER BY batch LIMIT %s) b) c "
        "WHERE events <= %s OR place = 1 ORDER BY batch",
        (after, until, PAGE, PAGE),
        binary=True,
    )
    return [Batch(*found) for found in await cursor.fetchall()]


async def events(connection: Connection, first: int, last: int) -> list[StoredRow]:
    cursor = await connection.execute(
        f"SELECT {COLUMNS} FROM es.event WHERE pos BETWEEN %s AND %s ORDER BY pos", (first, last), binary=True
    )
    return stored_rows(await cursor.fetchall())


async def tenant_batches(
    connection: Connection, rows: Sequence[StoredRow], batches: Sequence[Batch]
) -> dict[int, list[TenantBatch]]:
    cursor = await connection.execute(
        "SELECT tenant_id, batch, first_tpos, tpos, chain FROM es.tenant_batch "
        "WHERE tenant_id = ANY(%s) AND batch BETWEEN %s AND %s",
        (list({row.tenant_id for row in rows}), batches[0].number, batches[-1].number),
        binary=True,
    )
    found: dict[int, list[TenantBatch]] = {}
    for record in await cursor.fetchall():
        one = TenantBatch(*record)
        found.setdefault(one.number, []).append(one)
    return found
