"""Row 4: one command at a time, its median to the median of pgbench with one client."""

from __future__ import annotations

from benchmarks.append import append_rate
from benchmarks.pgbench import floor
from benchmarks.rounds import Demand, Rates, Suite
from benchmarks.servers import Servers

IDLE = "idle append p50 / pgbench one client p50"


async def _measure(servers: Servers, seconds: float) -> Rates:
    url = servers.migrated_database()
    base = (await floor(servers, 1, seconds)).p50
    _, p50 = await append_rate(url, 1, seconds)
    return {IDLE: p50 / base}


SUITE = Suite((Demand(IDLE, 4.0, at_least=False),), _measure)
