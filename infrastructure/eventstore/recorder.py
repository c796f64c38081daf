"""Verbatim's log under the `eventsourcing` library: its stock Application, recorder API and test suite run on it.

PERSISTENCE_MODULE=infrastructure.eventstore.recorder:VerbatimFactory, VERBATIM_TENANT=<number>, and the library's
POSTGRES_* variables. VERBATIM_SECRET opens sealed texts; without it they read as erased. See docs/library.md.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4
from weakref import WeakSet

import msgspec
import psycopg
from eventsourcing.persistence import (
    IntegrityError,
    ListenNotifySubscription,
    Mapper,
    OperationalError,
    PersistenceError,
    ProgrammingError,
    StoredEvent,
    Transcoder,
)
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore, PostgresFactory
from eventsourcing.utils import Environment, EnvType, strtobool
from psycopg.conninfo import make_conninfo

from application.log import Appended, Meta, VersionConflict
from domain.refusals import IdempotencyMismatch, Unavailable
from infrastructure.clock import now
from infrastructure.eventstore.hashing import event_hash
from infrastructure.eventstore.library_mapper import LibraryMapper, SealedStoredEvent
from infrastructure.eventstore.log_thread import LogThread, OpenLog
from infrastructure.eventstore.pending import SealedEvent, SealedSlice
from infrastructure.eventstore.rows import StoredRow
from infrastructure.postgres import SESSION
from infrastructure.settings import master_key

POLL = 0.25
"""Seconds after which a subscription looks again, for events that another process stored."""

_TOPIC = re.compile(r"[^\s.*>][^\s*>]{0,199}")
"""What may stand in a NATS subject, which is made of the topic's first part."""

Head = tuple[int, bytes]
"""(version, hash) of a stream's last event"""


class VerbatimRecorder(PostgresApplicationRecorder):
    """One tenant's log. Appends go through the group writer; everything is read from the view es.stored_events."""

    def __init__(self, datastore: PostgresDatastore, log: LogThread, tenant_id: int, *, foreign: bool) -> None:
        super().__init__(datastore, events_table_name="stored_events")
        self._log = log
        self._tenant_id = tenant_id
        self._foreign = foreign
        self._subscriptions: WeakSet[PollingSubscription] = WeakSet()

    def create_table(self) -> None:
        """Nothing: the migrations own the tables."""

    def insert_events(
        self,
        stored_events: Sequence[StoredEvent],
        *,
        command_id: UUID | None = None,
        **_: Any,
    ) -> Sequence[int]:
        """Positions of the events, in their order; all of them are stored or none is. Durable when it returns.

        The same `command_id` again stores nothing and answers the first positions. Raises IntegrityError,
        OperationalError (nothing certain: send the same command id again), ProgrammingError.
        """
        if not stored_events:
            return []
        streams = self._by_stream(stored_events)
        fingerprint = _fingerprint(stored_events)
        appended = self._earlier(command_id, fingerprint) if command_id is not None else None
        if appended is None:
            meta, heads = Meta(command_id or uuid4()), self._heads(streams)
            slices = [self._slice(events, heads, meta) for events in streams.values()]
            appended = self._append(meta.command_id, fingerprint, slices)
        order = [id(event) for events in streams.values() for event in events]
        places = dict(zip(order, range(appended.first_position, appended.last_position + 1), strict=True))
        self.wake()
        return [places[id(event)] for event in stored_events]

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> PollingSubscription:
        """Every event after position `gt`, for ever: at once if this process stored it, else within 0.25 s."""
        subscription = PollingSubscription(self, gt, topics)
        self._subscriptions.add(subscription)
        return subscription

    def wake(self) -> None:
        """There may be something new."""
        for subscription in list(self._subscriptions):
            subscription.wake()

    def _by_stream(self, stored_events: Sequence[StoredEvent]) -> dict[UUID, list[StoredEvent]]:
        streams: dict[UUID, list[StoredEvent]] = {}
        for event in stored_events:
            if not isinstance(event, SealedStoredEvent) and not self._foreign:
                raise ProgrammingError(f"{event.topic} is not an event of ours (VERBATIM_FOREIGN_EVENTS is off)")
            if not _TOPIC.fullmatch(event.topic):
                raise ProgrammingError(f"{event.topic!r} cannot be the topic of an event")
            streams.setdefault(UUID(str(event.originator_id)), []).append(event)
        for events in streams.values():
            first = events[0].originator_version
            if [event.originator_version for event in events] != list(range(first, first + len(events))):
                raise IntegrityError("the versions of one stream must follow each other")
        return streams

    def _earlier(self, command_id: UUID, fingerprint: bytes) -> Appended | None:
        with self.datastore.get_connection() as connection:
            found = connection.execute(
                "SELECT fingerprint, first_pos, last_pos, tpos FROM es.command "
                "WHERE tenant_id = %s AND command_id = %s",
                (self._tenant_id, command_id),
            ).fetchone()
        if found is None:
            return None
        if bytes(found["fingerprint"]) != fingerprint:
            raise IntegrityError("this command id was used for other events")
        return Appended(found["first_pos"], found["last_pos"], found["tpos"], replayed=True)

    def _heads(self, streams: dict[UUID, list[StoredEvent]]) -> dict[UUID, Head]:
        """Version and hash of the streams that are continued. Whether they still are so, the append decides."""
        continued = [stream_id for stream_id, events in streams.items() if events[0].originator_version > 1]
        if not continued:
            return {}
        with self.datastore.get_connection() as connection:
            rows = connection.execute(
                "SELECT stream_id, version, last_hash FROM es.stream WHERE stream_id = ANY(%s)", (continued,)
            )
            return {row["stream_id"]: (row["version"], bytes(row["last_hash"])) for row in rows}

    def _slice(self, events: list[StoredEvent], heads: dict[UUID, Head], meta: Meta) -> SealedSlice:
        stream_id, before = UUID(str(events[0].originator_id)), events[0].originator_version - 1
        version, head = heads.get(stream_id, (before if before < 1 else 0, b""))
        if version != before:
            raise IntegrityError(f"{stream_id} is at version {version}")
        sealed, about = list[SealedEvent](), msgspec.json.encode(meta)
        for event in events:
            at = event.at if isinstance(event, SealedStoredEvent) else now()
            place = (self._tenant_id, stream_id, event.originator_version)
            head = event_hash(head, *place, event.topic, at, event.state, about)
            sealed.append(SealedEvent(event.topic, at, event.state, about, head))
        return SealedSlice(stream_id, events[0].topic.partition(".")[0], before, tuple(sealed))

    def _append(self, command_id: UUID, fingerprint: bytes, slices: Sequence[SealedSlice]) -> Appended:
        async def append(log: OpenLog) -> Appended:
            return await log.writer.append(self._tenant_id, command_id, fingerprint, slices)

        try:
            return self._log.call(append)
        except VersionConflict as error:
            raise IntegrityError("somebody else was faster") from error
        except IdempotencyMismatch as error:
            raise IntegrityError(error.message) from error
        except (Unavailable, psycopg.OperationalError) as error:
            raise OperationalError(str(error)) from error
        except psycopg.Error as error:
            raise PersistenceError(str(error)) from error


