"""EventReader: pages of the log. Positions are gapless and in commit order, so a page is `pos > last`."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from application.log import Recorded
from domain.kernel import NOWHERE
from infrastructure.eventstore.mapper import EventMapper
from infrastructure.eventstore.rows import COLUMNS, StoredRow, stored_rows
from infrastructure.postgres import Database

HEAD = "SELECT coalesce((SELECT last_pos FROM es.batch ORDER BY batch DESC LIMIT 1), 0)"


class EventReader:
    """Methods that name a tenant see that tenant only; the others see all and are for workers."""

    def __init__(self, database: Database, mapper: EventMapper) -> None:
        self._database = database
        self._mapper = mapper

    async def page(self, after: int, limit: int = 1000) -> list[Recorded]:
        """All tenants' events after a global position. Raises UnknownEventType, Tampered."""
        return await self.opened(await self.raw_page(after, limit))

    async def raw_page(self, after: int, limit: int = 1000) -> list[StoredRow]:
        """The same, still sealed."""
        async with self._database.worker() as connection:
            cursor = await connection.execute(
                f"SELECT {COLUMNS} FROM es.event WHERE pos > %s ORDER BY pos LIMIT %s", (after, limit), binary=True
            )
            return stored_rows(await cursor.fetchall())

    async def tenant_page(self, tenant_id: int, after_seq: int, limit: int = 1000) -> list[Recorded]:
        """One tenant's events after one of its seqs."""
        async with self._database.tenant(tenant_id) as connection:
            cursor = await connection.execute(
                f"SELECT {COLUMNS} FROM es.event WHERE tenant_id = %s AND tpos > %s ORDER BY tpos LIMIT %s",
                (tenant_id, after_seq, limit),
                binary=True,
            )
            rows = stored_rows(await cursor.fetchall())
        return await self.opened(rows)

    async def tenant_events(self, tenant_id: int, type: str, after_seq: int, upto_seq: int) -> list[Recorded]:
        """One tenant's events of one type between two of its seqs, the second one included."""
        async with self._database.tenant(tenant_id) as connection:
            cursor = await connection.execute(
                f"SELECT {COLUMNS} FROM es.event WHERE tenant_id = %s AND tpos > %s AND tpos <= %s AND type = %s "
                "ORDER BY tpos",
                (tenant_id, after_seq, upto_seq, type),
                binary=True,
            )
            rows = stored_rows(await cursor.fetchall())
        return await self.opened(rows)

    async def stream(self, tenant_id: int, stream_id: UUID, after_version: int = 0) -> list[Recorded]:
        """One stream's events after a version, oldest first; empty where it is not this tenant's."""
        return await self.opened(await self.raw_stream(tenant_id, stream_id, after_version))

    async def raw_stream(self, tenant_id: int, stream_id: UUID, after_version: int = 0) -> list[StoredRow]:
        """The same, still sealed. The stream's own bounds spare the partitions it has nothing in."""
        async with self._database.tenant(tenant_id) as connection:
            cursor = await connection.execute(
                f"SELECT {_OF_EVENT} FROM es.stream s JOIN es.event e ON e.stream_id = s.stream_id "
                "AND e.pos BETWEEN s.first_pos AND s.last_pos "
                "WHERE s.stream_id = %s AND s.tenant_id = %s AND e.version > %s ORDER BY e.version",
                (stream_id, tenant_id, after_version),
                binary=True,
            )
            return stored_rows(await cursor.fetchall())

    async def raw_streams(self, tenant_id: int, stream_ids: Sequence[UUID]) -> dict[UUID, list[StoredRow]]:
        """Several whole streams in one query, still sealed; what is not this tenant's has no rows."""
        async with self._database.tenant(tenant_id) as connection:
            cursor = await connection.execute(
                f"SELECT {_OF_EVENT} FROM es.stream s JOIN es.event e ON e.stream_id = s.stream_id "
                "AND e.pos BETWEEN s.first_pos AND s.last_pos "
                "WHERE s.stream_id = ANY(%s) AND s.tenant_id = %s ORDER BY e.stream_id, e.version",
                (list(stream_ids), tenant_id),
                binary=True,
            )
            rows = stored_rows(await cursor.fetchall())
        streams: dict[UUID, list[StoredRow]] = {id: [] for id in stream_ids}
        for row in rows:
            streams[row.stream_id].append(row)
        return streams

    async def of_types(
        self, tenant_id: int, stream_ids: Sequence[UUID], types: Sequence[str], after: Recorded | None, limit: int
    ) -> list[Recorded]:
        """Several streams' events of these types, by stream (in the order of their ids) and version."""
        place = (NOWHERE, 0) if after is None else (after.stream_id, after.version)
        async with self._database.tenant(tenant_id) as connection:
            cursor = await connection.execute(
                f"SELECT {_OF_EVENT} FROM es.stream s JOIN es.event e ON e.stream_id = s.stream_id "
                "AND e.pos BETWEEN s.first_pos AND s.last_pos "
                "WHERE s.stream_id = ANY(%s) AND s.tenant_id = %s AND e.type = ANY(%s) "
                "AND (e.stream_id, e.version) > (%s, %s) ORDER BY e.stream_id, e.version LIMIT %s",
                (list(stream_ids), tenant_id, list(types), *place, limit),
                binary=True,
            )
            rows = stored_rows(await cursor.fetchall())
        return await self.opened(rows)

    async def between(self, tenant_id: int, first: int, last: int) -> list[Recorded]:
        """One tenant's events between two global positions, both included."""
        async with self._database.tenant(tenant_id) as connection:
            cursor = await connection.execute(
                f"SELECT {COLUMNS} FROM es.event WHERE tenant_id = %s AND pos BETWEEN %s AND %s ORDER BY pos",
                (tenant_id, first, last),
                binary=True,
            )
            rows = stored_rows(await cursor.fetchall())
        return await self.opened(rows)

    async def head(self) -> int:
        """The last global position, 0 for an empty log."""
        async with self._database.worker() as connection:
            found = await (await connection.execute(HEAD)).fetchone()
        return int(found[0]) if found else 0

    async def tenant_heads(self, tenant_ids: Sequence[int]) -> dict[int, int]:
        """The last seq of each tenant, 0 before its first event; one query."""
        async with self._database.worker() as connection:
            cursor = await connection.execute(
                "SELECT t, coalesce((SELECT b.tpos FROM es.tenant_batch b WHERE b.tenant_id = t "
                "ORDER BY b.batch DESC LIMIT 1), 0) FROM unnest(%s::int[]) t",
                (list(tenant_ids),),
            )
            return dict(await cursor.fetchall())

    async def epoch(self) -> int:
        """Rises when the log was rewound and the loss was accepted."""
        async with self._database.worker() as connection:
            found = await (await connection.execute("SELECT max(epoch) FROM es.epoch")).fetchone()
        return int(found[0]) if found else 1

    async def opened(self, rows: Sequence[StoredRow]) -> list[Recorded]:
        """Rows as events; people whom they erased are forgotten here too."""
        recorded = await self._mapper.open(rows)
        self._mapper.forget_erased(recorded)
        return recorded


_OF_EVENT = ", ".join(f"e.{column.strip()}" for column in COLUMNS.split(","))
