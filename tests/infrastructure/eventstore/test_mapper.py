"""EventMapper: personal texts are sealed, old versions become new ones, what is unknown or tampered with stops."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import msgspec
import psycopg
import pytest

from domain.catalog import EVENT_TYPES, Upcast
from domain.conversation import ConversationStarted, MessagePosted
from domain.kernel import By, Cause, Event
from domain.personal import ERASED
from infrastructure.eventstore.mapper import EventMapper, UnknownEventType
from infrastructure.eventstore.rows import StoredRow
from infrastructure.eventstore.sealing import Tampered
from infrastructure.eventstore.store import EventStore
from tests.support.appends import NOON, Talk, append_of, plain

SECRET = "my card is 4711 äöü"


async def talked(store: EventStore) -> Talk:
    talk = Talk(store)
    await talk.start("Ann Author")
    await talk.post(SECRET)
    return talk


async def test_personal_texts_come_back_as_they_went_in(store: EventStore) -> None:
    talk = await talked(store)
    started, posted = (one.event for one in await store.reader.stream(7, talk.stream_id))
    assert isinstance(started, ConversationStarted)
    assert isinstance(posted, MessagePosted)
    assert (started.contact_name, started.contact_email) == ("Ann Author", None)
    assert (posted.text, posted.originator_id, posted.originator_version) == (SECRET, talk.stream_id, 2)


async def test_personal_texts_lie_in_no_column_of_the_log(store: EventStore, owner: psycopg.Connection) -> None:
    await talked(store)
    found = owner.execute("SELECT string_agg(e::text || encode(payload, 'escape'), '') FROM es.event e").fetchone()
    assert found is not None
    for secret in ("4711", "my card", "Ann", "Author"):
        assert secret not in found[0]


async def test_the_same_text_is_never_sealed_to_the_same_bytes(store: EventStore) -> None:
    talk = await talked(store)
    await talk.post(SECRET)
    _, one, two = await store.reader.raw_stream(7, talk.stream_id)
    assert text_of(one) != text_of(two)


async def test_after_the_key_is_destroyed_texts_read_erased_and_facts_remain(store: EventStore) -> None:
    talk = await talked(store)
    await store.keyring.destroy(7, talk.contact_id)
    started, posted = (one.event for one in await store.reader.stream(7, talk.stream_id))
    assert isinstance(started, ConversationStarted)
    assert isinstance(posted, MessagePosted)
    assert (started.contact_name, started.contact_id, started.contact_email) == (ERASED, talk.contact_id, None)
    assert posted.text is ERASED or posted.text == ERASED


async def test_a_new_key_after_erasure_opens_only_what_came_after_it(store: EventStore) -> None:
    talk = await talked(store)
    await store.keyring.destroy(7, talk.contact_id)
    await talk.post("after")
    texts = [getattr(one.event, "text", None) for one in await store.reader.stream(7, talk.stream_id)]
    assert texts == [None, ERASED, "after"]


async def test_a_sealed_text_that_was_changed_is_tampered(store: EventStore) -> None:
    talk = await talked(store)
    row = (await store.reader.raw_stream(7, talk.stream_id))[1]
    sealed = text_of(row)
    flipped = sealed[:-6] + ("AAAA" if sealed[-6:-2] != "AAAA" else "BBBB") + sealed[-2:]
    for changed in (flipped, sealed[:8] + "!" + sealed[9:]):
        payload = row.payload.replace(sealed.encode(), changed.encode())
        with pytest.raises(Tampered):
            await store.mapper.open([msgspec.structs.replace(row, payload=payload)])


@pytest.mark.parametrize("moved", [{"version": 3}, {"stream_id": uuid4()}])
async def test_a_sealed_text_that_was_moved_is_tampered(store: EventStore, moved: dict[str, Any]) -> None:
    talk = await talked(store)
    row = (await store.reader.raw_stream(7, talk.stream_id))[1]
    with pytest.raises(Tampered):
        await store.mapper.open([msgspec.structs.replace(row, **moved)])


async def test_a_sealed_text_in_another_tenants_log_cannot_be_read(store: EventStore) -> None:
    talk = await talked(store)
    row = (await store.reader.raw_stream(7, talk.stream_id))[1]
    opened = await store.mapper.open([msgspec.structs.replace(row, tenant_id=8)])
    assert getattr(opened[0].event, "text", None) == ERASED


async def test_a_type_that_this_release_does_not_know_stops_the_reader(store: EventStore) -> None:
    await store.append(append_of(7, plain(uuid4())))
    row = (await store.reader.raw_page(0))[0]
    with pytest.raises(UnknownEventType, match=r"tenant\.married\.1 at position 1"):
        await store.mapper.open([msgspec.structs.replace(row, type="tenant.married.1")])


class ParcelSent(Event, frozen=True, kw_only=True):
    """The third version of an event: its address was a text, then a list, and now says who it belongs to."""

    TYPE = "parcel.sent.3"

    lines: tuple[str | Any, ...]
    subject_id: UUID
    country: str


def _in_lines(facts: dict[str, Any]) -> dict[str, Any]:
    return {**facts, "lines": [facts.pop("address")]}


def _with_country(facts: dict[str, Any]) -> dict[str, Any]:
    return {"country": "unknown", **facts}


UPCASTS = {
    "parcel.sent.1": Upcast("parcel.sent.2", _in_lines, personal=("address",)),
    "parcel.sent.2": Upcast("parcel.sent.3", _with_country),
}


async def test_an_old_version_is_opened_and_brought_up_step_by_step(store: EventStore) -> None:
    subject = uuid4()
    await store.keyring.ensure([(7, subject)])
    mapper = EventMapper(store.keyring, {**EVENT_TYPES, ParcelSent.TYPE: ParcelSent}, UPCASTS)
    row = await old_parcel(store, subject)
    parcel = (await mapper.open([row]))[0].event
    assert parcel == ParcelSent(
        originator_id=row.stream_id,
        originator_version=5,
        at=NOON,
        by=By("system"),
        cause=Cause("SendParcel"),
        lines=("1 Elm Street",),
        subject_id=subject,
        country="unknown",
    )
    await store.keyring.destroy(7, subject)
    erased = (await mapper.open([row]))[0].event
    assert isinstance(erased, ParcelSent)
    assert erased.lines == ({"type": "erased"},)


async def old_parcel(store: EventStore, subject: UUID) -> StoredRow:
    """A row that an earlier release wrote."""
    stream = uuid4()
    key = store.keyring.find(7, subject)
    assert key is not None
    facts = {
        "at": NOON,
        "by": By("system"),
        "cause": Cause("SendParcel"),
        "subject_id": subject,
        "address": key.seal("1 Elm Street", f"7|{stream.hex}|5|address".encode()),
    }
    meta = msgspec.json.encode({"command_id": uuid4()})
    return StoredRow(9, 9, 7, stream, 5, "parcel.sent.1", NOON, msgspec.json.encode(facts), meta, b"")


def text_of(row: StoredRow) -> str:
    return msgspec.json.decode(row.payload)["text"]
