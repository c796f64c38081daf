"""A pipeline that is made anew when it breaks, with the work done again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import psycopg
import pytest

from infrastructure import standing
from infrastructure.pipeline import Pipeline, Step, rows_of
from infrastructure.postgres import connect
from infrastructure.standing import StandingPipeline

LOCK = 4712


class Standing(StandingPipeline):
    """It counts its connections; each can say its `backend`, once we let go of a lock, and divide by `zero`."""

    def __init__(self, url: str) -> None:
        super().__init__(self._made)
        self.url = url
        self.count = 0

    async def _made(self) -> Pipeline:
        connection = await connect(self.url)
        await connection.execute(
            f"PREPARE backend AS SELECT pg_backend_pid() FROM pg_advisory_xact_lock({LOCK})".encode()
        )
        await connection.execute("PREPARE zero AS SELECT 1 / (pg_backend_pid() - pg_backend_pid())")
        self.count += 1
        return Pipeline(connection)


@pytest.fixture
async def pipeline(database_url: str) -> AsyncGenerator[Standing]:
    made = Standing(database_url)
    yield made
    made.close()


async def backend(pipeline: Pipeline) -> int:
    (result,) = await pipeline.ask(Step(b"backend", ()))
    return rows_of(result)[0][0]


async def test_what_was_under_way_is_asked_again_on_one_new_connection(
    pipeline: Standing, owner: psycopg.Connection
) -> None:
    first = await pipeline.run(backend)
    owner.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
    asking = [asyncio.ensure_future(pipeline.run(backend)) for _ in range(2)]
    await asyncio.sleep(0)
    owner.execute("SELECT pg_terminate_backend(%s)", (first,))
    owner.execute("SELECT pg_advisory_unlock(%s)", (LOCK,))
    answers = await asyncio.gather(*asking)
    assert answers[0] == answers[1] != first
    assert pipeline.count == 2


async def test_a_refusal_is_not_asked_again(pipeline: Standing) -> None:
    asked: list[Pipeline] = []

    async def divide(one: Pipeline) -> None:
        asked.append(one)
        await one.ask(Step(b"zero", ()))

    with pytest.raises(psycopg.errors.DivisionByZero):
        await pipeline.run(divide)
    assert len(asked) == 1
    assert await pipeline.run(backend)
    assert pipeline.count == 1


async def test_a_database_that_is_not_there_is_waited_for_and_then_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standing, "PATIENCE", 0.5)
    nowhere = Standing("host=127.0.0.1 port=1 user=nobody dbname=none")
    with pytest.raises(psycopg.OperationalError):
        await nowhere.run(backend)
    with pytest.raises(psycopg.OperationalError):
        await nowhere.open()
