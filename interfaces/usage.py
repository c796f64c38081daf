"""Counters of usage: what appends count, held to what the log says."""

from __future__ import annotations

from application.allowance import Allowance
from domain.metering import Weights, measured, period_of
from domain.plan import Meter
from infrastructure.eventstore.store import EventStore
from infrastructure.usage import correct, look, read_used
from projections.usage import read_total

PAGE = 2_000


def open_allowance(store: EventStore) -> Allowance:
    """One per process, for all of its buses."""
    return Allowance(store, UsageCounters(store))


class UsageCounters:
    """Implements `application.ports.Counters`.

    The truth at a seq is the read model's sum as of its own seq, and what the log has between the two.
    """

    def __init__(self, store: EventStore) -> None:
        self._store = store

    async def true_up(self, tenant_id: int, meter: Meter, period: int, weights: Weights) -> None:
        counted = await look(self._store.database, tenant_id, meter, period)
        async with self._store.database.tenant(tenant_id) as connection:
            folded, seq = await read_total(connection, tenant_id, meter, period)
        first, last = sorted((seq, counted.seq))
        between = await self._between(tenant_id, meter, period, weights, first, last)
        truth = folded + (between if seq < counted.seq else -between)
        await correct(self._store.database, tenant_id, meter, period, counted, truth)

    async def used(self, tenant_id: int, meter: Meter, period: int) -> int:
        return await read_used(self._store.database, tenant_id, meter, period)

    async def _between(
        self, tenant_id: int, meter: Meter, period: int, weights: Weights, after: int, last: int
    ) -> int:
        """What the events after one seq and up to another used. Raises what the reader raises."""
        amount = 0
        while after < last:
            page = await self._store.reader.tenant_page(tenant_id, after, min(PAGE, last - after))
            if not page:
                break
            for one in page:
                found = measured(one.event, weights)
                if found is not None and (found.meter, period_of(found.meter, one.at)) == (meter, period):
                    amount += found.amount
            after = page[-1].seq
        return amount
