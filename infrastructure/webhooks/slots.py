"""Slots: how many requests are under way at once, so that the slow and the dead hold up nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

HEALTHY = 256
AILING = 48
PER_TENANT = 16


class Slots:
    """Two pools: who failed or was slow the last time shares the smaller one with its like."""

    def __init__(self) -> None:
        self._healthy = asyncio.Semaphore(HEALTHY)
        self._ailing = asyncio.Semaphore(AILING)
        self._tenants: dict[int, tuple[asyncio.Semaphore, int]] = {}

    @asynccontextmanager
    async def one(self, tenant_id: int, *, is_ailing: bool) -> AsyncGenerator[None]:
        """The tenant's own first: while it waits for that, it has none that others could use."""
        tenant, users = self._tenants.get(tenant_id, (asyncio.Semaphore(PER_TENANT), 0))
        self._tenants[tenant_id] = (tenant, users + 1)
        try:
            async with tenant, self._ailing if is_ailing else self._healthy:
                yield
        finally:
            _, users = self._tenants.pop(tenant_id)
            if users > 1:
                self._tenants[tenant_id] = (tenant, users - 1)
