"""Verification: the three hash chains computed anew from the table, in pages, with bounded memory.

What it proves: between `first` and `last` nothing was changed, removed, inserted or moved since it was written, as
long as the chain's value is the one that was known before (a checkpoint kept elsewhere): whoever may rewrite every
row can also compute every hash.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Literal, TypeVar
from uuid import UUID

import msgspec

from infrastructure.eventstore.hashing import chain, root, row_hash
from infrastructure.eventstore.links import (
    Batch,
    TenantBatch,
    batch_before,
    events,
    last_position,
    next_batches,
    tenant_batches,
)
from infrastructure.eventstore.rows import StoredRow
from infrastructure.postgres import Connection, Database

Chain = Literal["stream", "tenant", "batch"]
K = TypeVar("K")
V = TypeVar("V")

REMEMBERED = 200_000
"""Heads of streams and of tenants kept in memory; others are looked up again."""


class Fault(msgspec.Struct, frozen=True):
    """The first position that does not fit, in which chain, and a sentence for the auditor."""

    position: int
    chain: Chain
    reason: str


class Verdict(msgspec.Struct, frozen=True):
    """What was looked at, in whole batches; `chain` is the batch chain's last value (b"" for an empty log)."""

    first: int
    last: int
    events: int
    batches: int
    chain: bytes
    fault: Fault | None = None

    @property
    def is_sound(self) -> bool:
        return self.fault is None


async def verify_log(
    database: Database,
    *,
    first: int = 1,
    last: int | None = None,
    on_progress: Callable[[int], None] = lambda _: None,
) -> Verdict:
    """Stops at the first fault. Whole batches: `first` is rounded down, `last` up.

    `on_progress` is called with the position reached, after each page.
    Raises psycopg.Error, psycopg_pool.PoolTimeout.
    """
    async with database.worker() as connection:
        check = _Check(connection, await batch_before(connection, first))
        until = last if last is not None else await last_position(connection)
        while check.reached.last < until and check.fault is None:
            batches = await next_batches(connection, check.reached.number, until)
            await check.page(batches)
            on_progress(check.reached.last)
            if not batches:
                break
        return check.verdict()


