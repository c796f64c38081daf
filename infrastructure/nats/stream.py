"""The JetStream stream EVENTS: a disposable copy of the log whose sequence numbers are positions."""

from __future__ import annotations

import msgspec
from nats.errors import ConnectionReconnectingError
from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType, StoreCompression, StreamConfig
from nats.js.errors import NotFoundError
from nats.js.manager import JetStreamManager

from infrastructure.eventstore.rows import StoredRow
from infrastructure.nats.connection import NatsConnection

DEADLINE = 2.0
DAY = 86_400


class Subjects(msgspec.Struct, frozen=True):
    """The names on the server; others than the defaults let two logs share one."""

    stream: str = "EVENTS"
    events: str = "ev"
    ephemeral: str = "ep"
    wake: str = "es.wake"

    def event(self, row: StoredRow) -> str:
        """`ev.<tenant>.<kind>.<stream hex>`: ids, never names."""
        return f"{self.events}.{row.tenant_id}.{row.kind}.{row.stream_id.hex}"

    def tenant_events(self, tenant_id: int) -> str:
        return f"{self.events}.{tenant_id}.>"

    def tenant_ephemeral(self, tenant_id: int) -> str:
        return f"{self.ephemeral}.{tenant_id}"


SUBJECTS = Subjects()


class StreamLimits(msgspec.Struct, frozen=True):
    """What the server keeps: seconds, bytes, copies. Whoever is further behind reads PostgreSQL."""

    max_age: int = 7 * DAY
    max_bytes: int = 2**30
    replicas: int = 1


class StreamHead(msgspec.Struct, frozen=True):
    """Where the stream stands. `last_hash` (hex) is None where the last message never was or is too old."""

    last_seq: int
    epoch: int
    last_hash: str | None


class EventStream:
    """Raises nats.errors.Error from every method; nothing waits longer than `DEADLINE` seconds."""

    def __init__(
        self, nats: NatsConnection, subjects: Subjects = SUBJECTS, limits: StreamLimits | None = None
    ) -> None:
        self._nats = nats
        self._subjects = subjects
        self._limits = limits or StreamLimits()
        self._api = JetStreamManager(nats, timeout=DEADLINE)

    async def inspect(self) -> StreamHead | None:
        """The stream's head; None where there is no stream."""
        self._guard_connected()
        try:
            info = await self._api.stream_info(self._subjects.stream)
        except NotFoundError:
            return None
        last = info.state.last_seq
        epoch = int((info.config.metadata or {}).get("epoch", "0"))
        return StreamHead(last, epoch, await self._hash_at(last) if info.state.messages else None)

    async def create(self, first_seq: int, epoch: int) -> None:
        """Empty, its first message will be `first_seq`. Raises BadRequestError if another one is there."""
        self._guard_connected()
        limits = self._limits
        await self._api.add_stream(
            StreamConfig(
                name=self._subjects.stream,
                subjects=[f"{self._subjects.events}.>"],
                storage=StorageType.FILE,
                retention=RetentionPolicy.LIMITS,
                discard=DiscardPolicy.OLD,
                max_age=limits.max_age,
                max_bytes=limits.max_bytes,
                num_replicas=limits.replicas,
                compression=StoreCompression.S2,
                deny_delete=True,
                allow_direct=True,
                duplicate_window=0.1,  # the smallest: the fence does that work
                first_seq=first_seq,
                metadata={"epoch": str(epoch)},
            )
        )

    async def delete(self) -> None:
        """Gone, with all its messages; nothing to do where there is none."""
        self._guard_connected()
        try:
            await self._api.delete_stream(self._subjects.stream)
        except NotFoundError:
            return

    async def _hash_at(self, sequence: int) -> str | None:
        try:
            message = await self._api.get_msg(self._subjects.stream, sequence)
        except NotFoundError:
            return None
        return (message.headers or {}).get("Es-Hash", "not ours")

    def _guard_connected(self) -> None:
        """A request to a server that is away would wait for its whole deadline."""
        if not self._nats.is_connected:
            raise ConnectionReconnectingError
