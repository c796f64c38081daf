"""AggregateCache: folded aggregates of this process, least recently used out first."""

from __future__ import annotations

from uuid import UUID

import msgspec

from domain.kernel import Aggregate


class Folded(msgspec.Struct, frozen=True):
    """An aggregate at its last stored version, the head hash of its stream, when it was loaded (monotonic s)."""

    aggregate: Aggregate
    head: bytes
    loaded_at: float


class AggregateCache:
    """A command takes an aggregate out while it decides, and puts it back once its events are durable.

    So nobody decides on what is not stored yet, and a failed command simply never puts it back. Streams are known
    by their numbers: a UUID's own hash is a call of Python code, and a command asks half a dozen times.
    """

    def __init__(self, size: int = 10_000) -> None:
        self._size = size
        self._folded: dict[tuple[int, int], Folded] = {}

    def take(self, tenant_id: int, stream_id: UUID) -> Folded | None:
        return self._folded.pop((tenant_id, stream_id.int), None)

    def peek(self, tenant_id: int, stream_id: UUID) -> Folded | None:
        """For reading only: the aggregate stays in the cache and must not be changed."""
        return self._folded.get((tenant_id, stream_id.int))

    def put(self, tenant_id: int, stream_id: UUID, folded: Folded) -> None:
        key = (tenant_id, stream_id.int)
        self._folded.pop(key, None)
        self._folded[key] = folded
        if len(self._folded) > self._size:
            del self._folded[next(iter(self._folded))]
