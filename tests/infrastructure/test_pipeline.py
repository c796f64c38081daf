"""A connection that is asked the next thing before it has answered the last."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import psycopg
import pytest

from infrastructure.pipeline import Pipeline, Step
from infrastructure.postgres import connect

LARGE = 4 * 2**20
"""Bytes: more than a socket takes at once."""


@pytest.fixture
async def pipeline(database_url: str) -> AsyncGenerator[Pipeline]:
    """It can say `length` (of a value), `backend` (its process), `wait` (for a lock of ours), `fail`."""
    connection = await connect(database_url)
    await connection.execute("PREPARE length (bytea) AS SELECT length($1)")
    await connection.execute("PREPARE backend AS SELECT pg_backend_pid()")
    await connection.execute("PREPARE wait AS SELECT 7 FROM pg_advisory_xact_lock(4711)")
    await connection.execute("PREPARE fail (bytea) AS SELECT 1 / length($1)")
    made = Pipeline(connection)
    yield made
    made.close()


async def number(pipeline: Pipeline, statement: bytes, *values: bytes) -> int:
    (result,) = await pipeline.ask(Step(statement, values))
    return int.from_bytes(result.get_value(0, 0) or b"")


async def asked(pipeline: Pipeline, statement: bytes, *values: bytes) -> asyncio.Task[int]:
    """Sent when this returns."""
    task = asyncio.ensure_future(number(pipeline, statement, *values))
    await asyncio.sleep(0)
    return task


async def test_answers_come_to_those_who_asked_for_them(pipeline: Pipeline) -> None:
    lengths = range(50)
    answers = await asyncio.gather(*[number(pipeline, b"length", b"x" * length) for length in lengths])
    assert answers == list(lengths)


async def test_the_next_question_is_there_before_the_answer(pipeline: Pipeline, owner: psycopg.Connection) -> None:
    owner.execute("SELECT pg_advisory_lock(4711)")
    first, second = await asked(pipeline, b"wait"), await asked(pipeline, b"length", b"four")
    assert not first.done()
    assert not second.done()
    owner.execute("SELECT pg_advisory_unlock(4711)")
    assert (await first, await second) == (7, 4)


async def test_a_refusal_is_told_to_one_alone(pipeline: Pipeline) -> None:
    bad, good = await asked(pipeline, b"fail", b""), await asked(pipeline, b"length", b"four")
    with pytest.raises(psycopg.errors.DivisionByZero):
        await bad
    assert await good == 4
    assert pipeline.is_open


async def test_what_the_socket_does_not_take_at_once_goes_later(pipeline: Pipeline) -> None:
    answers = await asyncio.gather(*[number(pipeline, b"length", b"x" * LARGE) for _ in range(3)])
    assert answers == [LARGE] * 3
    assert await number(pipeline, b"length", b"") == 0


async def test_who_waits_on_a_lost_connection_is_told(pipeline: Pipeline, owner: psycopg.Connection) -> None:
    backend = await number(pipeline, b"backend")
    owner.execute("SELECT pg_advisory_lock(4711)")
    waiting, behind = await asked(pipeline, b"wait"), await asked(pipeline, b"length", b"four")
    owner.execute("SELECT pg_terminate_backend(%s)", (backend,))
    for one in (waiting, behind):
        with pytest.raises(psycopg.OperationalError):
            await one
    assert not pipeline.is_open
    with pytest.raises(psycopg.OperationalError):
        await number(pipeline, b"backend")


async def test_a_connection_lost_at_rest_is_noticed(pipeline: Pipeline, owner: psycopg.Connection) -> None:
    backend = await number(pipeline, b"backend")
    owner.execute("SELECT pg_terminate_backend(%s)", (backend,))
    async with asyncio.timeout(10):
        while pipeline.is_open:
            await asyncio.sleep(0)


async def test_nobody_gets_the_answer_of_one_who_went_away(pipeline: Pipeline, owner: psycopg.Connection) -> None:
    owner.execute("SELECT pg_advisory_lock(4711)")
    gone, behind = await asked(pipeline, b"wait"), await asked(pipeline, b"length", b"four")
    gone.cancel()
    with pytest.raises(psycopg.OperationalError):
        await behind
    assert not pipeline.is_open
    assert gone.cancelled()


async def test_closing_twice_changes_nothing(pipeline: Pipeline) -> None:
    pipeline.close()
    pipeline.close()
    with pytest.raises(psycopg.OperationalError):
        await number(pipeline, b"backend")
