"""LibraryMapper: our events for the `eventsourcing` library's own, synchronous Application."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from eventsourcing.persistence import JSONTranscoder, Mapper, StoredEvent, Transcoder

from application.log import Append, Meta, Slice
from domain.catalog import EVENT_TYPES, UPCASTS
from domain.kernel import NOWHERE, Event
from infrastructure.eventstore.log_thread import LogThread
from infrastructure.eventstore.rows import StoredRow

_NO_COMMAND = Meta(NOWHERE)
_META = b'{"command_id":"00000000-0000-0000-0000-000000000000"}'
_UNKNOWN = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class SealedStoredEvent(StoredEvent):
    """A stored event of ours: its personal texts are ciphertext, and it knows when it happened."""

    at: datetime


class LibraryMapper(Mapper[UUID]):
    """Seals and opens under the keys of one tenant; events that are not ours go the library's own way."""

    def __init__(self, log: LogThread, tenant_id: int, transcoder: Transcoder | None = None) -> None:
        super().__init__(transcoder or JSONTranscoder())
        self._log = log
        self._tenant_id = tenant_id

    def to_stored_event(self, domain_event: Any) -> StoredEvent:
        """Raises ProgrammingError for a personal event where there is no secret to seal it with."""
        if not isinstance(domain_event, Event):
            return super().to_stored_event(domain_event)
        before = domain_event.originator_version - 1
        piece = Slice(domain_event.originator_id, "", before, b"", (domain_event,))
        append = Append(self._tenant_id, _NO_COMMAND, b"", (piece,))
        sealed = self._log.call(lambda log: log.mapper.seal(append))[0].events[0]
        place = (domain_event.originator_id, domain_event.originator_version)
        return SealedStoredEvent(*place, sealed.type, sealed.payload, sealed.at)

    def to_domain_event(self, stored_event: StoredEvent) -> Any:
        """Raises UnknownEventType, Tampered, msgspec.ValidationError."""
        if stored_event.topic not in EVENT_TYPES and stored_event.topic not in UPCASTS:
            return super().to_domain_event(stored_event)
        row = self._row(stored_event)
        return self._log.call(lambda log: log.mapper.open([row]))[0].event

    def _row(self, stored: StoredEvent) -> StoredRow:
        stream_id = stored.originator_id if isinstance(stored.originator_id, UUID) else UUID(stored.originator_id)
        place = (self._tenant_id, stream_id, stored.originator_version)
        return StoredRow(0, 0, *place, stored.topic, _UNKNOWN, stored.state, _META, b"")
