"""Turns: one at a time per stream, in order, and nobody waits for somebody who went away."""

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

import pytest

from application.turns import Turns

STREAM, OTHER = uuid4(), uuid4()


async def take(turns: Turns, stream_id: UUID, name: str, log: list[str], go: asyncio.Event) -> None:
    await turns.begin(stream_id)
    log.append(name)
    await go.wait()
    turns.end(stream_id)


async def test_one_stream_is_served_in_order_one_at_a_time() -> None:
    turns, log, gates = Turns(), list[str](), [asyncio.Event() for _ in range(3)]
    tasks = [asyncio.create_task(take(turns, STREAM, str(number), log, gates[number])) for number in range(3)]
    await asyncio.sleep(0)
    assert log == ["0"]
    for number, gate in enumerate(gates):
        gate.set()
        await tasks[number]
    assert log == ["0", "1", "2"]


async def test_another_stream_waits_for_nobody() -> None:
    turns = Turns()
    await turns.begin(STREAM)
    await asyncio.wait_for(turns.begin(OTHER), timeout=1)


@pytest.mark.parametrize("is_given", [False, True], ids=["while it waits", "in the moment it is given"])
async def test_who_is_cancelled_keeps_nobody_waiting(is_given: bool) -> None:
    turns, log, go = Turns(), list[str](), asyncio.Event()
    go.set()
    await turns.begin(STREAM)
    gone = asyncio.create_task(take(turns, STREAM, "gone", log, go))
    next_one = asyncio.create_task(take(turns, STREAM, "next", log, go))
    await asyncio.sleep(0)
    if is_given:
        turns.end(STREAM)
        gone.cancel()
    else:
        gone.cancel()
        turns.end(STREAM)
    await asyncio.wait_for(next_one, timeout=1)
    assert gone.cancelled()
    assert log == ["next"]


async def test_nothing_is_left_of_a_stream_that_nobody_wants() -> None:
    turns = Turns()
    await turns.begin(STREAM)
    turns.end(STREAM)
    with pytest.raises(KeyError):
        turns.end(STREAM)