class PollingSubscription(ListenNotifySubscription[VerbatimRecorder]):
    """Woken by commits of this process and by a timer. No LISTEN: NOTIFY serialises all commits of a server."""

    def __init__(self, recorder: VerbatimRecorder, gt: int | None = None, topics: Sequence[str] = ()) -> None:
        self._ending = threading.Event()
        super().__init__(recorder=recorder, gt=gt, topics=topics)
        self._timer = threading.Thread(target=self._tick, daemon=True)
        self._timer.start()

    def wake(self) -> None:
        self._has_been_notified.set()

    def stop(self) -> None:
        """Ends the iteration; stopping twice changes nothing."""
        self._ending.set()
        super().stop()

    def _tick(self) -> None:
        while not self._ending.wait(POLL):
            self.wake()


class VerbatimFactory(PostgresFactory):
    """What PERSISTENCE_MODULE names. Raises OSError where VERBATIM_TENANT or a POSTGRES_* variable is missing."""

    application_recorder_class = VerbatimRecorder

    def __init__(self, env: Environment | EnvType | None) -> None:
        super().__init__(env)
        self._tenant_id = _tenant(self.env)
        self._recorders: WeakSet[VerbatimRecorder] = WeakSet()
        self._log = LogThread(_url(self.datastore), _master_key(self.env), self._announce)
        options = SESSION.replace("statement_timeout=5s", "statement_timeout=60s")
        options += f" -c role=verbatim_api -c verbatim.tenant={self._tenant_id}"
        self.datastore.pool.kwargs = {**_arguments(self.datastore), "options": options}
        self.datastore.schema = "es"

    def mapper(self, transcoder: Transcoder | None = None, mapper_class: Any = None) -> Mapper[Any]:
        """Ours, whatever MAPPER_TOPIC, CIPHER_* and COMPRESSOR_TOPIC say."""
        return LibraryMapper(self._log, self._tenant_id, transcoder)

    def application_recorder(self) -> VerbatimRecorder:
        foreign = strtobool(self.env.get("VERBATIM_FOREIGN_EVENTS") or "no")
        recorder = VerbatimRecorder(self.datastore, self._log, self._tenant_id, foreign=foreign)
        self._recorders.add(recorder)
        return recorder

    def close(self) -> None:
        """Waits for what is under way."""
        if hasattr(self, "_log"):  # the library calls this also where __init__ had raised
            self._log.close()
        super().close()

    def _announce(self, _: Sequence[StoredRow]) -> None:
        for recorder in list(self._recorders):
            recorder.wake()


def _fingerprint(stored_events: Sequence[StoredEvent]) -> bytes:
    """Without the state: a sealed text never encrypts to the same bytes twice."""
    named = [(str(event.originator_id), event.originator_version, event.topic) for event in stored_events]
    return hashlib.sha256(msgspec.json.encode(named)).digest()


def _tenant(env: Environment) -> int:
    text = env.get("VERBATIM_TENANT") or ""
    if not text.isdecimal():
        raise OSError("VERBATIM_TENANT, a number, says whose log is opened")
    return int(text)


def _master_key(env: Environment) -> bytes | None:
    secret = env.get("VERBATIM_SECRET")
    return master_key(secret) if secret else None


def _arguments(datastore: PostgresDatastore) -> dict[str, Any]:
    given = datastore.pool.kwargs
    return dict(given) if isinstance(given, dict) else {}


def _url(datastore: PostgresDatastore) -> str:
    named = {name: value for name, value in _arguments(datastore).items() if name != "row_factory" and value != ""}
    if datastore.pool.get_password_func is not None:
        named["password"] = datastore.pool.get_password_func()
    return make_conninfo(**named)
