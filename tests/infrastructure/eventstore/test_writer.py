"""GroupWriter: what becomes of commands that wait at the same time, and of a database that goes away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from uuid import UUID, uuid4

import msgspec
import psycopg
import pytest

from application.log import VersionConflict
from domain.refusals import IdempotencyMismatch, Unavailable
from infrastructure.eventstore import writer as writer_module
from infrastructure.eventstore.pending import SealedSlice
from infrastructure.eventstore.rows import StoredRow
from infrastructure.eventstore.writer import GroupWriter
from tests.support.appends import sealed
from tests.support.lossy_door import lossy_door

TENANT = 7
PRINT = b"fingerprint"


class Writing:
    """A started writer, what it announced, and the shortest way to append."""

    def __init__(self, url: str) -> None:
        self.announced: list[StoredRow] = []
        self.writer = GroupWriter(url, self._announce)

    async def append(self, *slices: SealedSlice, command_id: UUID | None = None, fingerprint: bytes = PRINT):
        return await self.writer.append(TENANT, command_id or uuid4(), fingerprint, slices)

    def send(self, *slices: SealedSlice, command_id: UUID | None = None, fingerprint: bytes = PRINT):
        return asyncio.ensure_future(self.append(*slices, command_id=command_id, fingerprint=fingerprint))

    def _announce(self, rows: Sequence[StoredRow]) -> None:
        self.announced.extend(rows)


@pytest.fixture
async def writing(database_url: str) -> AsyncIterator[Writing]:
    opened = Writing(database_url)
    await opened.writer.start()
    yield opened
    await opened.writer.stop()


def count(owner: psycopg.Connection, table: str = "es.event") -> int:
    found = owner.execute(f"SELECT count(*) FROM {table}").fetchone()
    return found[0] if found else 0


def hold_the_log(owner: psycopg.Connection) -> None:
    owner.execute("SELECT pg_advisory_lock(7001)")


def release_the_log(owner: psycopg.Connection) -> None:
    owner.execute("SELECT pg_advisory_unlock(7001)")


async def until_somebody_waits(owner: psycopg.Connection) -> int:
    """The process id of the writer's session once it waits for the log."""
    while True:
        found = owner.execute(
            "SELECT l.pid FROM pg_locks l WHERE l.locktype = 'advisory' AND NOT l.granted AND l.objid = 7001 "
            "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        ).fetchone()
        if found is not None:
            return found[0]
        await asyncio.sleep(0.005)


async def test_a_stored_command_answers_where_it_stands_and_is_announced(writing: Writing) -> None:
    stream = uuid4()
    first = sealed(stream)
    one = await writing.append(first)
    two = await writing.append(sealed(stream, 1, first.events[0].hash))
    assert (one.first_position, one.seq, one.replayed) == (1, 1, False)
    assert (two.first_position, two.last_position, two.seq) == (2, 2, 2)
    assert [(row.pos, row.tpos, row.stream_id, row.version) for row in writing.announced] == [
        (1, 1, stream, 1),
        (2, 2, stream, 2),
    ]


async def test_commands_that_wait_together_become_one_transaction(
    writing: Writing, owner: psycopg.Connection
) -> None:
    hold_the_log(owner)
    before = writing.send(sealed(uuid4()))
    await until_somebody_waits(owner)
    together = [writing.send(sealed(uuid4())) for _ in range(40)]
    await asyncio.sleep(0)
    release_the_log(owner)
    await asyncio.gather(before, *together)
    assert count(owner, "es.batch") == 2
    assert [row.pos for row in writing.announced] == list(range(1, 42))


async def test_a_wrong_expected_version_stores_nothing(writing: Writing, owner: psycopg.Connection) -> None:
    stream = uuid4()
    await writing.append(sealed(stream))
    for before in (0, 2, 5):
        with pytest.raises(VersionConflict):
            await writing.append(sealed(stream, before))
    assert count(owner) == count(owner, "es.command") == 1


async def test_no_expected_version_fits_a_stream_of_another_tenant(writing: Writing) -> None:
    stream = uuid4()
    await writing.append(sealed(stream))
    for before in (-1, 0, 1):
        with pytest.raises(VersionConflict):
            await writing.writer.append(8, uuid4(), PRINT, [sealed(stream, before, tenant_id=8)])


async def test_the_same_command_again_answers_as_the_first_time(
    writing: Writing, owner: psycopg.Connection
) -> None:
    stream, command = uuid4(), uuid4()
    first = await writing.append(sealed(stream), command_id=command)
    await writing.append(sealed(uuid4()))
    again = await writing.append(sealed(stream), command_id=command)
    assert again.replayed
    assert (again.first_position, again.last_position, again.seq) == (first.first_position, 1, first.seq)
    assert count(owner) == 2


async def test_the_same_command_with_other_content_is_refused(writing: Writing, owner: psycopg.Connection) -> None:
    command = uuid4()
    await writing.append(sealed(uuid4()), command_id=command)
    with pytest.raises(IdempotencyMismatch):
        await writing.append(sealed(uuid4()), command_id=command, fingerprint=b"another")
    assert count(owner) == 1


async def test_the_same_command_under_way_twice_is_stored_once(
    writing: Writing, owner: psycopg.Connection
) -> None:
    stream, command = uuid4(), uuid4()
    answers = await asyncio.gather(*[writing.append(sealed(stream), command_id=command) for _ in range(10)])
    assert sorted(answer.replayed for answer in answers) == [False] + [True] * 9
    assert {answer.first_position for answer in answers} == {1}
    assert count(owner) == 1


async def test_a_command_under_way_refuses_its_id_for_other_content(writing: Writing) -> None:
    command = uuid4()
    first = writing.send(sealed(uuid4()), command_id=command)
    await asyncio.sleep(0)
    with pytest.raises(IdempotencyMismatch):
        await writing.append(sealed(uuid4()), command_id=command, fingerprint=b"another")
    assert (await first).first_position == 1


async def test_a_command_over_several_streams_is_stored_whole_or_not_at_all(
    writing: Writing, owner: psycopg.Connection
) -> None:
    taken, new, other = uuid4(), uuid4(), uuid4()
    await writing.append(sealed(taken))
    with pytest.raises(VersionConflict):
        await writing.append(sealed(new), sealed(taken), sealed(other))
    assert count(owner) == 1
    whole = await writing.append(sealed(new), sealed(other))
    assert (whole.first_position, whole.last_position, whole.seq) == (2, 3, 3)


async def test_a_command_that_the_database_refuses_ends_alone(writing: Writing, owner: psycopg.Connection) -> None:
    hold_the_log(owner)
    plug = writing.send(sealed(uuid4()))
    await until_somebody_waits(owner)
    bad_type = sealed(uuid4(), type="tenant.\0.1")
    bad_kind = msgspec.structs.replace(sealed(uuid4()), kind="\ud800")
    good = [sealed(uuid4()) for _ in range(7)]
    sent = [writing.send(piece) for piece in [*good[:2], bad_type, good[2], bad_kind, *good[3:]]]
    await asyncio.sleep(0)
    release_the_log(owner)
    answers = await asyncio.gather(plug, *sent, return_exceptions=True)
    failed = [type(answer) for answer in answers if isinstance(answer, Exception)]
    assert failed == [psycopg.errors.CharacterNotInRepertoire, UnicodeEncodeError]
    assert count(owner) == 8
    assert [row.pos for row in writing.announced] == list(range(1, 9))


async def test_a_stream_keeps_the_order_in_which_its_commands_came(writing: Writing) -> None:
    stream, head, sent = uuid4(), b"", []
    for before in range(60):
        piece = sealed(stream, before, head)
        head = piece.events[0].hash
        sent.append(writing.send(piece))
    answers = await asyncio.gather(*sent)
    assert [answer.first_position for answer in answers] == list(range(1, 61))


async def test_a_full_queue_refuses_at_once(
    writing: Writing, owner: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "QUEUE", 3)
    hold_the_log(owner)
    sent = [writing.send(sealed(uuid4()))]
    await until_somebody_waits(owner)
    sent += [writing.send(sealed(uuid4())) for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await writing.append(sealed(uuid4()))
    release_the_log(owner)
    await asyncio.gather(*sent)
    assert count(owner) == 4


async def test_a_log_that_stays_locked_refuses_after_two_seconds(
    writing: Writing, owner: psycopg.Connection
) -> None:
    hold_the_log(owner)
    with pytest.raises(Unavailable):
        await asyncio.wait_for(writing.append(sealed(uuid4())), 4)
    release_the_log(owner)
    assert count(owner) == 0
    assert (await writing.append(sealed(uuid4()))).first_position == 1


async def test_a_connection_killed_before_the_commit_is_made_anew(
    writing: Writing, owner: psycopg.Connection
) -> None:
    hold_the_log(owner)
    sent = writing.send(sealed(uuid4()))
    owner.execute("SELECT pg_terminate_backend(%s)", (await until_somebody_waits(owner),))
    await until_somebody_waits(owner)
    release_the_log(owner)
    answer = await sent
    assert (answer.first_position, answer.replayed) == (1, False)
    assert count(owner) == 1


async def test_who_gives_up_waiting_does_not_take_the_command_back(
    writing: Writing, owner: psycopg.Connection
) -> None:
    hold_the_log(owner)
    sent = writing.send(sealed(uuid4()))
    await until_somebody_waits(owner)
    sent.cancel()
    release_the_log(owner)
    assert (await writing.append(sealed(uuid4()))).first_position == 2


async def test_stopping_stores_what_waits_and_then_refuses(database_url: str, owner: psycopg.Connection) -> None:
    writing = Writing(database_url)
    await writing.writer.start()
    sent = [writing.send(sealed(uuid4())) for _ in range(20)]
    await asyncio.sleep(0)
    await writing.writer.stop()
    await asyncio.gather(*sent)
    assert count(owner) == 20
    with pytest.raises(Unavailable):
        await asyncio.wait_for(writing.append(sealed(uuid4())), 1)


async def test_an_answer_lost_after_the_commit_is_asked_for_again(
    database_url: str, owner: psycopg.Connection
) -> None:
    async with lossy_door(database_url) as door:
        writing = Writing(door.url)
        await writing.writer.start()
        await writing.append(sealed(uuid4()))
        door.loses_answers = True
        answer = await writing.append(sealed(uuid4()))
        await writing.writer.stop()
    assert door.lost == 1
    assert (answer.first_position, answer.replayed) == (2, True)
    assert count(owner) == 2
