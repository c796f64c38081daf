"""Projection: a read model folded from the log. What the projector asks of each; pure but for its own tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol
from uuid import UUID

from psycopg import AsyncConnection

from application.log import Recorded

Connection = AsyncConnection[tuple[Any, ...]]


class Projection(Protocol):
    """Its tables exist once per build: `read.<table>_<build>`. The view `read.<table>` shows the live build."""

    @property
    def name(self) -> str:
        """Never changes; what positions, commands and metrics call it."""
        ...

    @property
    def version(self) -> int:
        """Raised whenever the tables or the fold change: the projector then builds anew beside the live one."""
        ...

    @property
    def tables(self) -> tuple[str, ...]:
        """Public names of its tables."""
        ...

    @property
    def concerns(self) -> frozenset[str]:
        """Event types it folds; others never reach it."""
        ...

    def ddl(self, build: int) -> str:
        """Statements that create the empty, protected tables of one build."""
        ...

    async def fold(self, connection: Connection, build: int, recorded: Sequence[Recorded]) -> None:
        """Fold events of many tenants and streams, in log order, into the tables of this build.

        A constant number of statements however long the page is. One page or event by event: equal tables.
        Whatever it raises except a lost connection is the fault of an event, and parks that event's stream.
        """
        ...

    async def forget(self, connection: Connection, build: int, tenant_id: int, stream_id: UUID) -> None:
        """Delete what this stream's events have brought, so that it can be folded again from its start."""
        ...