class _Check:
    """Where each chain stands after the last batch that was found sound."""

    def __init__(self, connection: Connection, before: Batch) -> None:
        self.reached = before
        self.fault: Fault | None = None
        self._connection = connection
        self._first = before.last + 1
        self._started = before.number
        self._streams = _Heads[UUID, tuple[int, bytes]]()
        self._tenants = _Heads[int, tuple[int, bytes]]()

    def verdict(self) -> Verdict:
        reached = self.reached
        found, batches = reached.last - self._first + 1, reached.number - self._started
        return Verdict(self._first, reached.last, found, batches, reached.chain, self.fault)

    async def page(self, batches: Sequence[Batch]) -> None:
        """Check these batches, which follow each other."""
        if not batches:
            self.fault = Fault(self.reached.last + 1, "batch", "no batch holds this position")
            return
        rows = await events(self._connection, batches[0].first, batches[-1].last)
        await self._look_up_streams(rows)
        await self._look_up_tenants(rows, batches[0].number)
        tenants = await tenant_batches(self._connection, rows, batches)
        start = 0
        for batch in batches:
            end = start
            while end < len(rows) and rows[end].pos <= batch.last:
                end += 1
            self.fault = self._batch(batch, rows[start:end], tenants.get(batch.number, []))
            if self.fault is not None:
                return
            self.reached, start = batch, end

    def _batch(self, batch: Batch, rows: Sequence[StoredRow], tenants: Sequence[TenantBatch]) -> Fault | None:
        if batch.number != self.reached.number + 1 or batch.first != self.reached.last + 1:
            return Fault(self.reached.last + 1, "batch", f"batch {self.reached.number + 1} is missing")
        for place, row in enumerate(rows):
            if row.pos != batch.first + place:
                return Fault(batch.first + place, "batch", "the event is missing")
            fault = self._event(row)
            if fault is not None:
                return fault
        if len(rows) != batch.last - batch.first + 1:
            return Fault(batch.first + len(rows), "batch", "the event is missing")
        return self._batch_chain(batch, rows) or self._tenant_chains(batch, rows, tenants)

    def _event(self, row: StoredRow) -> Fault | None:
        version, head = self._streams.get(row.stream_id) or (0, b"")
        if row.version != version + 1 and not (version == 0 and row.version == 0):
            return Fault(row.pos, "stream", f"version {row.version} follows version {version}")
        if row_hash(head, row) != row.hash:
            return Fault(row.pos, "stream", "the event, or the one before it in its stream, was changed")
        self._streams.put(row.stream_id, (row.version, row.hash))
        return None

    def _batch_chain(self, batch: Batch, rows: Sequence[StoredRow]) -> Fault | None:
        found = root(row.hash for row in rows)
        if found != batch.root:
            return Fault(batch.first, "batch", f"batch {batch.number} holds other events than were written")
        if chain(self.reached.chain, batch.first, found) != batch.chain:
            return Fault(batch.first, "batch", f"batch {batch.number} does not follow the one before it")
        return None

    def _tenant_chains(
        self, batch: Batch, rows: Sequence[StoredRow], tenants: Sequence[TenantBatch]
    ) -> Fault | None:
        recorded = {one.tenant_id: one for one in tenants}
        by_seq = sorted(rows, key=attrgetter("tenant_id", "tpos"))
        for tenant_id, mine in groupby(by_seq, key=attrgetter("tenant_id")):
            reason = self._tenant_chain(list(mine), recorded.pop(tenant_id, None))
            if reason is not None:
                return Fault(batch.first, "tenant", f"tenant {tenant_id}: {reason}")
        if recorded:
            return Fault(batch.first, "tenant", f"tenant {min(recorded)} has no events in batch {batch.number}")
        return None

    def _tenant_chain(self, rows: Sequence[StoredRow], recorded: TenantBatch | None) -> str | None:
        seq, before = self._tenants.get(rows[0].tenant_id) or (0, b"")
        if [row.tpos for row in rows] != list(range(seq + 1, seq + len(rows) + 1)):
            return f"its seqs do not continue after {seq}"
        now = chain(before, seq + 1, root(row.hash for row in rows))
        if recorded is None or (recorded.first, recorded.last) != (seq + 1, rows[-1].tpos):
            return f"its chain has no link from seq {seq + 1} to {rows[-1].tpos}"
        if recorded.chain != now:
            return "its chain does not follow"
        self._tenants.put(rows[0].tenant_id, (rows[-1].tpos, now))
        return None

    async def _look_up_streams(self, rows: Sequence[StoredRow]) -> None:
        """Streams that go on in this page and were last seen before it, if at all."""
        firsts = {row.stream_id: row for row in reversed(rows)}
        asked = [row for row in firsts.values() if row.version > 0 and row.stream_id not in self._streams]
        if not asked:
            return
        cursor = await self._connection.execute(
            "SELECT e.stream_id, e.version, e.hash FROM unnest(%s::uuid[], %s::int[], %s::bigint[]) q(s, v, p) "
            "JOIN es.event e ON e.stream_id = q.s AND e.version = q.v AND e.pos < q.p",
            ([row.stream_id for row in asked], [row.version - 1 for row in asked], [row.pos for row in asked]),
            binary=True,
        )
        for stream_id, version, hash in await cursor.fetchall():
            self._streams.put(stream_id, (version, hash))

    async def _look_up_tenants(self, rows: Sequence[StoredRow], before: int) -> None:
        asked = [tenant_id for tenant_id in {row.tenant_id for row in rows} if tenant_id not in self._tenants]
        cursor = await self._connection.execute(
            "SELECT q.t, b.tpos, b.chain FROM unnest(%s::int[]) q(t) CROSS JOIN LATERAL (SELECT tpos, chain "
            "FROM es.tenant_batch WHERE tenant_id = q.t AND batch < %s ORDER BY batch DESC LIMIT 1) b",
            (asked, before),
            binary=True,
        )
        for tenant_id, seq, value in await cursor.fetchall():
            self._tenants.put(tenant_id, (seq, value))


class _Heads(OrderedDict[K, V]):
    """The last used ones of many."""

    def put(self, key: K, value: V) -> None:
        self[key] = value
        self.move_to_end(key)
        if len(self) > REMEMBERED:
            self.popitem(last=False)
