"""EventReader: pages in position order, without hole or double."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import psycopg

from application.log import Slice
from domain.contact import ContactErased
from domain.kernel import By, Cause
from infrastructure.eventstore.rows import decode_row, encode_row
from infrastructure.eventstore.store import EventStore
from tests.support.appends import NOON, Talk, append_of, plain


async def filled(store: EventStore) -> None:
    """Twelve events: odd positions tenant 7, even ones tenant 8."""
    for number in range(12):
        await store.append(append_of(7 + number % 2, plain(uuid4())))


async def test_pages_follow_each_other_without_hole_or_double(store: EventStore) -> None:
    await filled(store)
    positions: list[int] = []
    while page := await store.reader.page(positions[-1] if positions else 0, 5):
        assert len(page) <= 5
        positions += [one.position for one in page]
    assert positions == list(range(1, 13))
    assert await store.reader.head() == 12


async def test_a_tenants_page_counts_its_own_seqs(store: EventStore) -> None:
    await filled(store)
    page = await store.reader.tenant_page(8, 2, 3)
    assert [(one.seq, one.position, one.tenant_id) for one in page] == [(3, 6, 8), (4, 8, 8), (5, 10, 8)]


async def test_a_stream_is_read_after_a_version(store: EventStore) -> None:
    stream = uuid4()
    await filled(store)
    appended = await store.append(append_of(7, plain(stream, count=4)))
    await store.append(append_of(7, plain(stream, 4, appended.heads[0], count=2)))
    assert [one.version for one in await store.reader.stream(7, stream, 3)] == [4, 5, 6]
    assert await store.reader.stream(8, stream) == []
    assert await store.reader.stream(7, uuid4()) == []


async def test_between_shows_only_the_tenants_own(store: EventStore) -> None:
    await filled(store)
    assert [one.position for one in await store.reader.between(7, 2, 8)] == [3, 5, 7]


async def test_heads_of_tenants_come_in_one_answer(store: EventStore) -> None:
    assert await store.reader.tenant_heads([7, 9]) == {7: 0, 9: 0}
    assert (await store.reader.head(), await store.reader.epoch()) == (0, 1)
    await filled(store)
    assert await store.reader.tenant_heads([7, 8, 9]) == {7: 6, 8: 6, 9: 0}


async def test_the_epoch_is_the_last_one_that_was_accepted(store: EventStore, owner: psycopg.Connection) -> None:
    owner.execute("INSERT INTO es.epoch (epoch, why) VALUES (2, 'restored from a backup')")
    assert await store.reader.epoch() == 2


async def test_a_sealed_row_travels_over_a_wire_unchanged(store: EventStore) -> None:
    talk = Talk(store)
    await talk.start("Ann")
    row = (await store.reader.raw_page(0))[0]
    assert decode_row(encode_row(row)) == row
    assert (await store.mapper.open([decode_row(encode_row(row))])) == await store.reader.page(0)
    assert row.kind == "conversation"


async def test_what_a_reader_has_passed_never_gets_company(store: EventStore) -> None:
    """Order is commit order: while many write, a reader that follows the head misses nothing."""
    done = asyncio.Event()

    async def write() -> None:
        await asyncio.gather(*[store.append(append_of(number % 5, plain(uuid4()))) for number in range(400)])
        done.set()

    writing = asyncio.create_task(write())
    seen: list[int] = []
    while True:
        finished = done.is_set()
        page = await store.reader.raw_page(seen[-1] if seen else 0, 50)
        seen += [row.pos for row in page]
        if finished and not page:
            break
    await writing
    assert seen == list(range(1, 401))


async def test_reading_an_erasure_drops_the_key_at_once(store: EventStore) -> None:
    """Another process destroyed the key; the event that says so is enough, before the key's age is."""
    talk = Talk(store)
    await talk.start("Ann")
    await store.reader.page(0)
    assert store.keyring.find(7, talk.contact_id) is not None
    async with store.database.tenant(7) as connection:
        await connection.execute("DELETE FROM keys.subject WHERE subject_id = %s", (talk.contact_id,))
    await store.append(append_of(7, erasure_of(talk)))
    await store.reader.page(1)
    assert store.keyring.find(7, talk.contact_id) is None


def erasure_of(talk: Talk) -> Slice:
    """The erasure of this conversation's visitor, in their own stream."""
    erased = ContactErased(
        originator_id=talk.contact_id,
        originator_version=1,
        at=NOON,
        by=By("system"),
        cause=Cause("EraseContact"),
        reason="asked",
    )
    return Slice(talk.contact_id, "contact", 0, b"", (erased,))
