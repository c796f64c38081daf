"""VerbatimRecorder: the library's own recorder tests, unmodified, then what ours adds."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID, uuid4

import pytest
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import (
    InfrastructureFactory,
    IntegrityError,
    OperationalError,
    ProgrammingError,
    StoredEvent,
)
from eventsourcing.tests import persistence

from domain.conversation import Conversation, NoteAdded
from domain.kernel import By, Cause, Stamp
from domain.personal import ERASED
from infrastructure.eventstore.log_thread import LogThread
from infrastructure.eventstore.recorder import VerbatimFactory, VerbatimRecorder
from infrastructure.eventstore.sealing import Tampered
from infrastructure.eventstore.store import EventStore
from infrastructure.eventstore.verify import verify_log
from tests.support.appends import NOON, SECRET, Talk
from tests.support.library import environment


@contextmanager
def recorder_on(url: str, tenant_id: int = 0, **given: str) -> Iterator[VerbatimRecorder]:
    factory = InfrastructureFactory.construct(environment(url, tenant_id, **given))
    try:
        assert isinstance(factory, VerbatimFactory)
        yield factory.application_recorder()
    finally:
        factory.close()


class _OnVerbatim:
    """Gives the library's test cases a recorder on a fresh database."""

    @pytest.fixture(autouse=True)
    def _opened(self, database_url: str) -> Iterator[None]:
        with recorder_on(database_url, VERBATIM_FOREIGN_EVENTS="y") as recorder:
            self.recorder = recorder
            yield

    def create_recorder(self) -> VerbatimRecorder:
        return self.recorder


class TestLibraryApplicationRecorder(_OnVerbatim, persistence.ApplicationRecorderTestCase):
    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


class TestLibraryNonInterleavingNotificationIDs(_OnVerbatim, persistence.NonInterleavingNotificationIDsBaseCase):
    pass


def stored(
    stream_id: UUID, *versions: int, topic: str = "shop:Order.Placed", state: bytes = b"{}"
) -> list[StoredEvent]:
    return [StoredEvent(stream_id, version, topic, state) for version in versions]


@pytest.fixture
def recorder(database_url: str) -> Iterator[VerbatimRecorder]:
    with recorder_on(database_url, 7, VERBATIM_FOREIGN_EVENTS="y") as opened:
        yield opened


async def test_the_librarys_own_events_stand_in_the_chains_of_their_tenant(
    recorder: VerbatimRecorder, store: EventStore
) -> None:
    """Any topic, any bytes: numbered, hashed and verifiable like every other event."""
    order, other = uuid4(), uuid4()
    assert recorder.insert_events(stored(order, 1, 2)) == [1, 2]
    assert recorder.insert_events([*stored(order, 3), *stored(other, 1), *stored(order, 4)]) == [3, 5, 4]
    assert recorder.insert_events(stored(order, 5)) == [6]
    rows = await store.reader.raw_page(0)
    assert {row.tenant_id for row in rows} == {7}
    assert [row.tpos for row in rows] == [1, 2, 3, 4, 5, 6]
    assert (await verify_log(store.database)).is_sound


def test_the_same_command_id_again_stores_nothing(recorder: VerbatimRecorder) -> None:
    order, command = uuid4(), uuid4()
    recorder.insert_events(stored(order, 1))
    for _ in range(2):
        assert recorder.insert_events(stored(order, 2, 3), command_id=command) == [2, 3]
    with pytest.raises(IntegrityError):
        recorder.insert_events(stored(order, 4), command_id=command)
    assert recorder.max_notification_id() == 3


def test_versions_that_do_not_continue_the_stream_are_refused(recorder: VerbatimRecorder) -> None:
    order = uuid4()
    recorder.insert_events(stored(order, 1, 2))
    for versions in ([1], [2], [4], [3, 5], [3, 3]):
        with pytest.raises(IntegrityError):
            recorder.insert_events(stored(order, *versions))
    assert recorder.max_notification_id() == 2


@pytest.mark.parametrize("topic", ["", ".x", "a b", "a*", ">", "x" * 201])
def test_a_topic_that_no_subject_can_carry_is_refused(recorder: VerbatimRecorder, topic: str) -> None:
    with pytest.raises(ProgrammingError):
        recorder.insert_events(stored(uuid4(), 1, topic=topic))


def test_without_leave_only_our_own_sealed_events_are_stored(database_url: str) -> None:
    """An event that no release knows would stop every reader; one of ours, unsealed, would show its texts."""
    with recorder_on(database_url, 7) as recorder:
        for topic in ("shop:Order.Placed", "conversation.message_posted.1"):
            with pytest.raises(ProgrammingError):
                recorder.insert_events(stored(uuid4(), 1, topic=topic))


def test_one_tenant_is_open_at_a_time(database_url: str) -> None:
    order = uuid4()
    with recorder_on(database_url, 7, VERBATIM_FOREIGN_EVENTS="y") as recorder:
        recorder.insert_events(stored(order, 1))
    with recorder_on(database_url, 8, VERBATIM_FOREIGN_EVENTS="y") as recorder:
        assert recorder.select_events(order) == []
        assert recorder.select_notifications(None, 10) == []
        assert recorder.max_notification_id() is None
        with pytest.raises(IntegrityError):
            recorder.insert_events(stored(order, 2))


