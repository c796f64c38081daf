"""Counters of usage in PostgreSQL: read, and corrected where they are not what the log says."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from infrastructure.postgres import Database

KEPT = timedelta(days=62)
"""A month that is over is charged no more; what it used is in the read model for ever."""

# One statement, one snapshot: an append moves the counter and the tenant's seq together.
_LOOK = """
SELECT c.used, c.checked, coalesce((SELECT b.tpos FROM es.tenant_batch b WHERE b.tenant_id = c.tenant_id
  ORDER BY b.batch DESC LIMIT 1), 0)
FROM usage.counter c WHERE c.tenant_id = %s AND c.meter = %s AND c.period = %s"""


class Counted(msgspec.Struct, frozen=True):
    """A counter as of the tenant's `seq`; `checked` is how often it was corrected."""

    used: int
    checked: int
    seq: int


async def look(database: Database, tenant_id: int, meter: str, period: int) -> Counted:
    """The counter, begun at 0 where there is none. Raises psycopg.Error, PoolTimeout."""
    key = (tenant_id, meter, period)
    async with database.tenant(tenant_id) as connection:
        await connection.execute(
            "INSERT INTO usage.counter (tenant_id, meter, period) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING", key
        )
        found = await (await connection.execute(_LOOK, key)).fetchone()
    assert found is not None
    return Counted(*found)


async def correct(
    database: Database, tenant_id: int, meter: str, period: int, counted: Counted, truth: int
) -> None:
    """`truth` is what was used as of `counted.seq`; what was counted since stays. Of two at once one wins."""
    async with database.tenant(tenant_id) as connection:
        await connection.execute(
            "UPDATE usage.counter SET used = used + %s, checked = checked + 1 "
            "WHERE tenant_id = %s AND meter = %s AND period = %s AND checked = %s",
            (truth - counted.used, tenant_id, meter, period, counted.checked),
        )


async def read_used(database: Database, tenant_id: int, meter: str, period: int) -> int:
    """What is counted, 0 where nothing is."""
    async with database.tenant(tenant_id) as connection:
        cursor = await connection.execute(
            "SELECT used FROM usage.counter WHERE tenant_id = %s AND meter = %s AND period = %s",
            (tenant_id, meter, period),
        )
        found = await cursor.fetchone()
    return found[0] if found else 0


async def sweep_counters(database: Database) -> None:
    """Forget counters of months long over, and reservations that nobody settled."""
    async with database.worker() as connection:
        await connection.execute(
            "DELETE FROM usage.counter WHERE period > 0 "
            "AND period < to_char((now() - %s) AT TIME ZONE 'UTC', 'YYYYMM')::int",
            (KEPT,),
        )
        await connection.execute("DELETE FROM usage.reservation WHERE expires_at < now()")
