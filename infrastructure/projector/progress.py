"""Progress: which seq each tenant's read models have reached, told within this process at once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping


class Progress:
    """The projector announces, readers wait. Only what this process folded is known here."""

    def __init__(self) -> None:
        self._reached: dict[tuple[str, int], int] = {}
        self._moved = asyncio.Condition()

    def reached(self, tenant_id: int, name: str) -> int:
        """0 where nothing was folded here yet."""
        return self._reached.get((name, tenant_id), 0)

    async def announce(self, name: str, seqs: Mapping[int, int]) -> None:
        """The live build of `name` now holds these tenants' events up to these seqs, durably."""
        async with self._moved:
            self._reached.update({(name, tenant_id): seq for tenant_id, seq in seqs.items()})
            self._moved.notify_all()

    async def wait(self, tenant_id: int, name: str, seq: int, seconds: float) -> bool:
        """True as soon as it is reached here, False after so many `seconds`."""
        try:
            async with asyncio.timeout(seconds), self._moved:
                await self._moved.wait_for(lambda: self.reached(tenant_id, name) >= seq)
        except TimeoutError:
            return False
        return True