def test_whose_log_it_is_must_be_said(database_url: str) -> None:
    for wrong in ("", "seven"):
        with pytest.raises(OSError, match="VERBATIM_TENANT"):
            InfrastructureFactory.construct({**environment(database_url, 7), "VERBATIM_TENANT": wrong})


async def test_a_subscription_sees_what_other_processes_store(
    recorder: VerbatimRecorder, store: EventStore
) -> None:
    talk = Talk(store)
    await talk.start()
    with recorder.subscribe(gt=0, topics=["conversation.message_posted.1"]) as subscription:
        for number, text in enumerate(("one", "two", "three"), 2):
            await talk.post(text)
            assert (await asyncio.wait_for(asyncio.to_thread(next, subscription), 10)).id == number


def test_a_database_that_cannot_be_reached_is_an_operational_error(database_url: str) -> None:
    nowhere = environment(database_url, 7, POSTGRES_HOST="/nowhere", POSTGRES_CONNECT_TIMEOUT="1")
    factory = InfrastructureFactory.construct(nowhere)
    with pytest.raises(OperationalError):
        factory.application_recorder()
    log = LogThread("host=/nowhere", None, lambda rows: None)
    for _ in range(2):
        with pytest.raises(OperationalError):
            log.call(lambda opened: opened.mapper.open([]))
    for one in (log, factory):
        one.close()


def test_a_closed_factory_stores_nothing_more(database_url: str) -> None:
    with recorder_on(database_url, 7, VERBATIM_FOREIGN_EVENTS="y") as recorder:
        recorder.insert_events(stored(uuid4(), 1))
    with pytest.raises(Exception, match="closed"):
        recorder.insert_events(stored(uuid4(), 1))


async def test_the_stock_application_reads_and_writes_our_aggregates(database_url: str, store: EventStore) -> None:
    talk = await talked(store)

    def texts(secret: str) -> list[object]:
        with Application[UUID](environment(database_url, 7, VERBATIM_SECRET=secret)) as app:
            conversation: Conversation = app.repository.get(talk.stream_id)
            conversation.add_note(Stamp(By("system"), NOON, Cause("Test")), uuid4(), "A note")
            assert [one.notification.id for one in app.save(conversation)] == [3]
            return [getattr(event, "text", None) for event in app.events.get(talk.stream_id)]

    assert await asyncio.to_thread(texts, SECRET) == [None, "Hello", "A note"]
    note = (await store.reader.stream(7, talk.stream_id))[-1].event
    assert isinstance(note, NoteAdded)
    assert (note.text, note.at) == ("A note", NOON)
    assert (await verify_log(store.database)).is_sound


async def test_without_the_secret_texts_read_erased_and_none_is_written(
    database_url: str, store: EventStore
) -> None:
    talk = await talked(store)

    def read() -> None:
        with Application[UUID](environment(database_url, 7)) as app:
            assert [getattr(event, "text", None) for event in app.events.get(talk.stream_id)] == [None, ERASED]
            conversation: Conversation = app.repository.get(talk.stream_id)
            conversation.end(Stamp(By("system"), NOON, Cause("Test")))
            app.save(conversation)
            conversation.add_note(Stamp(By("system"), NOON, Cause("Test")), uuid4(), "A note")
            with pytest.raises(ProgrammingError, match="VERBATIM_SECRET"):
                app.save(conversation)

    await asyncio.to_thread(read)
    assert await store.head(7) == 3


async def test_another_secret_opens_nothing(database_url: str, store: EventStore) -> None:
    talk = await talked(store)

    def read() -> None:
        with Application[UUID](environment(database_url, 7, VERBATIM_SECRET="x" * 32)) as app:
            app.repository.get(talk.stream_id)

    with pytest.raises(Tampered):
        await asyncio.to_thread(read)


def test_the_librarys_own_aggregates_live_in_the_log_as_well(database_url: str) -> None:
    """With leave for foreign events the stock mapper does what it always does."""
    with Application[UUID](environment(database_url, 7, VERBATIM_FOREIGN_EVENTS="y")) as app:
        dog = Dog("Fido")
        dog.add_trick("roll over")
        app.save(dog)
        found: Dog = app.repository.get(dog.id)
        assert (found.name, found.tricks, found.version) == ("Fido", ["roll over"], 2)


class Dog(Aggregate):
    """The library's own tutorial."""

    @event("Registered")
    def __init__(self, name: str) -> None:
        self.name = name
        self.tricks: list[str] = []

    @event("TrickAdded")
    def add_trick(self, trick: str) -> None:
        self.tricks.append(trick)


async def talked(store: EventStore) -> Talk:
    talk = Talk(store)
    await talk.start("Ann")
    await talk.post("Hello")
    return talk
